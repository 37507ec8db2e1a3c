"""The committee of the campaign, which meets twice for want of a quorum, and the decisions after it."""

import deadlines
from candidates import CAMPAIGN
from committee import Committee, Session
from three_years import days

CHAIR, *MEMBERS = (f"member of the committee for {organisation}" for organisation in CAMPAIGN["committee"][:4])
CRAFTS = "member of the committee for the crafts"  # called for the theme arts only


def institute_the_committee(story):
    """Four permanent members, whose organisations are those of 2016, and one who is called for a theme."""
    story.committee = Committee(story.troupe)
    matter = story.add("committee", story.committee.matter, "instituer")
    story.committee.seat(CHAIR, "membre_de_droit", president=True)
    for who in MEMBERS:
        story.committee.seat(who)
    story.committee.seat(CRAFTS, "personnalite_qualifiee", themes=["arts"])
    story.members = [CHAIR, *MEMBERS, CRAFTS]
    story.note(matter, *["nommer" for _ in story.members])


def meet(story, transition, data=None, who="secretariat", then=()):
    """Someone moves the meeting on."""
    story.meeting.card = story.session.done(transition, data, who)
    story.note(story.meeting, transition, *then)


def convene(story):
    call_a_meeting(story, story.candidates)


def call_a_meeting(story, candidates):
    """Everybody has the convocation five days before, not later."""
    story.session = Session(story.committee, 5)
    story.meeting = story.add("session", story.session.matter, "preparer")
    meet(story, "inscrire", {"dossiers": [candidate.dossier.id for candidate in candidates]})
    meet(story, "convoquer")
    story.meeting.coming = [(story.today + days(5 - 2), "rappeler_reunion")]
    assert story.session.matter["sittings"][0]["deadline"]["last_day"] == str(story.today)


def sit_without_quorum(story):
    """Only the chair has come, of four or five: nothing can be deliberated."""
    pass_to_the_meeting(story)
    meet(story, "ouvrir", {"presences": story.committee.present(CHAIR)}, then=["constater_defaut"])
    assert story.session.matter["state"] == "sans_quorum"
    meet(story, "reconvoquer", {"jour": str(story.today + days(5))})
    story.meeting.coming = [(story.today + days(5 - 2), "rappeler_reunion")]
    texts = [story.troupe.ok(who, "labellisation.session.convocation", {"session": story.meeting.id})["text"]
             for who in story.members]
    assert all("Aucun quorum ne sera exigé" in text for text in texts)


def sit_again(story):
    """Two have come, one is there from afar, one has given a mandate; no quorum is asked for."""
    pass_to_the_meeting(story)
    first, second, third = MEMBERS
    meet(story, "ouvrir", {"presences": story.committee.present(CHAIR, first, **{
        second: ("remote", None), third: ("represented", CHAIR)})}, then=["constater_quorum"])
    conflict = story.session.point(story.with_(reviewing="lien")[0].dossier.card)["number"]
    meet(story, "declarer_interet", {"point": conflict, "lien": "projet_commun"}, who=first)
    against = story.session.point(story.with_(after="expiré")[0].dossier.card)["number"]
    for candidate in story.candidates:
        number = story.session.point(candidate.dossier.card)["number"]
        votes = vote(story, candidate, second if number == against else None)
        without = {story.committee.members[first]} if votes["point"] == conflict else set()
        assert votes["members"] == {story.committee.members[who] for who in (CHAIR, *MEMBERS)} - without
    meet(story, "exprimer_desaccord", {"point": against, "motifs": "Le besoin est établi."}, who=second)
    end_the_meeting(story, story.candidates)


def end_the_meeting(story, candidates):
    """Each opinion goes to its dossier, and the minutes are signed."""
    meet(story, "lever")
    meet(story, "signer_proces_verbal")
    path = f"/v1/sessions/{story.meeting.id}/minutes"
    assert story.troupe.ask(CHAIR, "GET", path).startswith(b"%PDF")
    for candidate in candidates:
        story.note(candidate.dossier, "recevoir_avis")
        story.refresh(candidate.dossier)


def hold_a_meeting(story, candidates):
    """One to which all have come."""
    call_a_meeting(story, candidates)
    pass_to_the_meeting(story)
    meet(story, "ouvrir", {"presences": story.committee.present(CHAIR, *MEMBERS)}, then=["constater_quorum"])
    for candidate in candidates:
        vote(story, candidate)
    end_the_meeting(story, candidates)


def pass_to_the_meeting(story):
    """It is five days later; the members were reminded two days before."""
    story.pass_to(story.today + days(5))
    story.session.show()


def vote(story, candidate, against=None):
    """Unanimously, save who is against; the item's number and who has voted."""
    number = story.session.point(candidate.dossier.card)["number"]
    votes = {who: "against" if who == against else "for" for who in (CHAIR, *MEMBERS)} if against else {}
    meet(story, "mettre_aux_voix", {"point": number, "proposition": candidate.opinion,
                                    "texte": f"Le comité rend un avis {candidate.opinion}.",
                                    **(story.session.votes(**votes) if votes else {})})
    item = story.session.point(candidate.dossier.card)
    assert item["opinion"] == candidate.opinion
    return {"point": number, "members": {vote["member"] for vote in item["ballots"][0]["votes"]}}


# Decisions


def empower(story):
    """Who signs for the minister and for the ISM, until when; another minister follows after two years."""
    change = story.last_day_of_the_minister = deadlines.add_months(story.today, 24)
    for who, capacity, first, last in (("minister", "ministre", story.today, change),
                                       ("next minister", "ministre", change + days(1), None),
                                       ("ism", "ism", story.today, None)):
        card = story.troupe.ok("secretariat", "labellisation.authority.create", {
            "capacity": capacity, "person": story.troupe.persons[who], "name": f"Signataire : {who}",
            "function": f"Fonction : {who}",
            "act": "Décret de nomination (démonstration)", "from": str(first),
            **({"until": str(last)} if last else {})})
        authority = story.add("authority", card, "constater", person=who)
        authority.coming = [(last + days(1), "constater_fin")] if last else []


def minister(story):
    """Who signs for the minister today."""
    return "minister" if story.today <= story.last_day_of_the_minister else "next minister"


def decide(story):
    """All on one day, the last but one before silence would have decided the first of them: first the
    minister signs what the committee was for, then the ISM; what remains is decided one by one."""
    story.decided = story.today
    for who, capacity in ((minister(story), "ministre"), ("ism", "ism")):
        sign_what_was_approved(story, who, capacity)
    for candidate in story.candidates:
        candidate.dossier.coming = []
        if candidate.decision == "refus":
            refuse(story, candidate)
        elif candidate.opinion == "defavorable":
            award_against_the_opinion(story, candidate)
        else:
            candidate.label = label_of(story, candidate, "delivrer")


def sign_what_was_approved(story, who, capacity):
    """In one go, by a list."""
    approved = [c for c in story.with_(decision="label") if c.opinion != "defavorable"]
    answer = story.troupe.ask(who, "POST", "/v1/decisions", {
        "batch": f"signature : {capacity}", "items": [
            {"dossier": candidate.dossier.id, "transition": "signer", "data": {"capacite": capacity}}
            for candidate in approved]})
    assert (answer["done"], answer["refused"]) == (len(approved), 0), answer
    for candidate in approved:
        story.note(candidate.dossier, "signer", *(["accorder"] if capacity == "ism" else []))
        story.refresh(candidate.dossier)


def award_against_the_opinion(story, candidate):
    """Only with reasons, which the decision states."""
    motive = "Le besoin des entreprises du territoire est établi."
    story.act("instructing service", candidate.dossier, "proposer_accord", {"motifs": motive})
    candidate.label = sign(story, candidate, "delivrer")
    decision = story.troupe.ask(candidate.who, "GET", f"/v1/dossiers/{candidate.dossier.id}/decision")
    assert decision["departs"] and motive in decision["text"]


def sign(story, candidate, created):
    """Both sign; with the second signature there is a label."""
    story.act(minister(story), candidate.dossier, "signer", {"capacite": "ministre"})
    story.act("ism", candidate.dossier, "signer", {"capacite": "ism"}, then=["accorder"])
    return label_of(story, candidate, created)


def label_of(story, candidate, created):
    card = story.troupe.ask(None, "GET", f"/v1/labels/{candidate.dossier.card['label']}")
    return story.add("label", card, created, candidate=candidate.who)


def refuse(story, candidate):
    """With reasons in law and in fact, with those for which the opinion is not followed, and with the
    remedies and their last days."""
    reasons = {"motifs_droit": "Cahier des charges, critère « producteur de solutions ».",
               "motifs_fait": f"{candidate.title} : le programme ne répond pas aux besoins recensés."}
    if candidate.opinion != "defavorable":
        refused = story.troupe.move(minister(story), candidate.dossier.card, "refuser",
                                    {**reasons, "capacite": "ministre"})
        assert refused.status == 409 and "ecart" in refused.body["detail"], refused
        reasons["ecart"] = "Les ressources qui étaient annoncées n’ont pas été confirmées."
    story.act(minister(story), candidate.dossier, "refuser", {**reasons, "capacite": "ministre"})
    decision = story.troupe.ask(candidate.who, "GET", f"/v1/dossiers/{candidate.dossier.id}/decision")
    assert decision["departs"] == ("ecart" in reasons) and decision["opinion"]["opinion"] == candidate.opinion
    assert all(reason in decision["text"] for reason in reasons.values()), decision
    for remedy in decision["remedies"]:
        last = deadlines.last_day(remedy["rule"], str(story.today), candidate.departement)
        assert remedy["last_day"] == str(last), (candidate, remedy)
    assert {remedy["rule"] for remedy in decision["remedies"]} == {"recours-administratif", "recours-contentieux"}

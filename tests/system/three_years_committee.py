"""The committee of the campaign, which meets twice for want of a quorum, and the decisions after it."""

from candidates import CAMPAIGN
from committee import Committee, Session
from three_years import days

CHAIR, *MEMBERS = (f"member of the committee for {organisation}" for organisation in CAMPAIGN["committee"][:4])
CRAFTS = "member of the committee for the crafts"  # called for the theme arts only


def institute_the_committee(story):
    """Four permanent members, whose organisations are those of 2016, and one who is called for a theme."""
    story.committee = Committee(story.troupe)
    story.committee.seat(CHAIR, "membre_de_droit", president=True)
    for who in MEMBERS:
        story.committee.seat(who)
    story.committee.seat(CRAFTS, "personnalite_qualifiee", themes=["arts"])
    story.members = [CHAIR, *MEMBERS, CRAFTS]


def meet(story, transition, data=None, who="secretariat", then=()):
    """Someone moves the meeting on."""
    story.meeting.card = story.session.done(transition, data, who)
    story.note(story.meeting, transition, *then)


def convene(story):
    """Everybody has the convocation five days before, not later."""
    story.session = Session(story.committee, 5)
    story.meeting = story.add("session", story.session.matter, "preparer")
    meet(story, "inscrire", {"dossiers": [candidate.dossier.id for candidate in story.candidates]})
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
    point = story.session.point(story.with_(reviewing="lien")[0].dossier.card)
    meet(story, "declarer_interet", {"point": point["number"], "lien": "projet_commun"}, who=first)
    interested = {"point": point["number"], "member": story.committee.members[first]}
    for candidate in story.candidates:
        vote(story, candidate, interested)
    against = story.session.point(story.with_(after="expiré")[0].dossier.card)["number"]
    meet(story, "exprimer_desaccord", {"point": against, "motifs": "Le besoin est établi."}, who=second)
    meet(story, "lever")
    for candidate in story.candidates:
        story.note(candidate.dossier, "recevoir_avis")
        story.refresh(candidate.dossier)


def pass_to_the_meeting(story):
    """It is five days later; the members were reminded two days before."""
    story.pass_to(story.today + days(5))
    story.session.show()


def vote(story, candidate, interested):
    """Who has an interest in an item has no vote on it."""
    number = story.session.point(candidate.dossier.card)["number"]
    meet(story, "mettre_aux_voix", {"point": number, "proposition": candidate.opinion,
                                    "texte": f"Le comité rend un avis {candidate.opinion}."})
    item = story.session.point(candidate.dossier.card)
    assert item["opinion"] == candidate.opinion
    voted = interested["member"] in [vote["member"] for vote in item["ballots"][0]["votes"]]
    assert voted == (number != interested["point"]), item


# Decisions


def decide(story):
    for candidate in story.candidates:
        candidate.decided = story.today
        (award if candidate.decision == "label" else refuse)(story, candidate)
        candidate.dossier.coming = []


def award(story, candidate):
    """Both sign; against an unfavourable opinion only with reasons."""
    if candidate.opinion == "defavorable":
        story.act("instructing service", candidate.dossier, "proposer_accord",
                  {"motifs": "Le besoin des entreprises du territoire est établi."})
    story.act("minister", candidate.dossier, "signer", {"capacite": "ministre"})
    story.act("ism", candidate.dossier, "signer", {"capacite": "ism"}, then=["accorder"])
    card = story.troupe.ask(None, "GET", f"/v1/labels/{candidate.dossier.card['label']}")
    candidate.label = story.add("label", card, "delivrer", candidate=candidate.who)


def refuse(story, candidate):
    story.act("minister", candidate.dossier, "refuser", {
        "motifs_droit": "Cahier des charges, critère « producteur de solutions ».",
        "motifs_fait": f"{candidate.title} : le programme ne répond pas aux besoins recensés."})

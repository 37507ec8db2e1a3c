"""What becomes of the decisions: a remedy, a withdrawal, a suspension, mid-term reports, renewals, an expiry."""

import deadlines
from three_years import days
from three_years_committee import hold_a_meeting, minister, sign
from three_years_filing import file_one, take_on
from three_years_reviews import ask_two, report, seize

MONTHS_IN_FRENCH = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
REASONS = {"motifs_droit": "Cahier des charges du label, engagements du pôle.",
           "motifs_fait": "Constat du secrétariat, dont le pôle a eu connaissance."}
MONTHS = (12, 9, 6)


def after_award(story, months):
    """So many months after the awards, which were all made on one day."""
    return deadlines.add_months(story.decided, months)


def expect_the_life_of_labels(story):
    """What the clock will ask of each, up to its end."""
    for candidate in story.with_(decision="label"):
        end = after_award(story, 36)
        assert candidate.label.card["from"] == str(story.decided) and candidate.label.card["until"] == str(end)
        candidate.label.coming = [(after_award(story, 18), "demander_bilan"), (end, "constater_terme")]
        candidate.label.coming += [(deadlines.add_months(end, -m), f"renouvellement_{m}") for m in MONTHS]


# A remedy


def contest(story):
    """One who was refused asks the author of the decision to think again, five weeks later."""
    candidate = story.with_(after="recours")[0]
    story.pass_to(story.decided + days(35))
    expect_days_of_remedies(story, candidate)
    today = str(story.today)
    card = story.troupe.ask(candidate.who, "POST", "/v1/remedies", {
        "dossier": candidate.dossier.id, "transition": "former_gracieux",
        "data": {"envoye_le": today, "recu_le": today, "notifie_le": str(story.decided),
                 "motifs": "Les besoins du territoire ont été mal appréciés."}}, status=201)
    candidate.remedy = story.add("remedy", card, "former_gracieux", candidate=candidate.who)
    story.note(candidate.remedy, "enregistrer")
    last = deadlines.last_day("recours-administratif", str(story.decided), candidate.departement)
    assert (card["last_day"], card["late"]) == (str(last), False)
    silent = deadlines.add_months(story.today, 2) + days(1)
    candidate.remedy.coming = [(silent - days(15), "alerter_silence"), (silent, "rejeter_implicitement")]
    candidate.appeal = {"sent": today, "received": today}
    expect_letter(story, candidate, candidate.remedy, silent - days(1))


def reject_the_remedy(story):
    """With reasons, before silence does; the time for the court begins anew."""
    candidate = story.with_(after="recours")[0]
    story.pass_to(story.decided + days(55))
    story.act(minister(story), candidate.remedy, "rejeter", REASONS)
    candidate.remedy.coming = []
    candidate.appeal["rejected"] = str(story.today)
    expect_days_of_remedies(story, candidate, [candidate.appeal])
    expect_letter(story, candidate, candidate.remedy, last_day_for_the_court(story, candidate), *REASONS.values())
    assert story.troupe.get(candidate.dossier.card)["state"] == "refuse"


def expect_days_of_remedies(story, candidate, appeals=()):
    """Until when the refusal may be contested, each way, as the candidate is told."""
    shown = story.troupe.ok(candidate.who, "labellisation.remedy.deadline",
                            {"dossier": candidate.dossier.id, "notified": str(story.decided)})
    for item in shown["items"]:
        more = {"appeals": appeals} if item["rule"] == "recours-contentieux" else {}
        last = deadlines.last_day(item["rule"], str(story.decided), candidate.departement, **more)
        assert item["last_day"] == str(last), (candidate, item)


def last_day_for_the_court(story, candidate):
    """Of a decision that is notified today."""
    return deadlines.last_day("recours-contentieux", str(story.today), candidate.departement)


def expect_letter(story, candidate, matter, *words):
    """The letter of what has just happened says these words and days to the candidate."""
    texts = story.troupe.ok(candidate.who, f"labellisation.{matter.kind}.texts",
                            {matter.kind: matter.id, "number": len(matter.history)})["items"]
    letter, = [text["text"].replace("\u00a0", " ") for text in texts if text["name"] == "letter"]
    for word in words:
        assert (word if isinstance(word, str) else in_french(word)) in letter, (word, letter)


def in_french(day):
    return f"{'1er' if day.day == 1 else day.day} {MONTHS_IN_FRENCH[day.month - 1]} {day.year}"


# A withdrawal


def withdraw_a_label(story):
    """What was unlawful from the start is undone within four months, after the pôle was heard."""
    candidate = story.with_(after="retiré")[0]
    story.pass_to(story.decided + days(60))
    open_procedure(story, candidate, "retrait", "illegalite")
    story.pass_to(story.today + days(10))
    story.act(candidate.who, candidate.label, "presenter_observations", {"observations": "Nous étions de bonne foi."})
    story.pass_to(story.today + days(20))
    assert story.today < after_award(story, 4)
    story.act(minister(story), candidate.label, "retirer_label", {"fondement": "illegalite", **REASONS})
    expect_letter(story, candidate, candidate.label, last_day_for_the_court(story, candidate), *REASONS.values())
    candidate.label.coming = []


def open_procedure(story, candidate, measure, ground):
    """The grounds, and three weeks to answer."""
    until = story.today + days(21)
    story.act("secretariat", candidate.label, "ouvrir_procedure", {
        "mesure": measure, "fondement": ground, "griefs": "Le pôle n’a pas tenu ses engagements.",
        "delai": str(until)})
    expect_letter(story, candidate, candidate.label, until, candidate.label.card["number"])
    candidate.label.coming.append((until + days(1), "constater_fin_observations"))


# The middle of the term


def report_at_mid_term(story):
    """All are asked; all but two answer within a month."""
    story.pass_to(after_award(story, 18))
    due = deadlines.add_months(story.today, 2)
    for candidate in labels_in_force(story):
        candidate.label.coming += [(due - days(15), "rappeler_bilan"), (due + days(1), "signaler_retard_bilan")]
    story.pass_to(story.today + days(30))
    for candidate in labels_in_force(story):
        if candidate.after not in ("suspendu", "expiré"):
            hand_in(story, candidate)


def labels_in_force(story):
    return [c for c in story.with_(decision="label") if c.after != "retiré"]


def forget(matter, *transitions):
    """The clock will not do this any more."""
    matter.coming = [item for item in matter.coming if item[1] not in transitions]


def hand_in(story, candidate):
    story.act(candidate.who, candidate.label, "remettre_bilan", {"rapport": "Le programme est tenu aux deux tiers."})
    forget(candidate.label, "rappeler_bilan", "signaler_retard_bilan")
    story.act("secretariat", candidate.label, "apprecier_bilan", {
        "appreciation": "satisfaisant", "motifs": "Les objectifs sont en vue."})


def suspend_a_label(story):
    """One has not answered at all, nor does it when the grounds are put to it."""
    candidate = story.with_(after="suspendu")[0]
    story.troupe.add("publisher", ["pole"], pole=candidate.code)
    expect_publication(story, candidate, True)
    story.pass_to(after_award(story, 21))
    open_procedure(story, candidate, "suspension", "condition_non_remplie")
    story.pass_to(story.today + days(25))
    former = story.troupe.call("minister", "labellisation.label.transition", {
        "label": candidate.label.id, "transition": "suspendre", "version": candidate.label.card["version"],
        "data": REASONS})
    assert former.status == 403 and "authority" in former.body["detail"], former
    story.act(minister(story), candidate.label, "suspendre", REASONS)
    expect_letter(story, candidate, candidate.label, last_day_for_the_court(story, candidate), *REASONS.values())
    expect_standing(story, candidate, "suspended")
    expect_publication(story, candidate, False)
    story.pass_to(story.today + days(40))
    hand_in(story, candidate)
    story.act(minister(story), candidate.label, "lever_suspension", {"motifs": "Le bilan est venu."})
    expect_standing(story, candidate, "valid")
    expect_publication(story, candidate, True)


def expect_publication(story, candidate, allowed):
    """Whether a pôle may publish in its own name: only while its label is in force."""
    body = {"pole": candidate.code, "kind": "guide", "title": "Guide d’essai", "publish": True}
    statuses = (200,) if allowed else (403, 409)
    story.troupe.eventually(lambda: story.troupe.call("publisher", "diffusion.publication.create", body).status
                            in statuses, f"publishing should be {allowed}")


def expect_standing(story, candidate, standing):
    """What anyone learns who asks for a label's number."""
    number = candidate.label.card["number"]
    assert story.troupe.ask(None, "GET", f"/v1/certificates/{number}")["standing"] == standing, candidate


# Renewals


def open_renewals(story):
    """A year before the end every label has a dossier, which holds what the first one held."""
    story.pass_to(after_award(story, 24))
    for candidate in labels_in_force(story):
        renewal = candidate.label.card["renewal"]
        card = story.troupe.ok(candidate.who, "labellisation.dossier.get", {"dossier": renewal})
        candidate.renewal = story.add("dossier", card, "renouveler", candidate=candidate.who)
        section = story.troupe.ask(candidate.who, "GET", f"/v1/dossiers/{renewal}/sections/programme")
        assert section["text"] == f"{candidate.title} : programme."


def renew_one(story):
    """The first one files it early, and goes the whole way again: reviewers, committee, two signatures."""
    candidate = story.with_(after="renouvelé")[0]
    story.pass_to(after_award(story, 31))
    again = candidate.again()
    file_one(story, again)
    take_on(story, again)
    ask_two(story, again)
    story.pass_to(story.today + days(15))
    for review in again.reviews:
        report(story, again, review)
    seize(story, again)
    hold_a_meeting(story, [again])
    refused = story.troupe.move("minister", again.dossier.card, "signer", {"capacite": "ministre"})
    assert refused.status in (403, 409) and "ministre" in refused.body["detail"], refused  # no more
    candidate.next = sign(story, again, "succeder")
    again.dossier.coming = []
    story.note(candidate.label, "constater_fin_renouvellement")
    end = after_award(story, 36)
    assert (candidate.next.card["from"], candidate.next.card["state"]) == (str(end), "a_venir")
    candidate.next.coming = [(end, "prendre_effet")]


def file_renewals(story):
    """The others file theirs in the last weeks, but for one who has had enough."""
    story.pass_to(after_award(story, 35))
    for candidate in story.with_(after="redemandé") + story.with_(after="suspendu"):
        file_one(story, candidate.again())


def reach_the_end(story):
    """Three years are over: one label follows another, one has ended, the others wait for a decision."""
    for candidate in story.with_(after="renouvelé") + story.with_(after="expiré"):
        candidate.label.coming.append((after_award(story, 36), "expirer"))
    story.pass_to(after_award(story, 36) + days(1))

"""From the call to dossiers that are complete."""

import hashlib

import deadlines
from content import PDF
from three_years import days

SECTIONS = ("presentation", "besoins", "programme")
PIECES = ("statuts", "budget", "comptes")


def announce_the_call(story):
    """The instructing service prepares it, the secretariat announces it."""
    card = story.troupe.ok("instructing service", "labellisation.appel.create", {
        "title": "Appel à candidatures (démonstration)", "specification": {"name": "cahier-pia"},
        "opens": str(story.opens), "closes": str(story.closes), "validity": {"years": 3}})
    story.appel = story.add("appel", card, "preparer")
    story.act("secretariat", story.appel, "annoncer")
    story.appel.coming = [(story.opens, "ouvrir_depots"), (story.closes - days(14), "rappeler_cloture"),
                          (story.closes + days(1), "clore_depots")]


def open_drafts(story):
    """Each candidate opens its dossier before the call opens, writes it and attaches what it has; one is
    too eager."""
    for candidate in story.candidates:
        draft(story, candidate)
    eager = story.candidates[0]
    path = f"/v1/dossiers/{eager.dossier.id}/transitions"
    refused = story.troupe.ask(eager.who, "POST", path, {"transition": "deposer", "version": 1}, status=409)
    assert str(story.opens) in refused["detail"]


def draft(story, candidate):
    card = story.troupe.ask(candidate.who, "POST", "/v1/dossiers", {
        "structure": story.troupe.structures[candidate.who], "title": candidate.title, "appel": story.appel.id,
        "themes": candidate.themes, "sectors": candidate.sectors,
        "pole": {"code": candidate.code, "name": candidate.name, "departement": candidate.departement}}, status=201)
    candidate.dossier = story.add("dossier", card, "creer", candidate=candidate.who)
    for section in SECTIONS:
        story.troupe.ask(candidate.who, "PUT", f"/v1/dossiers/{card['id']}/sections/{section}",
                         {"version": 0, "text": f"{candidate.title} : {section}."})
    for piece in PIECES:
        if piece != "budget" or candidate.filing == "complet":
            attach(story, candidate, piece)


def attach(story, candidate, piece):
    root = f"/v1/dossiers/{candidate.dossier.id}/uploads"
    content = PDF + f"%% {candidate.title}, {piece}\n".encode()
    upload = story.troupe.ask(candidate.who, "POST", root,
                              {"piece": piece, "name": f"{piece}.pdf", "size": len(content)}, status=201)
    story.troupe.ask(candidate.who, "PUT", f"{root}/{upload['id']}?offset=0", content)
    story.troupe.ask(candidate.who, "POST", f"{root}/{upload['id']}/finish",
                     {"sha256": hashlib.sha256(content).hexdigest()})


def file_dossiers(story):
    """On the last three days, in no particular order; each gets its receipt at once."""
    order = list(story.candidates)
    story.chance.shuffle(order)
    for back, some in ((2, order[:10]), (1, order[10:20]), (0, order[20:])):
        story.pass_to(story.closes - days(back))
        for candidate in some:
            file_one(story, candidate)


def file_one(story, candidate):
    candidate.filed = story.today
    story.act(candidate.who, candidate.dossier, "deposer", then=["enregistrer"])
    check_receipt(story, candidate, story.expect_silence(candidate.dossier, story.today))


def check_receipt(story, candidate, silence):
    """Its days, those of the remedies as the place of the candidate makes them."""
    receipt = story.troupe.ask(candidate.who, "GET", f"/v1/dossiers/{candidate.dossier.id}/receipt")
    assert receipt["received_on"] == str(candidate.filed) and receipt["silence"]["on"] == str(silence)
    missing = [] if candidate.filing == "complet" else ["budget"]
    assert [piece["piece"] for piece in receipt["missing"]] == missing
    for remedy in receipt["remedies"]:
        last = deadlines.last_day(remedy["rule"], str(silence), candidate.departement)
        assert remedy["last_day"] == str(last), (candidate, remedy)


def examine_completeness(story):
    """The call has closed. The secretariat takes the complete dossiers on, and asks for what is missing."""
    story.pass_to(story.closes + days(1))
    for candidate in story.candidates:
        if candidate.filing == "complet":
            story.act("secretariat", candidate.dossier, "declarer_complet")
        else:
            ask_for_the_budget(story, candidate)


def ask_for_the_budget(story, candidate):
    until = story.today + days(12)
    candidate.asked = [{"requested": str(story.today), "until": str(until)}]
    story.act("secretariat", candidate.dossier, "declarer_incomplet", {
        "pieces": [{"piece": "budget", "why": "missing"}], "delai": str(until), "message": "Le budget manque."})
    candidate.dossier.coming = [(until + days(1 - 8), "rappeler_pieces"), (until + days(1), "constater_delai")]


def receive_the_budgets(story):
    """Most come on the last day but one; the time of silence goes on from there."""
    story.pass_to(story.closes + days(12))
    for candidate in story.with_(filing="complété"):
        attach(story, candidate, "budget")
        candidate.asked[0]["produced"] = str(story.today)
        story.act(candidate.who, candidate.dossier, "completer")
        take_on(story, candidate)


def do_without_a_budget(story):
    """One never comes. The dossier is taken as it is."""
    story.pass_to(story.closes + days(14))
    for candidate in story.with_(filing="forclos"):
        take_on(story, candidate)


def take_on(story, candidate):
    story.expect_silence(candidate.dossier, candidate.filed, candidate.asked)
    story.act("secretariat", candidate.dossier, "declarer_complet")

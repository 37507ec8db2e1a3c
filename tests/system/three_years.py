"""The acts of a three-year campaign, in order. Each does what the people concerned would do, and notes
what must have come of it: the days are counted here, by deadlines.py, never read from an answer."""

import dataclasses
import datetime as dt
import hashlib
import random

import campaign
import deadlines
from content import PDF

THEMES = ["habitat", "arts", "alimentation", "sante", "production", "numerique"]
REVIEWERS = [f"rapporteure {n}" for n in range(1, 9)]
SECTIONS = ("presentation", "besoins", "programme")
REPORT_TIMES = ((31 - 7, "rappeler_rapport"), (31, "signaler_retard"), (38, "rappeler_rapport"), (45, "constater_carence"))
PIECES = ("statuts", "budget", "comptes")


def days(count):
    return dt.timedelta(days=count)


@dataclasses.dataclass
class Review:
    """A review, and what its history must hold; `coming`: what the clock will make of it."""

    who: str
    card: dict
    history: list
    coming: list = dataclasses.field(default_factory=list)


def flush(matter, day):
    """What the clock must have made of it until a day is history; whether there was anything."""
    over = sorted(item for item in matter.coming if item[0] <= day)
    matter.history += [(name, due) for due, name in over]
    matter.coming = [item for item in matter.coming if item[0] > day]
    return bool(over)


class Story:
    """Where the campaign stands: the day, the call, the candidates with what must have happened."""

    def __init__(self, troupe, candidates, seed):
        self.troupe, self.candidates = troupe, candidates
        self.chance = random.Random(seed)
        self.opens = dt.date(2040, 1, 2) + days(self.chance.randrange(2500))
        self.closes = self.opens + days(21)
        self.today = self.opens - days(30)
        troupe.pass_to(self.today)

    def with_(self, **what):
        """The candidates of whom all this is so."""
        return [c for c in self.candidates if all(getattr(c, name) == value for name, value in what.items())]

    def pass_to(self, day):
        """Legal time moves on to a day; what the clock must have made of the dossiers by then is noted."""
        self.troupe.pass_to(day)
        self.today = day
        for candidate in self.candidates:
            if flush(candidate, day):
                self.refresh(candidate)
            for asked in candidate.reviews:
                if flush(asked, day):
                    asked.card = self.troupe.ok("secretariat", "labellisation.review.get",
                                                {"review": asked.card["id"]})

    def act(self, who, candidate, transition, data=None, then=()):
        """Someone moves a dossier; `then` is what must follow by itself."""
        body = {"transition": transition, "version": candidate.dossier["version"], **({"data": data} if data else {})}
        if who == candidate.who:
            path = f"/v1/dossiers/{candidate.dossier['id']}/transitions"
            candidate.dossier = self.troupe.ask(who, "POST", path, body)
        else:
            candidate.dossier = self.troupe.ok(who, "labellisation.dossier.transition",
                                               {"dossier": candidate.dossier["id"], **body})
        candidate.history += [(name, self.today) for name in (transition, *then)]
        return candidate.dossier

    def refresh(self, candidate):
        candidate.dossier = self.troupe.get(candidate.dossier)

    def expect_silence(self, candidate):
        """Silence would decide at the end of a day; the alert comes fifteen days before that moment."""
        last = deadlines.last_day("silence-rejet", str(candidate.filed), completions=candidate.asked)
        assert candidate.dossier["deadline"]["last_day"] == str(last), candidate
        candidate.silence = last
        candidate.coming = [(last + days(1 - 15), "alerter_silence"), (last + days(1), "refuser_implicitement")]


# The call


def announce_the_call(story):
    """The instructing service prepares it, the secretariat announces it."""
    troupe = story.troupe
    appel = troupe.ok("instructing service", "labellisation.appel.create", {
        "title": "Appel à candidatures (démonstration)", "specification": {"name": "cahier-pia"},
        "opens": str(story.opens), "closes": str(story.closes), "validity": {"years": 3}})
    story.appel = troupe.ok("secretariat", "labellisation.appel.transition", {
        "appel": appel["id"], "transition": "annoncer", "version": appel["version"]})
    story.appel_history = [
        ("preparer", story.today), ("annoncer", story.today), ("ouvrir_depots", story.opens),
        ("rappeler_cloture", story.closes - days(14)), ("clore_depots", story.closes + days(1))]


def open_drafts(story):
    """Each candidate opens its dossier before the call opens, writes it and attaches what it has."""
    for candidate in story.candidates:
        draft(story, candidate)
    eager = story.candidates[0]
    path = f"/v1/dossiers/{eager.dossier['id']}/transitions"
    body = {"transition": "deposer", "version": eager.dossier["version"]}
    assert str(story.opens) in story.troupe.ask(eager.who, "POST", path, body, status=409)["detail"]


def draft(story, candidate):
    candidate.dossier = story.troupe.ask(candidate.who, "POST", "/v1/dossiers", {
        "structure": story.troupe.structures[candidate.who], "title": candidate.title, "appel": story.appel["id"],
        "themes": candidate.themes, "sectors": candidate.sectors,
        "pole": {"code": candidate.code, "name": candidate.name, "departement": candidate.departement}}, status=201)
    candidate.history.append(("creer", story.today))
    root = f"/v1/dossiers/{candidate.dossier['id']}"
    for section in SECTIONS:
        story.troupe.ask(candidate.who, "PUT", f"{root}/sections/{section}",
                         {"version": 0, "text": f"{candidate.title} : {section}."})
    for piece in PIECES:
        if piece != "budget" or candidate.filing == "complet":
            attach(story, candidate, piece)


def attach(story, candidate, piece):
    root = f"/v1/dossiers/{candidate.dossier['id']}/uploads"
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
    for back, some in enumerate((order[:10], order[10:20], order[20:])):
        story.pass_to(story.closes - days(2 - back))
        for candidate in some:
            candidate.filed = story.today
            story.act(candidate.who, candidate, "deposer", then=["enregistrer"])
            story.expect_silence(candidate)
            check_receipt(story, candidate)
    story.first_filed = story.closes - days(2)


def check_receipt(story, candidate):
    receipt = story.troupe.ask(candidate.who, "GET", f"/v1/dossiers/{candidate.dossier['id']}/receipt")
    assert receipt["received_on"] == str(candidate.filed) and receipt["silence"]["on"] == str(candidate.silence)
    assert [piece["piece"] for piece in receipt["missing"]] == (["budget"] if candidate.filing != "complet" else [])
    for remedy in receipt["remedies"]:
        last = deadlines.last_day(remedy["rule"], str(candidate.silence), candidate.departement)
        assert remedy["last_day"] == str(last), (candidate, remedy)


# Completeness


def examine_completeness(story):
    """The call has closed. The secretariat takes the complete dossiers on, and asks for what is missing."""
    story.pass_to(story.closes + days(1))
    for candidate in story.candidates:
        if candidate.filing == "complet":
            story.act("secretariat", candidate, "declarer_complet")
        else:
            ask_for_the_budget(story, candidate)


def ask_for_the_budget(story, candidate):
    until = story.today + days(12)
    candidate.asked = [{"requested": str(story.today), "until": str(until)}]
    story.act("secretariat", candidate, "declarer_incomplet", {
        "pieces": [{"piece": "budget", "why": "missing"}], "delai": str(until), "message": "Le budget manque."})
    candidate.coming = [(until + days(1 - 8), "rappeler_pieces"), (until + days(1), "constater_delai")]


def receive_the_budgets(story):
    """Most produce it on the last day but one; the time of silence goes on from there."""
    story.pass_to(story.closes + days(12))
    for candidate in story.with_(filing="complété"):
        attach(story, candidate, "budget")
        candidate.asked[0]["produced"] = str(story.today)
        story.act(candidate.who, candidate, "completer")
        resume(story, candidate)
    story.pass_to(story.closes + days(14))
    for candidate in story.with_(filing="forclos"):
        resume(story, candidate)


def resume(story, candidate):
    story.expect_silence(candidate)
    story.act("secretariat", candidate, "declarer_complet")
    ask_reviewers(story, candidate)


# Reviews


def propose_reviewers(story):
    """Eight reviewers who know every theme; two for each dossier, in turn."""
    for who in REVIEWERS:
        story.troupe.ok(who, "labellisation.reviewer.put", {
            "person": story.troupe.persons[who], "load_max": 100, "themes": THEMES})
    for candidate in story.with_(filing="complet"):
        ask_reviewers(story, candidate)


def ask_reviewers(story, candidate):
    """Two are asked; one of them may decline, or declare an interest, and another one is asked instead."""
    first = 2 * candidate.number
    candidate.reviews = []
    for n in (first, first + 1):
        propose(story, candidate, REVIEWERS[n % len(REVIEWERS)])
    if candidate.reviewing == "décline":
        review(story, candidate.reviews[0], "decliner", {"motif": "Pas disponible à ces dates."})
        meet_another(story, candidate)
    if candidate.reviewing == "lien":
        review(story, candidate.reviews[0], "declarer", {"lien": "projet_commun"}, then=["recuser"])
        meet_another(story, candidate)
    for pending in candidate.reviews:
        accept(story, pending)


def propose(story, candidate, who):
    card = story.troupe.ok("secretariat", "labellisation.review.create",
                           {"dossier": candidate.dossier["id"], "person": story.troupe.persons[who]})
    candidate.history.append(("engager_evaluation", story.today))
    candidate.reviews.append(Review(who, card, [("proposer", story.today)]))


def meet_another(story, candidate):
    """The service asks another reviewer by itself, who had nothing to do with the dossier yet."""
    cards = story.troupe.pages("secretariat", "labellisation.review.list", {"dossier": candidate.dossier["id"]})
    card, = [card for card in cards if card["id"] not in [known.card["id"] for known in candidate.reviews]]
    who, = [who for who in REVIEWERS if story.troupe.persons[who] == card["person"]]
    assert who not in [known.who for known in candidate.reviews]
    candidate.reviews.append(Review(who, card, [("designer", story.today)]))


def review(story, asked, transition, data=None, then=()):
    """The reviewer moves its review."""
    body = {"review": asked.card["id"], "transition": transition, "version": asked.card["version"]}
    asked.card = story.troupe.ok(asked.who, "labellisation.review.transition",
                                 {**body, **({"data": data} if data else {})})
    asked.history += [(name, story.today) for name in (transition, *then)]
    asked.coming = []


def accept(story, asked):
    """Interests first, then the reviewer accepts; the time for the report runs from then."""
    if asked.card["state"] != "proposee":
        return
    review(story, asked, "declarer", {"lien": "aucun"})
    review(story, asked, "accepter")
    asked.coming = [(story.today + days(count), name) for count, name in REPORT_TIMES]


def write_reports(story):
    """Most come within three weeks, the late ones after a reminder; one never does, and another is asked for it."""
    start = story.closes + days(1)
    story.pass_to(start + days(20))
    for candidate in story.candidates:
        for asked in list(candidate.reviews):
            if not (asked is candidate.reviews[-1] and candidate.reviewing in ("retard", "carence")):
                report(story, candidate, asked)
    story.pass_to(start + days(36))
    for candidate in story.with_(reviewing="retard"):
        report(story, candidate, candidate.reviews[-1])
    story.pass_to(start + days(45))
    for candidate in story.with_(reviewing="carence"):
        replace_who_never_wrote(story, candidate)


def report(story, candidate, asked):
    """As the reviewer finds it; where the two diverge, for and against, a third one is asked."""
    if asked.card["state"] != "acceptee":
        return
    opinion = candidate.opinion
    if candidate.reviewing == "divergence" and asked in candidate.reviews[:2]:
        opinion = "favorable" if asked is candidate.reviews[0] else "defavorable"
    score = {"favorable": 4, "reserve": 3, "defavorable": 1}[opinion] + story.chance.randrange(2)
    review(story, asked, "rendre", campaign.report(score, opinion, f"Rapport d’essai : {opinion}."))
    if candidate.reviewing == "divergence" and asked is candidate.reviews[1]:
        candidate.history.append(("signaler_divergence", story.today))
        meet_another(story, candidate)
        accept(story, candidate.reviews[-1])
        report(story, candidate, candidate.reviews[-1])


def replace_who_never_wrote(story, candidate):
    assert candidate.reviews[-1].card["state"] == "remplacee", candidate.reviews
    meet_another(story, candidate)
    accept(story, candidate.reviews[-1])
    report(story, candidate, candidate.reviews[-1])


# The committee


def seize_the_committee(story):
    """All reports are there."""
    for candidate in story.candidates:
        story.refresh(candidate)
        story.act("secretariat", candidate, "saisir_comite")
        for asked in candidate.reviews:
            if asked.card["state"] == "rendue":
                asked.history.append(("figer", story.today))


def give_opinions(story):
    story.pass_to(story.closes + days(57))
    for candidate in story.candidates:
        story.act("member 1", candidate, "rendre_avis",
                  {"avis": candidate.opinion, "texte": f"Le comité rend un avis {candidate.opinion}."})


# Decisions


def decide(story):
    story.pass_to(story.closes + days(58))
    for candidate in story.candidates:
        candidate.decided = story.today
        (award if candidate.decision == "label" else refuse)(story, candidate)
        candidate.coming = []


def award(story, candidate):
    """Both sign; against an unfavourable opinion only with reasons."""
    if candidate.opinion == "defavorable":
        story.act("instructing service", candidate, "proposer_accord",
                  {"motifs": "Le besoin des entreprises du territoire est établi."})
    story.act("minister", candidate, "signer", {"capacite": "ministre"})
    story.act("ism", candidate, "signer", {"capacite": "ism"}, then=["accorder"])


def refuse(story, candidate):
    story.act("minister", candidate, "refuser", {
        "motifs_droit": "Cahier des charges, critère « producteur de solutions ».",
        "motifs_fait": f"{candidate.title} : le programme ne répond pas aux besoins recensés."})

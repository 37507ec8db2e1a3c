"""Reviews: asked for, declined, late, never written, opposed; until the committee has them all."""

import campaign
from three_years import days

THEMES = ["habitat", "arts", "alimentation", "sante", "production", "numerique"]
REVIEWERS = [f"rapporteure {n}" for n in range(1, 9)]
REPORT_TIMES = ((24, "rappeler_rapport"), (31, "signaler_retard"), (38, "rappeler_rapport"),
                (45, "constater_carence"))


def say_what_reviewers_know(story):
    for who in REVIEWERS:
        story.troupe.ok(who, "labellisation.reviewer.put", {
            "person": story.troupe.persons[who], "load_max": 100, "themes": THEMES})


def ask_reviewers(story):
    """Two for each dossier that has been found complete, in turn. One may decline, or declare an interest:
    another one is asked at once. The others accept."""
    for candidate in story.candidates:
        if candidate.dossier.card["state"] == "instruction":
            ask_two(story, candidate)


def ask_two(story, candidate):
    propose(story, candidate)
    propose(story, candidate)
    first = candidate.reviews[0]
    if candidate.reviewing == "décline":
        story.act(first.person, first, "decliner", {"motif": "Pas disponible à ces dates."})
        meet_another(story, candidate)
    if candidate.reviewing == "lien":
        story.act(first.person, first, "declarer", {"lien": "projet_commun"}, then=["recuser"])
        meet_another(story, candidate)
    for review in candidate.reviews:
        accept(story, review)
    story.refresh(candidate.dossier)


def propose(story, candidate):
    """To the next one in turn."""
    who = REVIEWERS[(2 * candidate.number + len(candidate.reviews)) % len(REVIEWERS)]
    card = story.troupe.ok("secretariat", "labellisation.review.create",
                           {"dossier": candidate.dossier.id, "person": story.troupe.persons[who]})
    candidate.reviews.append(story.add("review", card, "proposer", person=who))
    story.note(candidate.dossier, "engager_evaluation")


def meet_another(story, candidate):
    """The service has asked one by itself, who had nothing to do with the dossier yet."""
    cards = story.troupe.pages("secretariat", "labellisation.review.list", {"dossier": candidate.dossier.id})
    card, = [card for card in cards if card["id"] not in [known.id for known in candidate.reviews]]
    who, = [who for who in REVIEWERS if story.troupe.persons[who] == card["person"]]
    assert who not in [known.person for known in candidate.reviews]
    candidate.reviews.append(story.add("review", card, "designer", person=who))


def accept(story, review):
    """Interests first, then the reviewer accepts; the time for the report runs from then."""
    if review.card["state"] != "proposee":
        return
    story.act(review.person, review, "declarer", {"lien": "aucun"})
    story.act(review.person, review, "accepter")
    review.coming = [(story.today + days(count), name) for count, name in REPORT_TIMES]


def write_reports(story):
    """Within three weeks; one of two may be late."""
    story.pass_to(story.closes + days(21))
    for candidate in story.candidates:
        for review in list(candidate.reviews):
            if review is not candidate.reviews[-1] or candidate.reviewing not in ("retard", "carence"):
                report(story, candidate, review)


def put_reports_to_candidates(story):
    """Where reports are hard on a candidate it may read them, without the names, and answer."""
    for candidate in story.with_(reviewing="réponse") + story.with_(reviewing="silence"):
        story.refresh(candidate.dossier)
        story.act("secretariat", candidate.dossier, "ouvrir_contradictoire", {"texte": "Les rapports sont joints."})
        for review in candidate.reviews:
            story.note(review, "communiquer")
        end = story.today + days(16)
        candidate.dossier.coming += [(end - days(3), "rappeler_reponse_contradictoire"),
                                     (end, "constater_delai_contradictoire")]
        for review in candidate.reviews:
            review.coming = [(end, "figer")]


def answer_reports(story):
    """One does, in time."""
    story.pass_to(story.closes + days(30))
    candidate, = story.with_(reviewing="réponse")
    path = f"/v1/dossiers/{candidate.dossier.id}/reviews"
    reports = story.troupe.ask(candidate.who, "GET", path)["items"]
    assert [set(report) & {"reviewer", "review"} for report in reports] == [set(), set()], reports
    assert all(report["text"] == "Rapport d’essai : defavorable." for report in reports)
    other, = story.with_(after="recours")
    assert story.troupe.ask(other.who, "GET", f"/v1/dossiers/{other.dossier.id}/reviews")["items"] == []
    story.act(candidate.who, candidate.dossier, "repondre", {"observations": "Notre programme a été complété."})
    story.act(candidate.who, candidate.dossier, "clore_contradictoire")
    candidate.dossier.coming = candidate.dossier.coming[:2]
    for review in candidate.reviews:
        review.coming = []
        story.note(review, "figer")


def write_late_reports(story):
    """After the reminder and the day on which they were due."""
    story.pass_to(story.closes + days(37))
    for candidate in story.with_(reviewing="retard"):
        report(story, candidate, candidate.reviews[-1])


def replace_who_never_wrote(story):
    """Six weeks have passed: the clock has relieved them, others were asked and write at once."""
    story.pass_to(story.closes + days(46))
    for candidate in story.with_(reviewing="carence"):
        assert candidate.reviews[-1].card["state"] == "remplacee", candidate.reviews
        hear_another(story, candidate)


def hear_another(story, candidate):
    meet_another(story, candidate)
    accept(story, candidate.reviews[-1])
    report(story, candidate, candidate.reviews[-1])


def report(story, candidate, review):
    """As the reviewer finds it; where the first two are opposed, a third one is asked."""
    if review.card["state"] != "acceptee":
        return
    opinion, opposed = candidate.opinion, candidate.reviewing == "divergence" and review in candidate.reviews[:2]
    if opposed:
        opinion = "favorable" if review is candidate.reviews[0] else "defavorable"
    score = {"favorable": 4, "reserve": 3, "defavorable": 1}[opinion] + story.chance.randrange(2)
    story.act(review.person, review, "rendre", campaign.report(score, opinion, f"Rapport d’essai : {opinion}."))
    review.coming = []
    if opposed and review is candidate.reviews[1]:
        story.note(candidate.dossier, "signaler_divergence")
        hear_another(story, candidate)


def seize_the_committee(story):
    for candidate in story.candidates:
        if candidate.reviewing not in ("réponse", "silence"):
            seize(story, candidate)


def seize(story, candidate):
    """All reports are there: they are frozen."""
    story.refresh(candidate.dossier)
    story.act("secretariat", candidate.dossier, "saisir_comite")
    for review in candidate.reviews:
        if review.card["state"] == "rendue":
            story.note(review, "figer")

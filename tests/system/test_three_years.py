"""A campaign of three years is lived through: 29 candidates, 16 labels, 13 refusals, and what becomes of them.

The plot is the table in candidates.py, the acts are in three_years.py; here it is played once, and then
looked at from every side."""

import os
import subprocess
import urllib.parse

import pytest

import deadlines
import three_years as act
import three_years_told as told
from candidates import CAMPAIGN, read_table
from gateway import whole_network
from labelling import NEEDED
from pia import BIN
from troupe import Troupe, local_day

pytestmark = pytest.mark.skipif(
    not all((BIN / f"pia-{name}").exists() for name in (*NEEDED, "notifications", "gateway")), reason="not built")
SEED = int(os.environ.get("PIA_SEED", "421"))
ACTS = [
    act.announce_the_call, act.open_drafts, act.file_dossiers, act.examine_completeness, act.propose_reviewers,
    act.receive_the_budgets, act.write_reports, act.seize_the_committee, act.give_opinions, act.decide,
]


@pytest.fixture(scope="module")
def story():
    with whole_network(registry=("--registry.demonstration", "true")) as network:
        candidates = read_table()
        story = act.Story(Troupe(network, candidates), candidates, SEED)
        for play in ACTS:
            play(story)
        yield story


def made(entries):
    """Transitions with the days on which they took effect."""
    return [(entry["transition"], local_day(entry["effective_at"])) for entry in entries]


def test_as_many_as_in_2016(story):
    dossiers = story.troupe.pages("secretariat", "labellisation.dossier.list", {"appel": story.appel["id"]})
    assert len(dossiers) == CAMPAIGN["candidates"] == 29
    assert [dossier["state"] for dossier in dossiers].count("accorde") == CAMPAIGN["labelled"] == 16
    assert [dossier["state"] for dossier in dossiers].count("refuse") == 13


def test_histories_are_what_happened(story):
    calls = story.troupe.pages("secretariat", "labellisation.appel.history", {"appel": story.appel["id"]})
    assert made(calls) == story.appel_history
    for candidate in story.candidates:
        assert made(story.troupe.history(candidate.dossier)) == candidate.history, candidate
        for review in candidate.reviews:
            entries = story.troupe.pages("secretariat", "labellisation.review.history", {"review": review.card["id"]})
            assert made(entries) == review.history, (candidate, review)


def test_sixteen_labels_with_numbers_and_certificates_that_verify(story):
    troupe = story.troupe
    labels = troupe.pages(None, "labellisation.label.list", {})
    awarded = story.with_(decision="label")
    assert sorted(label["pole"]["code"] for label in labels) == sorted(c.code for c in awarded)
    year = awarded[0].decided.year
    assert sorted(label["number"] for label in labels) == [f"PIA-{year}-{n:04}" for n in range(1, 17)]
    for candidate in awarded:
        label = troupe.ask(None, "GET", f"/v1/labels/{candidate.dossier['label']}")
        assert label["from"] == str(candidate.decided)
        assert label["until"] == str(deadlines.add_months(candidate.decided, 36))
        certificate = troupe.ask(None, "GET", f"/v1/certificates/{label['number']}")
        assert certificate["standing"] == "valid" and certificate["holder"] == candidate.structure
        assert [s["capacity"] for s in certificate["signatures"]] == ["ministre", "ism"]
        page = troupe.ask(None, "GET", f"/verification/{label['number']}").decode()
        assert "<strong>valide</strong>" in page and candidate.structure in page


def test_the_paper_leads_to_its_page(story, tmp_path):
    candidate = story.with_(after="renouvelé")[0]
    paper = tmp_path / "certificat.pdf"
    paper.write_bytes(story.troupe.ask(candidate.who, "GET", f"/v1/labels/{candidate.dossier['label']}/certificate"))
    run = lambda *command: subprocess.run(command, capture_output=True, check=True).stdout.decode()  # noqa: E731
    run("pdftoppm", "-r", "100", "-png", "-singlefile", paper, tmp_path / "certificat")
    url = run("zbarimg", "-q", "--raw", tmp_path / "certificat.png").strip()
    page = story.troupe.ask(None, "GET", urllib.parse.urlparse(url).path).decode()
    assert candidate.structure in page


def test_the_registry_shows_the_labels(story):
    for candidate in story.candidates:
        status = 200 if candidate.decision == "label" else 404
        pole = story.troupe.ask(None, "GET", f"/v1/poles/{candidate.code}", status=status)
        if status == 200:
            assert pole["state"] == "active" and pole["label"] == candidate.dossier["label"]
            assert pole["departement"] == candidate.departement and pole["demonstration"] is True
            assert pole["label_until"] == str(deadlines.add_months(candidate.decided, 36))


def test_the_log_is_sound(story):
    """Every entry of every history is in it, as it was written."""
    at, entries = 0, 0
    while at is not None:
        found = story.troupe.ok("admin", "labellisation.evidence.verify", {"from": at, "limit": 5000})
        assert found["valid"], found
        entries, at = entries + found["entries"], found.get("next")
    dossiers = sum(len(c.history) for c in story.candidates)
    reviews = sum(len(review.history) for c in story.candidates for review in c.reviews)
    assert entries == found["size"] >= dossiers + reviews


def test_each_refusal_gives_its_reasons(story):
    for candidate in story.with_(decision="refus"):
        texts = story.troupe.ok(candidate.who, "labellisation.dossier.texts", {
            "dossier": candidate.dossier["id"], "number": len(candidate.history)})["items"]
        reasons = {text["name"]: text["text"] for text in texts}
        assert "Cahier des charges" in reasons["motifs_droit"] and candidate.title in reasons["motifs_fait"]


def test_everybody_is_told_what_concerns_them_once(story):
    told.wait_until_told(story)
    names, must = told.step_names(story), told.expected(story)
    for who in story.troupe.persons:
        found = told.inbox(story, who, names)
        assert found == must[who], (who, "too much", found - must[who], "too little", must[who] - found)

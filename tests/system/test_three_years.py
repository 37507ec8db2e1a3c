"""A campaign of three years is lived through: 29 candidates, 16 labels, 13 refusals, and what becomes of them.

The plot is the table in candidates.py, the acts are in three_years_*.py; here it is played once, and then
looked at from every side."""

import os
import subprocess
import urllib.parse

import pytest

import deadlines
import three_years_committee as committee
import three_years_filing as filing
import three_years_reviews as reviews
import three_years_told as told
from candidates import CAMPAIGN, read_table
from gateway import whole_network
from labelling import NEEDED
from pia import BIN
from three_years import Story
from troupe import Troupe, local_day

pytestmark = pytest.mark.skipif(
    not all((BIN / f"pia-{name}").exists() for name in (*NEEDED, "notifications", "gateway")), reason="not built")
SEED = int(os.environ.get("PIA_SEED", "421"))
ACTS = [
    committee.institute_the_committee, reviews.say_what_reviewers_know,
    filing.announce_the_call, filing.open_drafts, filing.file_dossiers, filing.examine_completeness,
    reviews.ask_reviewers, filing.receive_the_budgets, reviews.ask_reviewers, filing.do_without_a_budget,
    reviews.ask_reviewers, reviews.write_reports, reviews.write_late_reports, reviews.replace_who_never_wrote,
    reviews.seize_the_committee, committee.convene, committee.sit_without_quorum, committee.sit_again,
    committee.decide,
]


@pytest.fixture(scope="module")
def story():
    with whole_network(registry=("--registry.demonstration", "true")) as network:
        candidates = read_table()
        story = Story(Troupe(network, candidates), candidates, SEED)
        for play in ACTS:
            play(story)
        yield story


def made(entries):
    """Transitions with the days on which they took effect."""
    return [(entry["transition"], local_day(entry["effective_at"])) for entry in entries]


def test_as_many_as_in_2016(story):
    dossiers = story.troupe.pages("secretariat", "labellisation.dossier.list", {"appel": story.appel.id})
    assert len(dossiers) == CAMPAIGN["candidates"] == 29
    assert [dossier["state"] for dossier in dossiers].count("accorde") == CAMPAIGN["labelled"] == 16
    assert [dossier["state"] for dossier in dossiers].count("refuse") == 13


def test_histories_are_what_happened(story):
    for matter in story.matters:
        entries = story.troupe.pages("secretariat", f"labellisation.{matter.kind}.history", {matter.kind: matter.id})
        assert made(entries) == matter.history, matter


def test_sixteen_labels_with_numbers_and_certificates_that_verify(story):
    troupe = story.troupe
    labels = troupe.pages(None, "labellisation.label.list", {})
    awarded = story.with_(decision="label")
    assert sorted(label["pole"]["code"] for label in labels) == sorted(c.code for c in awarded)
    year = awarded[0].decided.year
    assert sorted(label["number"] for label in labels) == [f"PIA-{year}-{n:04}" for n in range(1, 17)]
    for candidate in awarded:
        label = troupe.ask(None, "GET", f"/v1/labels/{candidate.label.id}")
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
    paper.write_bytes(story.troupe.ask(candidate.who, "GET", f"/v1/labels/{candidate.label.id}/certificate"))
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
            assert pole["state"] == "active" and pole["label"] == candidate.label.id
            assert pole["departement"] == candidate.departement and pole["demonstration"] is True
            assert pole["label_until"] == str(deadlines.add_months(candidate.decided, 36))


def test_the_log_is_sound(story):
    """Every entry of every history is in it, as it was written."""
    at, entries = 0, 0
    while at is not None:
        found = story.troupe.ok("admin", "labellisation.evidence.verify", {"from": at, "limit": 5000})
        assert found["valid"], found
        entries, at = entries + found["entries"], found.get("next")
    assert entries == found["size"] >= sum(len(matter.history) for matter in story.matters)


def test_each_refusal_gives_its_reasons(story):
    for candidate in story.with_(decision="refus"):
        texts = story.troupe.ok(candidate.who, "labellisation.dossier.texts", {
            "dossier": candidate.dossier.id, "number": len(candidate.dossier.history)})["items"]
        reasons = {text["name"]: text["text"] for text in texts}
        assert "Cahier des charges" in reasons["motifs_droit"] and candidate.title in reasons["motifs_fait"]


def test_everybody_is_told_what_concerns_them_once(story):
    told.wait_until_told(story)
    names, must = told.step_names(story), told.expected(story)
    for who in story.troupe.persons:
        found = told.inbox(story, who, names)
        assert found == must[who], (who, "too much", found - must[who], "too little", must[who] - found)

"""A campaign of three years is lived through: 29 candidates, 16 labels, 13 refusals, and what becomes of them.

The plot is the table in candidates.py, the acts are in three_years_*.py; here it is played once, and then
looked at from every side."""

import collections
import json
import os
import pathlib
import subprocess
import sys
import uuid

import pytest

import three_years_committee as committee
import three_years_filing as filing
import three_years_labels as labels
import three_years_reviews as reviews
import three_years_shown as shown
import three_years_told as told
from candidates import CAMPAIGN, read_table
from gateway import whole_network
from labelling import NEEDED, needs
from pia import ROOT
from three_years import Story
from troupe import Troupe, local_day

pytestmark = needs(*NEEDED, "notifications", "gateway")
SEED = int(os.environ.get("PIA_SEED", "421"))
ENGINES = ["sqlite", "postgresql"] if os.environ.get("PIA_NIGHTLY") else ["sqlite"]
CHECK = pathlib.Path(__file__).with_name("check_proof.py")
ACTS = [
    told.give_addresses,
    committee.institute_the_committee, committee.empower, reviews.say_what_reviewers_know,
    filing.announce_the_call, filing.open_drafts, filing.file_dossiers, filing.examine_completeness,
    reviews.ask_reviewers, filing.receive_the_budgets, reviews.ask_reviewers, filing.do_without_a_budget,
    reviews.ask_reviewers, reviews.write_reports, reviews.put_reports_to_candidates, reviews.answer_reports,
    reviews.write_late_reports, reviews.replace_who_never_wrote, reviews.seize_the_committee,
    committee.convene, committee.sit_without_quorum, committee.sit_again, committee.decide, shown.show_the_awards,
    labels.expect_the_life_of_labels, labels.contest, labels.reject_the_remedy, labels.withdraw_a_label,
    labels.report_at_mid_term, labels.suspend_a_label, labels.open_renewals, labels.renew_one,
    labels.file_renewals, labels.reach_the_end,
]


@pytest.fixture(scope="module", params=ENGINES)
def story(request):
    database = None
    if request.param == "postgresql":
        database = f"{request.getfixturevalue('postgres')}#years_{uuid.uuid4().hex[:8]}"
    with whole_network(registry=("--registry.demonstration", "true"), database=database) as network:
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


def test_each_refusal_gives_its_reasons(story):
    for candidate in story.with_(decision="refus"):
        texts = story.troupe.ok(candidate.who, "labellisation.dossier.texts", {
            "dossier": candidate.dossier.id, "number": len(candidate.dossier.history)})["items"]
        reasons = {text["name"]: text["text"] for text in texts}
        assert "Cahier des charges" in reasons["motifs_droit"] and candidate.title in reasons["motifs_fait"]


def test_anyone_sees_what_became_of_the_labels(story):
    shown.show_the_end(story)


def test_a_past_day_is_seen_as_the_law_sees_it(story):
    shown.show_the_past(story)


def test_the_paper_leads_to_its_page(story, tmp_path):
    shown.follow_the_paper(story, tmp_path)


def test_everybody_is_told_what_concerns_them_once(story):
    told.wait_until_told(story)
    names, must = told.step_names(story), told.expected(story)
    for who in story.troupe.persons:
        found = collections.Counter(told.read(item, names) for item in told.inbox(story, who))
        assert found == must[who], (who, "too much", found - must[who], "too little", must[who] - found)


def test_what_the_procedure_tells_has_a_message(story):
    """No step names people who are to be told without a rule of the plan that tells them."""
    machines = story.troupe.ok(None, "labellisation.process.get", {})["definition"]["machines"]
    plan = json.loads((ROOT / "services/notifications/plan/default.json").read_text())
    told_of = {rule["event"] for rule in plan["rules"]} | {"label.created"}  # as label.awarded
    steps = {f"{kind}.{'transitioned' if step['from'] else 'created'}" for kind, machine in machines.items()
             for step in machine["transitions"] if step.get("notify")}
    assert steps <= told_of, steps - told_of


def test_candidates_get_each_message_by_mail_once(story):
    told.wait_until_told(story)
    sent = told.mails_by_address(story)
    for candidate in story.candidates:
        titles = collections.Counter(told.plain(item["title"]) for item in told.inbox(story, candidate.who))
        assert sent.pop(told.address(candidate)) == titles, candidate
    assert not sent


def test_a_third_party_proves_the_histories(story, tmp_path):
    """Of a dossier and a label, as their candidate may show them to anyone."""
    key = story.troupe.ask(None, "GET", "/v1/evidence/head")["key"]
    candidate = story.with_(after="suspendu")[0]
    for matter in (candidate.dossier, candidate.label):
        path = tmp_path / "proof.json"
        path.write_text(json.dumps(story.troupe.ask(candidate.who, "GET", f"/v1/{matter.path}/{matter.id}/proof")))
        done = subprocess.run([sys.executable, "-I", CHECK, path, key], capture_output=True, text=True, check=False)
        assert f"{matter.id}: {len(matter.history)} entries" in done.stdout, done


def test_the_log_is_sound(story):
    """Every entry of every history is in it, as it was written, and no other."""
    at, entries = 0, 0
    while at is not None:
        found = story.troupe.ok("admin", "labellisation.evidence.verify", {"from": at, "limit": 5000})
        assert found["valid"], found
        entries, at = entries + found["entries"], found.get("next")
    assert entries == found["size"] == sum(len(matter.history) for matter in story.matters)

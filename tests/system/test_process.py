"""Procedures before and beside the default one: checked, compared, tried on past dossiers; another
one that runs without a line of C; the path of a prospect to its dossier."""

import json
import shutil

import pytest

from campaign import Campaign
from labelling import (DEMONSTRATION, await_state, campaign, pytestmark, refused, running,  # noqa: F401
                       start)
from pia import ROOT, Network

PROCESS = ROOT / "tests/process/bilan-mi-parcours.v1.json"
DEFAULT = ROOT / "services/labellisation/process/label-pia.v1.json"


@pytest.fixture(scope="module")
def two():
    """The default procedure and the one of tests/process."""
    with Network() as network:
        (network.data / "procedures").mkdir()
        shutil.copy(PROCESS, network.data / "procedures")
        start(network, "--labellisation.definitions", "procedures", registry=DEMONSTRATION)
        yield Campaign(network)


def open_review(campaign, days):
    return campaign.create("secretariat", process={"name": "bilan-mi-parcours"},
                           data={"echeance": campaign.day(days)})


def test_another_procedure_runs_without_a_line_of_c(two):
    dossier = open_review(two, 60)
    assert dossier["state"] == "attendu" and dossier["facts"]["echeance"] == two.day(60)
    refused(two.call("secretariat", "labellisation.dossier.create", {
        "structure": two.structure, "title": "Sans échéance", "themes": ["sante"],
        "pole": {"code": "sans-echeance", "name": "X"}, "process": {"name": "bilan-mi-parcours"}}),
        400, "/data/echeance")
    dossier = two.go("candidate", dossier, "remettre",
                     {"rapport": "Le pôle a accompagné des entreprises.", "entreprises": 120})
    dossier = two.go("instructing service", dossier, "apprecier",
                     {"appreciation": "moyen", "motifs": "La diffusion est à renforcer."})
    assert dossier["state"] == "a_corriger"
    assert two.go("instructing service", dossier, "valider_plan")["state"] == "satisfaisant"
    late = open_review(two, 30)
    two.advance(35)
    late = await_state(two, late, "insuffisant")
    assert [e["transition"] for e in two.history(late)] == ["ouvrir", "rappeler", "constater_absence"]


def run(campaign, *words, code=0):
    key = campaign.network.data / "secretariat.key"
    key.write_text(campaign.keys["secretariat"])
    done = campaign.network.pia(*words, "--key", key)
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout


def test_a_definition_is_checked_with_the_line_of_its_fault(two):
    shown = run(two, "process", "check", PROCESS)
    assert "bilan-mi-parcours version 1" in shown and "dossier" in shown
    wrong = two.network.data / "faux.json"
    lines = PROCESS.read_text(encoding="utf-8").split("\n")
    at = next(i for i, line in enumerate(lines) if '"to": "a_corriger"' in line)
    lines[at] = lines[at].replace("a_corriger", "nulle_part")
    wrong.write_text("\n".join(lines), encoding="utf-8")
    shown = run(two, "process", "check", wrong, code=1)
    assert f"faux.json:{at + 1}: /machines/dossier/transitions/5/to: " in shown
    report = json.loads(run(two, "process", "check", wrong, "--json", code=1))
    assert report["valid"] is False and report["line"] == at + 1
    wrong.write_text("{", encoding="utf-8")
    assert json.loads(run(two, "process", "check", wrong, "--json", code=1))["line"] == 1


def test_two_definitions_are_compared_by_name(two):
    other = two.network.data / "autre.json"
    definition = json.loads(DEFAULT.read_text(encoding="utf-8"))
    machine = definition["machines"]["dossier"]
    machine["transitions"] = [t for t in machine["transitions"] if t["name"] != "ajourner"]
    next(t for t in machine["transitions"] if t["name"] == "refuser")["roles"] = ["instructeur"]
    machine["transitions"].append({"name": "saluer", "label": "Saluer", "from": ["decision"],
                                   "roles": ["secretariat"]})
    other.write_text(json.dumps(definition), encoding="utf-8")
    changes = json.loads(run(two, "process", "diff", "label-pia.1", other, "--json"))
    assert {(c["change"], c["at"]) for c in changes} == {
        ("removed", "/machines/dossier/transitions/ajourner"),
        ("added", "/machines/dossier/transitions/saluer"),
        ("changed", "/machines/dossier/transitions/refuser/roles")}
    shown = run(two, "process", "diff", DEFAULT, other)
    assert '~ /machines/dossier/transitions/refuser/roles' in shown
    assert "- /machines/dossier/transitions/ajourner" in shown
    assert run(two, "process", "diff", "label-pia", DEFAULT) == ""


def test_a_definition_is_tried_on_past_dossiers(two):
    awarded = two.to_award()
    slow = two.go("candidate", two.create(), "deposer")
    two.advance(40)
    slow = two.go("secretariat", two.get(slow), "declarer_complet")
    trial = two.network.data / "essai.json"
    definition = json.loads(DEFAULT.read_text(encoding="utf-8"))
    trial.write_text(json.dumps(definition), encoding="utf-8")
    same = json.loads(run(two, "process", "simulate", trial, "--json"))
    assert same["items"] == [] and same["replayed"] >= 2
    silence = next(t for t in definition["machines"]["dossier"]["timers"] if t["name"] == "silence")
    silence["after"] = {"months": 1}
    trial.write_text(json.dumps(definition), encoding="utf-8")
    outcomes = json.loads(run(two, "process", "simulate", trial, "--json"))["items"]
    changed = {item["dossier"]: item for item in outcomes}
    assert awarded["id"] not in changed
    assert changed[slow["id"]]["simulated"] == "refuse_implicite"
    assert changed[slow["id"]]["recorded"] == "instruction"
    assert "refuser_implicitement" in changed[slow["id"]]["reason"]
    assert slow["id"] in run(two, "process", "simulate", trial)
    assert two.get(slow)["state"] == "instruction"  # nothing has changed
    refused(two.call("candidate", "labellisation.process.simulate", {"content": "{}"}), 403)


def test_a_prospect_is_accompanied_and_prefigured_before_it_writes(campaign):
    dossier = campaign.create("secretariat", transition="ouvrir_prospect")
    assert dossier["state"] == "prospect"
    dossier = campaign.go("secretariat", dossier, "noter_contact", {"resume": "La structure appelle."})
    dossier = campaign.go("secretariat", dossier, "accompagner", {
        "jour": campaign.day(0), "forme": "visite", "compte_rendu": "Visite de l'atelier."})
    dossier = campaign.go("secretariat", dossier, "prefigurer", {
        "objectifs": "Mesurer les besoins du territoire.", "fin": campaign.day(200)})
    for label, days in (("Enquête de besoins", 60), ("Plan de financement", 120)):
        dossier = campaign.go("secretariat", dossier, "fixer_jalon",
                              {"libelle": label, "echeance": campaign.day(days)})
    assert [(m["number"], m["label"]) for m in dossier["milestones"]] == [
        (1, "Enquête de besoins"), (2, "Plan de financement")]
    detail = refused(campaign.move("candidate", dossier, "ouvrir_dossier"), 409, "/transition")
    assert "2 milestones" in detail
    reached = {"jalon": 1, "constat": "L'enquête est publiée."}
    dossier = campaign.go("secretariat", dossier, "atteindre_jalon", reached)
    refused(campaign.move("secretariat", dossier, "atteindre_jalon", reached), 409, "/data/jalon")
    refused(campaign.move("secretariat", dossier, "atteindre_jalon", {**reached, "jalon": 9}), 409, "/data/jalon")
    dossier = campaign.go("secretariat", dossier, "atteindre_jalon", {**reached, "jalon": 2})
    shown = campaign.get(dossier, "candidate")["milestones"]
    assert all(m["reached_at"] for m in shown)
    assert "publiée" not in json.dumps(campaign.history(dossier), ensure_ascii=False)
    dossier = campaign.go("candidate", dossier, "ouvrir_dossier")
    assert dossier["state"] == "brouillon"
    other = campaign.create("secretariat", transition="ouvrir_prospect")
    assert [t["name"] for t in other["timers"]] == ["donnees_prospect"]

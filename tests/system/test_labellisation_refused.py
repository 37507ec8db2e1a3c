"""Labellisation by messages: what is refused, and who does not see what."""

import json
import pathlib
import uuid

import pytest

from campaign import REPORT
from labelling import campaign, pytestmark, refused, running  # noqa: F401

PUBLIC = {"labellisation.label.get", "labellisation.label.list", "labellisation.process.get",
          "labellisation.process.list", "labellisation.deadline.compute", "labellisation.deadline.rules",
          "labellisation.evidence.head", "labellisation.evidence.consistency",
          "labellisation.certificate.get", "labellisation.appel.get", "labellisation.appel.list",
          "labellisation.specification.get", "labellisation.specification.list"}


# What is refused


def test_wrong_state_role_version_and_data(campaign):
    dossier = campaign.create()
    refused(campaign.move("secretariat", dossier, "deposer"), 403)
    refused(campaign.move("minister", dossier, "signer", {"capacite": "ministre"}), 409)
    refused(campaign.move("secretariat", dossier, "fly_away"), 400, "/transition")
    old = dossier
    dossier = campaign.go("candidate", dossier, "deposer")
    detail = refused(campaign.move("candidate", old, "retirer"), 409, "/version")
    assert f"version is {dossier['version']}" in detail
    refused(campaign.move("secretariat", dossier, "abandonner"), 400, "/data/motifs")
    refused(campaign.move("secretariat", dossier, "abandonner", {"motifs": "x"}), 400, "/data/motifs")
    refused(campaign.move("secretariat", dossier, "abandonner", {"motifs": 7}), 400, "/data/motifs")
    refused(campaign.move("secretariat", dossier, "declarer_complet", {"note": 1}), 400, "/data/note")
    assert campaign.get(dossier)["version"] == dossier["version"]


def test_reviewers_are_checked(campaign):
    dossier = campaign.go("candidate", campaign.create(), "deposer")
    dossier = campaign.go("secretariat", dossier, "declarer_complet")
    campaign.to_review()  # from here on the service knows all the persons
    assign = lambda *who: campaign.move("secretariat", dossier, "affecter", campaign.reviewers(*who))
    refused(assign("reviewer of the structure"), 400, "/data/rapporteurs/0")
    refused(assign("reviewer 1", "committee"), 400, "/data/rapporteurs/1")
    unknown = {"rapporteurs": ["0180a000-0000-7000-8000-000000000001"]}
    refused(campaign.move("secretariat", dossier, "affecter", unknown), 400, "/data/rapporteurs/0")
    dossier = campaign.go("secretariat", dossier, "affecter", campaign.reviewers("reviewer 1"))
    refused(campaign.move("secretariat", dossier, "saisir_comite"), 409)
    refused(campaign.review_do("reviewer 1", dossier, "rendre", REPORT), 409)
    campaign.report("reviewer 1", dossier)
    refused(campaign.review_do("reviewer 1", dossier, "rendre", REPORT), 409)


def test_signatures_of_two_persons_in_two_capacities(campaign):
    dossier = campaign.to_decision()
    assert campaign.authorize("minister", "ism").status == campaign.authorize("ism", "ministre").status == 200
    refused(campaign.move("secretariat", dossier, "signer", {"capacite": "ministre"}), 403)
    dossier = campaign.go("minister", dossier, "signer", {"capacite": "ministre"})
    refused(campaign.move("minister", dossier, "signer", {"capacite": "ism"}), 409)
    refused(campaign.move("ism", dossier, "signer", {"capacite": "ministre"}), 409)
    dossier = campaign.go("secretariat", dossier, "signer", {"capacite": "ism"})
    assert dossier["state"] == "accorde"


def test_a_refusal_states_its_reasons(campaign):
    dossier = campaign.to_decision()
    refused(campaign.move("minister", dossier, "refuser"), 400, "/data/motifs_droit")
    reasons = {"motifs_droit": "Cahier des charges, 2.", "motifs_fait": "Sans relais."}
    assert "ecart" in refused(campaign.move("minister", dossier, "refuser", reasons), 409, "/data/ecart")
    dossier = campaign.go("minister", dossier, "refuser", {**reasons, "ecart": "Le budget a changé depuis."})
    assert dossier["state"] == "refuse" and "label" not in dossier
    decision = campaign.ok("candidate", "labellisation.decision.get", {"dossier": dossier["id"]})
    assert decision["departs"] and decision["opinion"] == {"opinion": "favorable", "given_on": campaign.day()}
    assert "Le budget a changé depuis." in decision["text"]


def test_who_may_not_see_a_dossier_does_not_find_it(campaign):
    dossier = campaign.create()
    other = campaign.ok("admin", "registry.structure.create", {"name": "Autre structure"})["id"]
    campaign.add("other candidate", ["candidat"], other)
    body = {"dossier": dossier["id"]}
    for message in ("get", "transitions", "history"):
        refused(campaign.call("other candidate", f"labellisation.dossier.{message}", body), 404)
        refused(campaign.call("reviewer 1", f"labellisation.dossier.{message}", body), 404)
        anonymous = campaign.network.call(f"labellisation.dossier.{message}", body, anonymous=True)
        refused(anonymous, 401)
    refused(campaign.move("other candidate", dossier, "deposer"), 404)
    refused(campaign.call("secretariat", "labellisation.dossier.get", {"dossier": str(uuid.uuid4())}), 404)
    listed = campaign.ok("other candidate", "labellisation.dossier.list", {})["items"]
    assert listed == []
    refused(campaign.call("other candidate", "labellisation.dossier.create", {
        "structure": campaign.structure, "title": "x", "themes": ["sante"],
        "pole": {"code": "x", "name": "x"}}), 403)


def test_lists_show_what_one_may_see(campaign):
    dossier = campaign.to_review()
    mine = campaign.ok("candidate", "labellisation.dossier.list", {"limit": 200})["items"]
    assert dossier["id"] in [item["id"] for item in mine]
    assert all(item["structure"] == campaign.structure for item in mine)
    assert all("facts" not in item and "reviewers" not in item for item in mine)
    assigned = campaign.ok("reviewer 1", "labellisation.dossier.list", {"limit": 200})["items"]
    assert dossier["id"] not in [item["id"] for item in assigned]
    campaign.declare("reviewer 1", dossier)
    assigned = campaign.ok("reviewer 1", "labellisation.dossier.list", {"limit": 200})["items"]
    assert dossier["id"] in [item["id"] for item in assigned]
    seen, after = [], None
    while True:
        body = {"limit": 2, **({"after": after} if after else {})}
        page = campaign.ok("secretariat", "labellisation.dossier.list", body)
        seen += [item["id"] for item in page["items"]]
        after = page.get("next")
        if not after:
            break
    assert len(seen) == len(set(seen)) and set(item["id"] for item in mine) <= set(seen)
    in_state = campaign.ok("secretariat", "labellisation.dossier.list", {"state": "evaluation"})
    assert all(item["state"] == "evaluation" for item in in_state["items"])
    refused(campaign.call("secretariat", "labellisation.dossier.list", {"after": "x"}), 400, "/after")


@pytest.mark.parametrize("change, pointer", [
    ({"themes": ["astrologie"]}, "/themes/0"),
    ({"sectors": ["alimentaire", "autre"]}, "/sectors/1"),
    ({"themes": []}, "/themes"),
    ({"themes": ["sante", "arts", "sante"]}, "/themes/2"),  # the registry would not take the award
    ({"pole": {"code": "Pas Un Code", "name": "x"}}, "/pole/code"),
    ({"pole": {"code": "x", "name": "x", "departement": "99"}}, "/pole/departement"),
    ({"title": ""}, "/title"),
    ({"structure": "x"}, "/structure"),
    ({"process": {"name": "inconnu"}}, "/process"),
    ({"transition": "deposer"}, "/transition"),
    ({"colour": "red"}, "/colour"),
])
def test_a_bad_creation_is_refused_at_its_place(campaign, change, pointer):
    body = {"structure": campaign.structure, "title": "Essai", "themes": ["sante"],
            "pole": {"code": "essai", "name": "Essai"}, **change}
    answer = campaign.call("candidate", "labellisation.dossier.create", body)
    assert answer.status in (400, 404, 409) and answer.body["pointer"] == pointer, answer


def test_a_dossier_is_opened_for_a_structure_that_there_is(campaign):
    """Else its label would be awarded, and the registry could not show its pôle."""
    body = {"title": "Essai", "themes": ["sante"], "pole": {"code": "essai", "name": "Essai"}}
    for structure in (str(uuid.uuid4()), "0190b000-0000-7000-8000-000000000001"):
        refused(campaign.patient("secretariat", "labellisation.dossier.create",
                                 {"structure": structure, **body}), 400, "/structure")
    assert campaign.create("secretariat")["structure"] == campaign.structure


def message_schemas():
    found = {}
    for path in (pathlib.Path(__file__).parents[2] / "proto").glob("*.schema.json"):
        for name, schema in json.loads(path.read_text())["$defs"].items():
            if name.startswith("labellisation."):
                found[name] = schema
    return found


@pytest.mark.parametrize("name, schema", sorted(message_schemas().items()))
def test_each_message_refuses_what_its_schema_does_not_allow(campaign, name, schema):
    who = "reviewer 1" if ".draft." in name else "secretariat"  # a draft is its reviewer's alone
    refused(campaign.call(who, name, {"unheard_of": 1}), 400)
    for member in schema["required"]:
        refused(campaign.call(who, name, {}), 400)
        refused(campaign.call(who, name, {member: None}), 400)
    for member, rule in schema["properties"].items():
        wrong = {"string": 7, "integer": "x", "boolean": "yes", "array": {}, "object": []}
        kind = rule.get("type", "object")
        answer = campaign.call(who, name, {member: wrong[kind]})
        refused(answer, 400)
    anonymous = campaign.network.call(name, {}, anonymous=True).status
    assert anonymous in ((200, 400) if name in PUBLIC else (401,))


def test_the_code_of_a_pole_of_another_structure_is_refused(campaign):
    answer = campaign.call("candidate", "labellisation.dossier.create", {
        "structure": campaign.structure, "title": "Essai", "themes": ["sante"],
        "pole": {"code": "cnidep", "name": "CNIDEP"}})
    assert "cnidep" in refused(answer, 409)

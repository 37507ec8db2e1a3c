"""Labellisation by messages: the straight path, its history and announcements, what one may do."""

import json
import pathlib
import re
import time

from campaign import REPORT
from labelling import campaign, pytestmark, refused, running  # noqa: F401


# The straight path


def test_from_the_draft_to_the_label(campaign):
    dossier = campaign.create()
    assert dossier["state"] == "brouillon" and dossier["version"] == 1
    dossier = campaign.go("candidate", dossier, "deposer")
    assert dossier["state"] == "recevabilite"
    assert [timer["name"] for timer in dossier["timers"]] == ["silence", "alerte_silence"]
    dossier = campaign.go("secretariat", dossier, "declarer_complet")
    dossier = campaign.go("secretariat", dossier, "affecter", campaign.reviewers())
    assert dossier["state"] == "evaluation" and len(dossier["reviewers"]) == 2
    assert dossier["demonstration"] is True  # as the registry has told meanwhile
    for who in ("reviewer 1", "reviewer 2"):
        dossier = campaign.go(who, dossier, "rendre_rapport", REPORT)
        assert dossier["reviewers"] == [campaign.persons[who]]
    dossier = campaign.go("secretariat", dossier, "saisir_comite")
    assert dossier["reviews_filed"] == 2
    dossier = campaign.go("committee", dossier, "rendre_avis",
                          {"avis": "favorable", "texte": "Avis d'essai."})
    dossier = campaign.go("minister", dossier, "signer", {"capacite": "ministre"})
    assert dossier["state"] == "decision"
    dossier = campaign.go("ism", dossier, "signer", {"capacite": "ism"})
    assert dossier["state"] == "accorde" and dossier["final"] is True
    label = campaign.network.call("labellisation.label.get", {"label": dossier["label"]},
                                  anonymous=True).body
    assert label["state"] == "valide" and label["dossier"] == dossier["id"]
    assert int(label["until"][:4]) - int(label["from"][:4]) == 3
    assert label["from"][4:] == label["until"][4:] or label["from"].endswith("02-29")
    listed = campaign.network.call("labellisation.label.list", {"pole": dossier["pole"]["code"]},
                                   anonymous=True).body["items"]
    assert [item["id"] for item in listed] == [label["id"]]


def test_the_history_tells_it_all_and_proves_it(campaign):
    dossier = campaign.to_award()
    history = campaign.history(dossier)
    assert [entry["number"] for entry in history] == list(range(1, dossier["version"] + 1))
    assert [entry["transition"] for entry in history] == [
        "creer", "deposer", "enregistrer", "declarer_complet", "affecter", "rendre_rapport",
        "rendre_rapport", "saisir_comite", "rendre_avis", "signer", "signer", "accorder"]
    assert history[1]["actor"] == "/persons/" + campaign.persons["candidate"]
    assert history[2]["actor"] == "/services/labellisation"
    report = history[5]["data"]
    assert report["note"] == 15 and re.fullmatch("[0-9a-f]{64}", report["texte"]["blake2b"])
    assert "établi" not in json.dumps(history, ensure_ascii=False)
    proof = campaign.ok("secretariat", "labellisation.dossier.verify", {"dossier": dossier["id"]})
    assert proof == {"valid": True, "entries": 12, "erased": 0, "erasures": [],
                     "head": history[-1]["chain"]}
    refused(campaign.call("candidate", "labellisation.dossier.verify", {"dossier": dossier["id"]}), 403)
    shown = campaign.history(dossier, "candidate")
    assert "data" not in shown[5] and shown[5]["actor"] == "/persons"
    assert shown[1]["actor"] == history[1]["actor"]


def test_texts_are_read_by_whom_they_are_for(campaign):
    dossier = campaign.go("candidate", campaign.create(), "deposer")
    dossier = campaign.go("secretariat", dossier, "declarer_incomplet", campaign.pieces())
    body = {"dossier": dossier["id"], "number": dossier["version"]}
    for who in ("candidate", "secretariat", "minister"):
        texts = campaign.ok(who, "labellisation.dossier.texts", body)["items"]
        assert [(t["name"], t["text"], t["erased"]) for t in texts] == [("message", "Le budget.", False)]
    dossier = campaign.declare("reviewer 1", campaign.to_review())
    dossier = campaign.declare("reviewer 2", dossier)
    dossier = campaign.go("reviewer 1", dossier, "rendre_rapport", REPORT)
    body = {"dossier": dossier["id"], "number": dossier["version"]}
    own = campaign.ok("reviewer 1", "labellisation.dossier.texts", body)["items"]
    assert own[0]["text"] == REPORT["texte"]
    refused(campaign.call("reviewer 2", "labellisation.dossier.texts", body), 403)
    refused(campaign.call("candidate", "labellisation.dossier.texts", body), 403)
    body["number"] += 1
    refused(campaign.call("secretariat", "labellisation.dossier.texts", body), 404, "/number")


def test_what_happened_is_announced_without_texts_or_names(campaign):
    dossier = campaign.to_award()
    with campaign.network.diffusion(campaign.network.token(campaign.keys["secretariat"])) as stream:
        stream.hello()
        stream.subscribe(cursor="", filter={"sources": ["/services/labellisation"]})
        events = []
        while not any(e["type"] == "dossier.transitioned" and e["data"]["dossier"] == dossier["id"]
                      and e["data"]["transition"] == "accorder" for e in events):
            events += [record.event for record in stream.next()[2]]
    mine = [e for e in events if e["data"].get("dossier") == dossier["id"]]
    types = [e["type"] for e in mine]
    assert types[0] == "dossier.created" and types.count("label.awarded") == 1
    assert types.count("review.assigned") == 1 and types.count("review.filed") == 2
    assigned = next(e for e in mine if e["type"] == "review.assigned")
    assert sorted(assigned["data"]["reviewers"]) == sorted(campaign.reviewers()["rapporteurs"])
    assert all(f"person:{p}" in assigned["restrictedto"] for p in assigned["data"]["reviewers"])
    award = next(e for e in mine if e["type"] == "label.awarded")
    assert award["visibility"] == "public" and award["data"]["demonstration"] is True
    assert award["data"]["pole"] == {"code": dossier["pole"]["code"], "name": "Pôle d'essai",
                                     "departement": "87", "themes": ["sante"],
                                     "sectors": ["alimentaire"]}
    assert award["regions"] == "75" and award["themes"] == "sante"
    assert "établi" not in json.dumps(mine, ensure_ascii=False)


def test_reviews_are_read_by_those_who_decide(campaign):
    dossier = campaign.to_decision()
    body = {"dossier": dossier["id"]}
    reviews = campaign.ok("committee", "labellisation.dossier.reviews", body)["items"]
    assert [review["text"] for review in reviews] == [REPORT["texte"]] * 2
    own = campaign.ok("reviewer 1", "labellisation.dossier.reviews", body)["items"]
    assert [review["reviewer"] for review in own] == [campaign.persons["reviewer 1"]]
    refused(campaign.call("candidate", "labellisation.dossier.reviews", body), 403)


# What one may do, and again


def test_transitions_say_what_can_be_done(campaign):
    dossier = campaign.to_review()
    body = {"dossier": dossier["id"]}
    items = campaign.ok("secretariat", "labellisation.dossier.transitions", body)["items"]
    by_name = {item["name"]: item for item in items}
    assert set(by_name) == {"affecter", "ouvrir_contradictoire", "saisir_comite", "abandonner",
                            "effacer_textes"}
    assert by_name["saisir_comite"]["ready"] is False
    assert "2 of 2" in by_name["saisir_comite"]["blocked_by"]
    assert by_name["affecter"]["fields"] == [
        {"name": "rapporteurs", "label": "Rapporteurs", "type": "persons", "required": True,
         "min": 1, "max": 8}]
    own = campaign.ok("candidate", "labellisation.dossier.transitions", body)["items"]
    assert [item["name"] for item in own] == ["retirer"]


def test_a_repeat_with_the_same_key_gets_the_first_answer(campaign):
    dossier = campaign.create()
    first = campaign.go("candidate", dossier, "deposer", idempotency_key="once")
    again = campaign.go("candidate", dossier, "deposer", idempotency_key="once")
    assert again == first
    refused(campaign.move("candidate", dossier, "retirer", idempotency_key="once"), 409)
    assert len(campaign.history(dossier)) == first["version"]


def test_a_label_has_its_own_life(campaign):
    dossier = campaign.to_award()
    label = campaign.ok("minister", "labellisation.label.get", {"label": dossier["label"]})

    def move(who, transition, data=None):
        nonlocal label
        body = {"label": label["id"], "transition": transition, "version": label["version"],
                **({"data": data} if data else {})}
        answer = campaign.call(who, "labellisation.label.transition", body)
        if answer.status == 200:
            label = answer.body
        return answer

    def registry_says(state):
        until = time.monotonic() + 20
        while True:
            answer = campaign.call("admin", "registry.pole.get", {"code": label["pole"]["code"]})
            if answer.body.get("state") == state:
                return
            assert time.monotonic() < until, answer

    registry_says("active")
    refused(move("minister", "suspendre"), 409)
    refused(move("candidate", "ouvrir_procedure"), 403)
    assert move("secretariat", "ouvrir_procedure", {"griefs": "Aucune action."}).status == 200
    reasons = {"motifs_droit": "CRPA L242-2.", "motifs_fait": "Aucune action."}
    refused(move("minister", "suspendre"), 400, "/data/motifs_droit")
    assert move("minister", "suspendre", reasons).status == 200 and label["state"] == "suspendu"
    registry_says("suspended")
    assert move("candidate", "renoncer").status == 200 and label["state"] == "renonce"
    registry_says("ended")
    history = campaign.ok("candidate", "labellisation.label.history", {"label": label["id"]})
    assert [entry["transition"] for entry in history["items"]] == [
        "delivrer", "ouvrir_procedure", "suspendre", "renoncer"]


def test_the_procedure_can_be_read_by_anyone(campaign):
    process = campaign.network.call("labellisation.process.get", {}, anonymous=True).body
    path = pathlib.Path(__file__).parents[2] / "services/labellisation/process/label-pia.v1.json"
    assert process["definition"] == json.loads(path.read_text())
    listed = campaign.network.call("labellisation.process.list", {}, anonymous=True).body
    assert [(item["name"], item["version"]) for item in listed["items"]] == [("label-pia", 1)]
    refused(campaign.network.call("labellisation.process.get", {"name": "autre"}, anonymous=True), 404)

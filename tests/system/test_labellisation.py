"""Labellisation by messages: the straight path, its history and announcements, what one may do."""

import json
import pathlib
import re
import time

from campaign import REPORT
from labelling import campaign, pytestmark, refused, running  # noqa: F401


# The straight path


def test_from_the_draft_to_the_label(campaign):
    campaign.empower()
    dossier = campaign.create()
    assert dossier["state"] == "brouillon" and dossier["version"] == 1
    dossier = campaign.go("candidate", dossier, "deposer")
    assert dossier["state"] == "recevabilite"
    assert [timer["name"] for timer in dossier["timers"]] == ["silence", "alerte_silence"]
    dossier = campaign.go("secretariat", dossier, "declarer_complet")
    dossier = campaign.go("secretariat", dossier, "affecter", campaign.reviewers())
    assert dossier["state"] == "evaluation" and dossier["reviewers"] == []
    assert dossier["demonstration"] is True  # as the registry has told meanwhile
    for who in ("reviewer 1", "reviewer 2"):
        dossier = campaign.report(who, dossier)
        assert campaign.get(dossier, who)["reviewers"] == [campaign.persons[who]]
    assert len(dossier["reviewers"]) == 2
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
        "creer", "deposer", "enregistrer", "declarer_complet", "affecter",
        "saisir_comite", "rendre_avis", "signer", "signer", "accorder"]
    assert history[1]["actor"] == "/persons/" + campaign.persons["candidate"]
    assert history[2]["actor"] == "/services/labellisation"
    opinion = history[6]["data"]
    assert opinion["avis"] == "favorable" and re.fullmatch("[0-9a-f]{64}", opinion["texte"]["blake2b"])
    review = campaign.review("reviewer 1", dossier)
    filed = campaign.ok("secretariat", "labellisation.review.history", {"review": review["id"]})["items"]
    assert [entry["transition"] for entry in filed] == ["designer", "declarer", "accepter", "rendre", "figer"]
    assert filed[3]["data"]["grille"][0] == {"criterion": "interlocuteur", "score": 4}
    assert re.fullmatch("[0-9a-f]{64}", filed[3]["data"]["grille.moyens"]["blake2b"])
    told = json.dumps([history, filed], ensure_ascii=False)
    assert "établi" not in told and "Vu au dossier" not in told
    proof = campaign.ok("secretariat", "labellisation.dossier.verify", {"dossier": dossier["id"]})
    assert proof == {"valid": True, "entries": 10, "erased": 0, "erasures": [],
                     "head": history[-1]["chain"]}
    refused(campaign.call("candidate", "labellisation.dossier.verify", {"dossier": dossier["id"]}), 403)
    shown = campaign.history(dossier, "candidate")
    assert "data" not in shown[6] and shown[6]["actor"] == "/persons"
    assert shown[1]["actor"] == history[1]["actor"]


def test_texts_are_read_by_whom_they_are_for(campaign):
    dossier = campaign.go("candidate", campaign.create(), "deposer")
    dossier = campaign.go("secretariat", dossier, "declarer_incomplet", campaign.pieces())
    body = {"dossier": dossier["id"], "number": dossier["version"]}
    for who in ("candidate", "secretariat", "minister"):
        texts = campaign.ok(who, "labellisation.dossier.texts", body)["items"]
        assert [(t["name"], t["text"], t["erased"]) for t in texts] == [("message", "Le budget.", False)]
    dossier = campaign.to_decision()
    body = {"dossier": dossier["id"], "number": dossier["version"]}
    own = campaign.ok("committee", "labellisation.dossier.texts", body)["items"]
    assert own[0]["text"] == "Avis d'essai."
    refused(campaign.call("reviewer 2", "labellisation.dossier.texts", body), 403)
    refused(campaign.call("candidate", "labellisation.dossier.texts", body), 403)
    body["number"] += 1
    refused(campaign.call("secretariat", "labellisation.dossier.texts", body), 404, "/number")
    review = campaign.review("reviewer 1", dossier)
    body = {"review": review["id"], "number": 4}
    texts = campaign.ok("reviewer 1", "labellisation.review.texts", body)["items"]
    assert REPORT["texte"] in [item["text"] for item in texts] and len(texts) == 7
    refused(campaign.call("reviewer 2", "labellisation.review.texts", body), 404)


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
    asked = [e for e in mine if e["type"] == "review.created"]
    assert sorted(e["data"]["person"] for e in asked) == sorted(campaign.reviewers()["rapporteurs"])
    assert all(f"person:{e['data']['person']}" in e["restrictedto"] for e in asked)
    filed = [e for e in mine if e["type"] == "review.transitioned" and e["data"]["transition"] == "rendre"]
    assert len(filed) == 2 and not any("person:" in e["restrictedto"] for e in filed)
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
    assert reviews[0]["total"] == 8000 and reviews[0]["met"] is True
    assert reviews[0]["scores"][3]["justification"] == "Vu au dossier (accompagnateur)."
    assert campaign.ok("candidate", "labellisation.dossier.reviews", body)["items"] == []


# What one may do, and again


def test_transitions_say_what_can_be_done(campaign):
    dossier = campaign.to_review()
    body = {"dossier": dossier["id"]}
    items = campaign.ok("secretariat", "labellisation.dossier.transitions", body)["items"]
    by_name = {item["name"]: item for item in items}
    assert set(by_name) == {"affecter", "ouvrir_contradictoire", "saisir_comite", "abandonner",
                            "effacer_textes"}
    assert by_name["saisir_comite"]["ready"] is False
    assert "no reviewer" in by_name["saisir_comite"]["blocked_by"]
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
    assert move("secretariat", "ouvrir_procedure", campaign.notice("suspension")).status == 200
    reasons = {"motifs_droit": "CRPA L242-2.", "motifs_fait": "Aucune action."}
    refused(move("minister", "suspendre", reasons), 409)  # not heard yet
    assert move("candidate", "presenter_observations", {"observations": "Nous agissons."}).status == 200
    refused(move("minister", "suspendre", reasons), 409)  # it may have more to say
    assert move("candidate", "achever_observations").status == 200
    refused(move("minister", "suspendre"), 400, "/data/motifs_droit")
    assert move("minister", "suspendre", reasons).status == 200 and label["state"] == "suspendu"
    registry_says("suspended")
    assert move("candidate", "renoncer").status == 200 and label["state"] == "renonce"
    registry_says("ended")
    history = campaign.ok("candidate", "labellisation.label.history", {"label": label["id"]})
    assert [entry["transition"] for entry in history["items"]] == [
        "delivrer", "ouvrir_procedure", "presenter_observations", "achever_observations", "suspendre", "renoncer"]


def test_the_procedure_can_be_read_by_anyone(campaign):
    process = campaign.network.call("labellisation.process.get", {}, anonymous=True).body
    path = pathlib.Path(__file__).parents[2] / "services/labellisation/process/label-pia.v1.json"
    assert process["definition"] == json.loads(path.read_text())
    listed = campaign.network.call("labellisation.process.list", {}, anonymous=True).body
    assert [(item["name"], item["version"]) for item in listed["items"]] == [("label-pia", 1)]
    refused(campaign.network.call("labellisation.process.get", {"name": "autre"}, anonymous=True), 404)

"""Labellisation by messages: the straight path, what is refused, history, announcements."""

import json
import pathlib
import re
import threading
import time
import uuid

import pytest

from campaign import REPORT, Campaign
from pia import BIN, Network

NEEDED = ("broker", "registry", "diffusion", "labellisation")
pytestmark = pytest.mark.skipif(
    not all((BIN / f"pia-{name}").exists() for name in NEEDED), reason="not built")


def start(network, *options, instances=1, registry=()):
    network.start_broker("--drain-ms", "200")
    network.start("registry", *registry, wait=False)
    network.start("diffusion", wait=False)
    for number in range(instances):
        network.start("labellisation", "--instance", f"labellisation-{number}", *options, wait=False)
    for service in ("registry", "diffusion", "labellisation"):
        network.wait_ready(service)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def running(request):
    options = ()
    if request.param == "postgresql":
        schema = "labellisation_" + uuid.uuid4().hex[:8]
        options = ("--database", f"{request.getfixturevalue('postgres')}#{schema}")
    network = Network()
    try:
        start(network, *options)
    except BaseException:
        print(network.tails())
        network.stop()
        network.remove()
        raise
    yield network
    wrong = network.stop()
    tails = network.tails()
    network.remove()
    assert not wrong, "\n".join([*wrong, tails])


@pytest.fixture(scope="module")
def campaign(running):
    return Campaign(running)


PUBLIC = {"labellisation.label.get", "labellisation.label.list", "labellisation.process.get",
          "labellisation.process.list", "labellisation.deadline.compute", "labellisation.deadline.rules",
          "labellisation.evidence.head", "labellisation.evidence.consistency"}


def refused(answer, status, pointer=None):
    assert answer.status == status, answer
    assert answer.body["detail"], answer
    if pointer is not None:
        assert answer.body["pointer"] == pointer, answer
    return answer.body["detail"]


def await_state(campaign, dossier, state):
    until = time.monotonic() + 20
    while dossier["state"] != state:
        assert time.monotonic() < until, dossier
        dossier = campaign.get(dossier)
    return dossier


# The straight path


def test_from_the_draft_to_the_label(campaign):
    dossier = campaign.create()
    assert dossier["state"] == "brouillon" and dossier["version"] == 1
    dossier = campaign.go("candidate", dossier, "deposer")
    assert dossier["state"] == "recevabilite"
    assert [timer["name"] for timer in dossier["timers"]] == ["silence"]
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
        assert [(t["name"], t["text"], t["erased"]) for t in texts] == [("pieces", "Le budget.", False)]
    dossier = campaign.to_review()
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
    refused(campaign.move("reviewer 2", dossier, "rendre_rapport", REPORT), 404)
    dossier = campaign.go("reviewer 1", dossier, "rendre_rapport", REPORT)
    refused(campaign.move("reviewer 1", dossier, "rendre_rapport", REPORT), 409)


def test_signatures_of_two_persons_in_two_capacities(campaign):
    dossier = campaign.to_decision()
    refused(campaign.move("secretariat", dossier, "signer", {"capacite": "ministre"}), 403)
    dossier = campaign.go("minister", dossier, "signer", {"capacite": "ministre"})
    refused(campaign.move("minister", dossier, "signer", {"capacite": "ism"}), 409)
    refused(campaign.move("ism", dossier, "signer", {"capacite": "ministre"}), 409)
    dossier = campaign.go("secretariat", dossier, "signer", {"capacite": "ism"})
    assert dossier["state"] == "accorde"


def test_a_refusal_states_its_reasons(campaign):
    dossier = campaign.to_decision()
    refused(campaign.move("minister", dossier, "refuser"), 400, "/data/motifs_droit")
    dossier = campaign.go("minister", dossier, "refuser",
                          {"motifs_droit": "Cahier des charges, 2.", "motifs_fait": "Sans relais."})
    assert dossier["state"] == "refuse" and "label" not in dossier


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
        refused(campaign.call("secretariat", "labellisation.dossier.create",
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
    refused(campaign.call("secretariat", name, {"unheard_of": 1}), 400)
    for member in schema["required"]:
        refused(campaign.call("secretariat", name, {}), 400)
        refused(campaign.call("secretariat", name, {member: None}), 400)
    for member, rule in schema["properties"].items():
        wrong = {"string": 7, "integer": "x", "boolean": "yes", "array": {}, "object": []}
        kind = rule.get("type", "object")
        answer = campaign.call("secretariat", name, {member: wrong[kind]})
        refused(answer, 400)
    anonymous = campaign.network.call(name, {}, anonymous=True).status
    assert anonymous in ((200, 400) if name in PUBLIC else (401,))


def test_the_code_of_a_pole_of_another_structure_is_refused(campaign):
    answer = campaign.call("candidate", "labellisation.dossier.create", {
        "structure": campaign.structure, "title": "Essai", "themes": ["sante"],
        "pole": {"code": "cnidep", "name": "CNIDEP"}})
    assert "cnidep" in refused(answer, 409)


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


# Faults


def test_two_who_act_at_once_one_wins(campaign):
    dossier = campaign.go("candidate", campaign.create(), "deposer")
    answers, pieces = [], campaign.pieces()

    def act(transition):
        answers.append(campaign.move("secretariat", dossier, transition,
                                     pieces if "incomplet" in transition else None))

    threads = [threading.Thread(target=act, args=(name,))
               for name in ("declarer_complet", "declarer_incomplet") * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409, 409, 409]
    assert len(campaign.history(dossier)) == dossier["version"] + 1


def test_killed_in_the_middle_it_goes_on_where_it_was(pia):
    start(pia)
    campaign = Campaign(pia)
    dossier = campaign.create()
    for who, transition, data in [
        ("candidate", "deposer", None), ("secretariat", "declarer_complet", None),
        ("secretariat", "affecter", campaign.reviewers()),
        ("reviewer 1", "rendre_rapport", REPORT), ("reviewer 2", "rendre_rapport", REPORT),
        ("secretariat", "saisir_comite", None),
        ("committee", "rendre_avis", {"avis": "favorable", "texte": "Avis d'essai."}),
        ("minister", "signer", {"capacite": "ministre"}), ("ism", "signer", {"capacite": "ism"}),
    ]:
        victim = [p for p in pia.processes if p.name == "labellisation"][-1]
        killer = threading.Thread(target=victim.kill)
        killer.start()
        pia.start("labellisation", wait=False)
        killer.join()
        dossier = campaign.go(who, dossier, transition, data, idempotency_key=f"{who} {transition}")
    assert dossier["state"] == "accorde"
    assert len(campaign.history(dossier)) == 12
    assert campaign.ok("secretariat", "labellisation.dossier.verify", {"dossier": dossier["id"]})["valid"]
    with pia.diffusion(pia.token()) as stream:
        stream.hello()
        stream.subscribe(cursor="", filter={"sources": ["/services/labellisation"]})
        numbers = []
        while not numbers or numbers[-1] != 12:
            numbers += [r.event["data"]["number"] for r in stream.next()[2]
                        if r.event["type"] in ("dossier.created", "dossier.transitioned")]
    assert numbers == list(range(1, 13))


def test_on_sqlite_the_second_instance_takes_over(pia):
    start(pia, instances=2)
    campaign = Campaign(pia)
    states = [pia.call("service.info", service=f"labellisation#labellisation-{n}").body["state"]
              for n in range(2)]
    assert sorted(states) == ["active", "standby"]
    dossier = campaign.go("candidate", campaign.create(), "deposer")
    instances = [p for p in pia.processes if p.name == "labellisation"]
    instances[states.index("active")].kill()
    dossier = campaign.go("secretariat", dossier, "declarer_complet", idempotency_key="once")
    assert dossier["state"] == "instruction" and len(campaign.history(dossier)) == 4
    name = f"labellisation#labellisation-{states.index('standby')}"
    assert pia.call("service.info", service=name).body["state"] == "active"


def test_silence_decides_also_while_nothing_runs(pia):
    start(pia, registry=("--registry.demonstration", "true"))
    campaign = Campaign(pia)
    dossier = campaign.go("candidate", campaign.create(), "deposer")
    due = dossier["timers"][0]["due_at"]
    [p for p in pia.processes if p.name == "labellisation"][-1].kill()
    campaign.ok("admin", "registry.clock.advance", {"by_ms": 100 * 24 * 3600 * 1000})
    pia.start("labellisation")
    dossier = await_state(campaign, dossier, "refuse_implicite")
    entry = campaign.history(dossier)[-1]
    assert entry["transition"] == "refuser_implicitement" and entry["effective_at"] == due
    assert entry["recorded_at"] > due and entry["actor"] == "/services/labellisation"
    assert len([e for e in campaign.history(dossier) if e["to"] == "refuse_implicite"]) == 1
    dossier = campaign.go("candidate", dossier, "former_recours", {"motifs": "Le besoin est là."})
    assert dossier["state"] == "recours"


def test_another_procedure_is_a_file(pia):
    folder = pia.data / "procedures"
    folder.mkdir()
    definition = {
        "format": 1, "name": "bilan", "version": 1, "title": "Bilan", "themes": ["sante"],
        "sectors": [], "machines": {"dossier": {
            "readers": ["secretariat"],
            "states": [{"name": "ouvert", "label": "Ouvert", "initial": True},
                       {"name": "vise", "label": "Visé", "final": True}],
            "transitions": [
                {"name": "ouvrir", "label": "Ouvrir", "from": [], "to": "ouvert",
                 "roles": ["candidat"]},
                {"name": "viser", "label": "Viser", "from": ["ouvert"], "to": "vise",
                 "roles": ["secretariat"]}]}}}
    (folder / "bilan.json").write_text(json.dumps(definition))
    start(pia, "--labellisation.definitions", "procedures")
    campaign = Campaign(pia)
    dossier = campaign.create(process={"name": "bilan"}, sectors=[])
    assert dossier["state"] == "ouvert" and dossier["process"] == {"name": "bilan", "version": 1}
    assert campaign.go("secretariat", dossier, "viser")["state"] == "vise"


def test_two_instances_on_postgresql(pia, postgres):
    schema = "labellisation_" + uuid.uuid4().hex[:8]
    start(pia, "--database", f"{postgres}#{schema}", instances=2,
          registry=("--registry.demonstration", "true"))
    campaign = Campaign(pia)
    states = [pia.call("service.info", service=f"labellisation#labellisation-{n}").body["state"]
              for n in range(2)]
    assert states == ["active", "active"]
    dossiers = [campaign.go("candidate", campaign.create(), "deposer") for _ in range(8)]
    campaign.to_award()
    answers = {dossier["id"]: [] for dossier in dossiers}

    def act(transition, data=None):
        for dossier in dossiers:
            answers[dossier["id"]].append(campaign.move("secretariat", dossier, transition, data))

    threads = [threading.Thread(target=act, args=arguments) for arguments in (
        ("declarer_complet",), ("declarer_incomplet", campaign.pieces())) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for dossier in dossiers:
        assert sorted(a.status for a in answers[dossier["id"]]) == [200, 409, 409, 409], answers
        assert len(campaign.history(dossier)) == dossier["version"] + 1
        proof = campaign.ok("secretariat", "labellisation.dossier.verify", {"dossier": dossier["id"]})
        assert proof["valid"], proof
    silent = [campaign.go("candidate", campaign.create(), "deposer") for _ in range(8)]
    campaign.ok("admin", "registry.clock.advance", {"by_ms": 100 * 24 * 3600 * 1000})
    for dossier in silent:
        await_state(campaign, dossier, "refuse_implicite")
        made = [entry["transition"] for entry in campaign.history(dossier)]
        assert made.count("refuser_implicitement") == 1, made
    [p for p in pia.processes if p.name == "labellisation"][0].kill()
    dossier = campaign.to_award()
    assert dossier["state"] == "accorde"

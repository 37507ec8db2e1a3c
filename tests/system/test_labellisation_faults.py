"""Labellisation where two act at once, instances die, and another procedure is a file."""

import json
import threading
import uuid

from campaign import REPORT, Campaign
from labelling import await_state, campaign, pytestmark, running, start  # noqa: F401


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
    campaign.empower()
    dossier = campaign.create()
    for who, transition, data in [
        ("candidate", "deposer", None), ("secretariat", "declarer_complet", None),
        ("secretariat", "affecter", campaign.reviewers()),
        ("reviewer 1", "rendre", REPORT), ("reviewer 2", "rendre", REPORT),
        ("secretariat", "saisir_comite", None),
        ("committee", "rendre_avis", {"avis": "favorable", "texte": "Avis d'essai."}),
        ("minister", "signer", {"capacite": "ministre"}), ("ism", "signer", {"capacite": "ism"}),
    ]:
        victim = [p for p in pia.processes if p.name == "labellisation"][-1]
        killer = threading.Thread(target=victim.kill)
        killer.start()
        pia.start("labellisation", wait=False)
        killer.join()
        if transition == "rendre":
            campaign.declare(who, dossier)
            answer = campaign.review_do(who, dossier, transition, data, idempotency_key=who)
            assert answer.status == 200, answer
            continue
        dossier = campaign.go(who, dossier, transition, data, idempotency_key=f"{who} {transition}")
    assert dossier["state"] == "accorde"
    assert len(campaign.history(dossier)) == 10
    assert campaign.ok("secretariat", "labellisation.dossier.verify", {"dossier": dossier["id"]})["valid"]
    with pia.diffusion(pia.token()) as stream:
        stream.hello()
        stream.subscribe(cursor="", filter={"sources": ["/services/labellisation"]})
        numbers = []
        while not numbers or numbers[-1] != 10:
            numbers += [r.event["data"]["number"] for r in stream.next()[2]
                        if r.event["type"] in ("dossier.created", "dossier.transitioned")]
    assert numbers == list(range(1, 11))


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
    day = entry["effective_at"][:10]
    remedy = campaign.ok("secretariat", "labellisation.remedy.create", {
        "dossier": dossier["id"], "transition": "former_gracieux",
        "data": {"envoye_le": campaign.day(), "recu_le": campaign.day(), "notifie_le": day,
                 "motifs": "Le besoin est là."}})
    assert remedy["state"] == "examen" and campaign.get(dossier)["state"] == "refuse_implicite"


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

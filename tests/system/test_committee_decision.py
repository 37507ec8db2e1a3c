"""After the committee: its signed minutes, authorities to sign, decisions that follow or depart from the
opinion, remedies with their last days, decisions in a batch."""

import base64
import hashlib
import json
import re
import subprocess
import uuid
import zlib

import pytest

from campaign import Campaign
from committee import Committee, Session, before_committee, meet_today
from gateway import Gateway
from labelling import DEMONSTRATION, pytestmark, refused, start  # noqa: F401
from pia import Network

REASONS = {"motifs_droit": "Article 3 du cahier des charges.", "motifs_fait": "Le besoin n'est pas établi."}


@pytest.fixture(scope="module")
def campaign(engine):
    with Network() as network:
        start(network, *engine.options, registry=DEMONSTRATION)
        campaign = Campaign(network)
        campaign.empower()
        yield campaign


@pytest.fixture(scope="module")
def committee(campaign):
    committee = Committee(campaign)
    committee.seat("chair", "membre_de_droit", president=True)
    committee.seat("first")
    committee.seat("second")
    committee.seat("third")
    return committee


def meet(committee, *opinions, against=()):
    campaign = committee.campaign
    dossiers = [before_committee(campaign) for _ in opinions]
    session = meet_today(committee, list(zip(dossiers, opinions)),
                         committee.present("chair", "first", "second", third=("represented", "chair")), against)
    return session, dossiers


def decided(committee, *opinions):
    session, dossiers = meet(committee, *opinions)
    session.done("lever")
    return session, [committee.campaign.get(dossier) for dossier in dossiers]


def decision(campaign, dossier, who="candidate"):
    return campaign.ok(who, "labellisation.decision.get", {"dossier": dossier["id"]})


def test_links_and_declarations_as_a_reviewer_are_found(campaign, committee):
    campaign.ok("secretariat", "labellisation.reviewer.put", {
        "person": campaign.persons["second"], "themes": ["sante"], "load_max": 0,
        "links": [{"structure": campaign.structure, "kind": "financement_recent"}]})
    campaign.add("reviewing member", ["reviewer", "committee"])
    answer = committee.do("nommer", {"personne": [campaign.persons["reviewing member"]], "nom": "Fonction",
                                     "qualite": "representant", "du": "2020-01-01"})
    assert answer.status == 200, answer
    number = answer.body["members"][-1]["number"]
    dossier = campaign.to_review()
    review = campaign.ok("secretariat", "labellisation.review.create",
                         {"dossier": dossier["id"], "person": campaign.persons["reviewing member"]})
    campaign.ok("reviewing member", "labellisation.review.transition", {
        "review": review["id"], "transition": "declarer", "version": review["version"],
        "data": {"lien": "projet_commun"}})
    campaign.report("reviewer 1", dossier)
    dossier = campaign.go("secretariat", campaign.report("reviewer 2", dossier), "saisir_comite")
    session = Session(committee, 10, [dossier])
    session.done("convoquer")
    assert sorted((i["member"], i["kind"], i["source"]) for i in session.point(dossier)["interests"]) == sorted([
        (committee.members["second"], "financement_recent", "links"), (number, "projet_commun", "review")])
    ruling = {"point": 1, "suite": "sans_objet", "motifs": "Examiné."}
    refused(session.do("statuer_interet", {**ruling, "membre": number}), 409, "/data/suite")  # its own declaration
    session.done("statuer_interet", {**ruling, "membre": committee.members["second"]})
    session.done("annuler", {"motifs": "Essai."})
    campaign.ok("secretariat", "labellisation.reviewer.put", {
        "person": campaign.persons["second"], "themes": ["sante"], "load_max": 0})
    assert committee.do("mettre_fin", {"membre": number, "fin": "2020-01-02", "cause": "demission"}).status == 200


def pdf_text(pdf):
    """What its content streams hold, enough to see that there are pages."""
    streams = re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.S)
    return b"".join(zlib.decompress(s) for s in streams if s[:1] == b"\x78")


def test_minutes_are_signed_and_stay_the_same_bytes(campaign, committee):
    session, dossiers = meet(committee, "favorable", "defavorable", against=["first"])
    refused(session.do("exprimer_desaccord", {"point": 1}, who="first"), 409, "/data/membre")
    session.done("exprimer_desaccord", {"point": 2, "motifs": "Le besoin est établi."}, who="first")
    body = {"session": session.matter["id"]}
    session.done("lever")
    refused(campaign.call("secretariat", "labellisation.session.minutes", body), 409)
    refused(session.do("signer_proces_verbal", who="committee"), 403)
    minutes = session.done("signer_proces_verbal")["minutes"]
    part = campaign.ok("first", "labellisation.session.minutes", body)
    pdf = base64.b64decode(part["content"])
    assert pdf.startswith(b"%PDF-1.5") and len(pdf) == minutes["size"] and pdf_text(pdf)
    assert hashlib.sha256(pdf).hexdigest() == minutes["sha256"] == part["file"]["sha256"]
    head = campaign.ok("admin", "labellisation.evidence.head", {})
    assert minutes["key"] == head["key"]
    assert minutes["statement"] == "pia minutes 1\n%s\n%s\n%s\n" % (
        session.matter["id"], minutes["sha256"], minutes["signed_at"])
    assert signed(minutes) and not signed({**minutes, "statement": minutes["statement"].replace("1", "2", 1)})
    entry = campaign.ok("secretariat", "labellisation.session.history", body)["items"][-1]
    assert entry["data"]["minutes"]["sha256"] == minutes["sha256"]
    assert campaign.ok("first", "labellisation.session.minutes", body) == part
    refused(session.do("exprimer_desaccord", {"point": 1}, who="first"), 409)
    refused(campaign.call("candidate", "labellisation.session.minutes", body), 403)


def signed(minutes):
    """Ed25519 as in check_proof.py, which is written from the specification alone."""
    import importlib.util
    import pathlib
    source = (pathlib.Path(__file__).parent / "check_proof.py").read_text(encoding="utf-8")
    scope = {}
    exec(source[:source.index("def node(")], scope)  # noqa: S102
    assert importlib.util
    octets = bytes.fromhex
    return scope["signed"](octets(minutes["key"]), minutes["statement"].encode(), octets(minutes["signature"]))


def test_a_refusal_cites_the_opinion_and_carries_remedies_with_their_last_days(campaign, committee):
    session, (followed, departed) = decided(committee, "defavorable", "favorable")
    followed = campaign.go("minister", followed, "refuser", {**REASONS, "notification": "2027-10-01"})
    shown = decision(campaign, followed)
    assert (shown["sense"], shown["departs"]) == ("refusal", False)
    assert [signature["capacity"] for signature in shown["signatures"]] == ["ministre"]
    assert shown["opinion"] == {"opinion": "defavorable", "session": session.matter["id"], "item": 1,
                                "given_on": shown["decided_on"]}
    assert [(r["rule"], r["last_day"]) for r in shown["remedies"]] == [
        ("recours-administratif", "2027-12-02"), ("recours-contentieux", "2027-12-02")]
    assert all(remedy["deadline"]["segments"] for remedy in shown["remedies"])
    for text in (*REASONS.values(), "avis défavorable", "2 décembre 2027", "R421-1", "point 1"):
        assert text in shown["text"].replace("\u00a0", " "), text
    entry = campaign.history(followed)[-1]
    assert entry["transition"] == "refuser" and "blake2b" in entry["data"]["issued"]
    assert "ecart" in refused(campaign.move("minister", departed, "refuser", REASONS), 409, "/data/ecart")
    refused(campaign.move("minister", departed, "refuser", {**REASONS, "ecart": "Le budget a changé depuis.",
                                                            "notification": "2020-01-01"}), 400, "/data/notification")
    campaign.go("minister", departed, "refuser", {**REASONS, "ecart": "Le budget a changé depuis."})
    shown = decision(campaign, departed)
    assert shown["departs"] and "Le budget a changé depuis." in shown["text"]


def test_days_off_are_those_of_the_poles_place(campaign, committee):
    dossier = before_committee(campaign, pole={"code": "essai-" + uuid.uuid4().hex[:8], "name": "Pôle",
                                               "departement": "57"})
    session = meet_today(committee, [(dossier, "defavorable")], committee.present("chair", "first", "second"))
    session.done("lever")
    data = {**REASONS, "notification": "2030-10-25"}  # 26 December, a Thursday, is a holiday in Moselle
    campaign.go("minister", campaign.get(dossier), "refuser", data)
    assert [r["last_day"] for r in decision(campaign, dossier)["remedies"]] == ["2030-12-27", "2030-12-27"]


def test_an_award_against_the_opinion_says_why(campaign, committee):
    _, (dossier,) = decided(committee, "defavorable")
    refused(campaign.move("minister", dossier, "signer", {"capacite": "ministre"}), 409)
    dossier = campaign.go("instructing service", dossier, "proposer_accord", {"motifs": "Le territoire n'a pas de pôle."})
    dossier = campaign.go("minister", dossier, "signer", {"capacite": "ministre"})
    dossier = campaign.go("ism", dossier, "signer", {"capacite": "ism"})
    shown = decision(campaign, dossier)
    assert (shown["sense"], shown["departs"], len(shown["signatures"])) == ("award", True, 2)
    assert "Le territoire n'a pas de pôle." in shown["text"] and shown["remedies"] == []


def read_pdf(part):
    done = subprocess.run(["pdftotext", "-", "-"], input=base64.b64decode(part["content"]),
                          capture_output=True, check=True)
    return " ".join(done.stdout.decode().replace("\u00a0", " ").split())


def certificate_text(campaign, dossier):
    return read_pdf(campaign.ok("candidate", "labellisation.label.certificate", {"label": dossier["label"]}))


def test_a_signature_is_given_under_an_authority_within_its_dates(campaign, committee):
    _, dossiers = decided(committee, "favorable", "favorable", "defavorable")
    today = campaign.ok("admin", "registry.clock.get", {})["now"][:10]
    for who in ("director", "former director", "another signatory"):
        campaign.add(who, ["signatory"])
    answer = campaign.authorize("former director", "ministre", until="2021-06-30")
    assert answer.status == 200 and not answer.body["valid"], answer
    refused(campaign.authorize("director", "ministre", until="2019-01-01"), 400, "/until")
    refused(campaign.authorize("candidate", "ministre"), 400, "/person")
    refused(campaign.authorize("director", "minstre"), 400, "/capacity")
    refused(campaign.authorize("director", "ministre", name=""), 400, "/name")
    granted = campaign.authorize("director", "ministre", start=today)
    assert granted.status == 200 and granted.body["valid"], granted
    assert granted.body["name"] == "Signataire : director"
    sign = {"capacite": "ministre"}
    detail = refused(campaign.move("former director", dossiers[0], "signer", sign), 403, "/data/capacite")
    assert "from 2020-01-01 to 2021-06-30" in detail and today in detail and "former director" in detail
    assert "no authority" in refused(campaign.move("another signatory", dossiers[0], "signer", sign), 403,
                                     "/data/capacite")
    dossier = campaign.go("director", dossiers[0], "signer", sign)
    assert dossier["signatures"][0]["function"] == "Fonction : director"
    dossier = campaign.go("ism", dossier, "signer", {"capacite": "ism"})
    assert dossier["state"] == "accorde"
    label = campaign.ok("secretariat", "labellisation.label.get", {"label": dossier["label"]})
    certificate = campaign.ok("admin", "labellisation.certificate.get", {"number": label["number"]})
    assert [(s["name"], s["function"]) for s in certificate["signatures"]] == [
        ("Signataire : director", "Fonction : director"), ("Signataire : ism", "Fonction : ism")]
    text = certificate_text(campaign, dossier)
    assert all(who in text for who in ("Signataire : director", "Fonction : director", "Signataire : ism"))
    printed = decision(campaign, dossier)
    assert printed["signatures"][0]["act"] == "Arrêté d'essai"
    assert "Signataire : director, Fonction : director (Arrêté d'essai), le " in printed["text"]
    refused(campaign.move("another signatory", dossiers[2], "refuser", REASONS), 403)
    campaign.go("director", dossiers[2], "refuser", {**REASONS, **sign})
    signature = decision(campaign, dossiers[2])["signatures"][0]
    assert (signature["authority"], signature["name"]) == (granted.body["id"], "Signataire : director")
    ended = campaign.ok("secretariat", "labellisation.authority.transition", {
        "authority": granted.body["id"], "transition": "abroger", "version": granted.body["version"],
        "data": {"fin": today, "acte": "Fin de fonctions"}})
    assert ended["until"] == today and ended["valid"]  # its last day is today
    campaign.advance(1)
    assert "does not cover" in refused(campaign.move("director", campaign.get(dossiers[1]), "signer", sign), 403)
    over = campaign.ok("secretariat", "labellisation.authority.get", {"authority": granted.body["id"]})
    assert over["state"] == "echue"
    erased = campaign.ok("secretariat", "labellisation.authority.transition", {
        "authority": over["id"], "transition": "effacer_textes", "version": over["version"],
        "data": {"etape": 1, "fondement": "demande_de_la_personne"}})
    assert "name" not in erased and "name" not in decision(campaign, dossiers[2])["signatures"][0]
    assert "Signataire : director" not in certificate_text(campaign, dossier)


def test_what_is_declared_inadmissible_is_signed_under_an_authority(campaign):
    dossier = campaign.go("candidate", campaign.create(), "deposer")
    refused(campaign.move("secretariat", dossier, "declarer_irrecevable", REASONS), 400, "/data/capacite")
    refused(campaign.move("instructing service", dossier, "declarer_irrecevable", {**REASONS, "capacite": "ism"}), 403)
    refused(campaign.move("secretariat", dossier, "declarer_irrecevable", {**REASONS, "capacite": "ministre"}), 403,
            "/data/capacite")
    campaign.add("another secretariat", ["secretariat"])
    campaign.patient("another secretariat", "labellisation.dossier.get", {"dossier": dossier["id"]})
    detail = refused(campaign.move("another secretariat", dossier, "declarer_irrecevable",
                                   {**REASONS, "capacite": "ism"}), 403, "/data/capacite")
    assert "you hold no authority in the capacity ism" in detail
    campaign.go("secretariat", dossier, "declarer_irrecevable", {**REASONS, "capacite": "ism"})
    shown = decision(campaign, dossier)
    assert (shown["sense"], len(shown["remedies"])) == ("inadmissible", 2)
    assert [(s["capacity"], s["name"]) for s in shown["signatures"]] == [("ism", "Signataire : secretariat")]
    assert "Signataire : secretariat, Fonction : secretariat" in shown["text"]


def test_a_name_that_is_erased_leaves_the_signed_minutes(campaign, committee):
    assert committee.do("nommer", {"personne": [committee_member(campaign)], "nom": "Fonction à effacer",
                                   "qualite": "representant", "du": "2020-01-01"}).status == 200
    number = committee.matter["members"][-1]["number"]
    session, _ = decided(committee, "favorable")
    body = {"session": session.matter["id"]}
    first = session.done("signer_proces_verbal")["minutes"]
    assert "erased_at" not in first
    part = campaign.ok("chair", "labellisation.session.minutes", body)
    assert "Fonction à effacer" in read_pdf(part)
    assert "par Signataire : secretariat, Fonction : secretariat." in read_pdf(part)
    history = campaign.ok("secretariat", "labellisation.committee.history",
                          {"committee": committee.matter["id"], "limit": 200})["items"]
    assert committee.do("effacer_textes", {"etape": history[-1]["number"],
                                           "fondement": "demande_de_la_personne"}).status == 200
    minutes = session.show()["minutes"]
    assert minutes["sha256"] != first["sha256"] == minutes["first_sha256"]
    assert (minutes["erased_at"], minutes["first_signed_at"]) == (minutes["signed_at"], first["signed_at"])
    assert signed(minutes)
    refused(campaign.call("chair", "labellisation.session.minutes", {**body, "sha256": first["sha256"]}), 409)
    part = campaign.ok("chair", "labellisation.session.minutes", body)
    assert hashlib.sha256(base64.b64decode(part["content"])).hexdigest() == minutes["sha256"]
    text = read_pdf(part)
    assert "Fonction à effacer" not in text and "(nom effacé)" in text and first["sha256"] in text
    proof = campaign.ok("secretariat", "labellisation.session.verify", body)
    assert proof["valid"] and [e["name"] for e in proof["erasures"]] == ["minutes"], proof
    assert campaign.ok("admin", "labellisation.evidence.verify", {})["valid"]
    assert committee.do("mettre_fin", {"membre": number, "fin": "2020-01-02", "cause": "demission"}).status == 200


def committee_member(campaign):
    campaign.add("member to erase", ["committee"])
    return campaign.persons["member to erase"]


def test_decisions_in_a_batch_succeed_or_fail_each_by_itself(campaign, committee):
    session, dossiers = decided(committee, "favorable", "reserve", "favorable", "defavorable")
    campaign.go("candidate", dossiers[1], "retirer")
    batch = {"batch": "signature du ministre", "session": session.matter["id"], "opinions": ["favorable", "reserve"],
             "transition": "signer", "with": {"capacite": "ministre"}}

    def run(who, **more):
        return campaign.ok(who, "labellisation.decision.batch", {**batch, **more})

    answer = run("minister")
    assert [item["result"] for item in answer["items"]] == ["done", "refused", "done"]
    assert (answer["done"], answer["repeated"], answer["refused"]) == (2, 0, 1)
    lost = answer["items"][1]
    assert lost["status"] == "conflict" and "retire_par_candidat" in lost["detail"]
    before = [campaign.get(dossier)["version"] for dossier in dossiers]
    again = run("minister")
    assert [item["result"] for item in again["items"]] == ["repeated", "refused", "repeated"]
    assert [item["number"] for item in again["items"] if "number" in item] == [
        item["number"] for item in answer["items"] if "number" in item]
    assert [campaign.get(dossier)["version"] for dossier in dossiers] == before
    else_ = run("minister", **{"with": {"capacite": "ism"}}, opinions=["favorable"])
    assert [(item["result"], item["pointer"]) for item in else_["items"]] == [("refused", "/data")] * 2
    other = run("minister", transition="refuser", **{"with": REASONS}, opinions=["favorable"])
    assert [item["pointer"] for item in other["items"]] == ["/transition", "/transition"]
    awarded = run("ism", batch="signature de l'ISM", **{"with": {"capacite": "ism"}})
    assert [item.get("state") for item in awarded["items"]] == ["accorde", None, "accorde"]
    refusals = campaign.ok("minister", "labellisation.decision.batch", {
        "batch": "refus", "items": [
            {"dossier": dossiers[3]["id"], "transition": "refuser", "data": REASONS, "version": dossiers[3]["version"]},
            {"dossier": dossiers[3]["id"], "transition": "refuser", "data": REASONS},
            {"dossier": dossiers[3]["id"], "transition": "refuser", "data": {**REASONS, "motifs_fait": "Autres motifs."}},
            {"dossier": str(uuid.uuid4()), "transition": "refuser", "data": REASONS},
            {"dossier": dossiers[0]["id"], "transition": "effacer_textes", "version": dossiers[0]["version"],
             "data": {"etape": 1, "fondement": "donnee_non_necessaire"}}]})
    assert [item["result"] for item in refusals["items"]] == ["done", "repeated", "refused", "refused", "refused"]
    assert [item.get("status") for item in refusals["items"][2:]] == ["conflict", "not_found", "conflict"]
    stale = refusals["items"][4]
    assert stale["pointer"] == "/version" and (stale["present"]["version"], stale["present"]["state"]) == (
        campaign.get(dossiers[0])["version"], "accorde")
    assert [change["transition"] for change in stale["present"]["changes"]] == ["signer", "signer", "accorder"]
    assert refusals["items"][0]["number"] == campaign.get(dossiers[3])["version"]
    refused(campaign.call("minister", "labellisation.decision.batch", {"batch": "x"}), 400, "/items")
    refused(campaign.call("candidate", "labellisation.decision.batch", batch), 403)
    assert campaign.ok("admin", "labellisation.evidence.verify", {})["valid"]


def test_over_http_and_from_the_command_line(campaign, committee):
    session, dossiers = decided(committee, "favorable")
    gateway = Gateway(campaign.network)
    key = campaign.keys["secretariat"]
    session.done("signer_proces_verbal")
    path = f"/v1/sessions/{session.matter['id']}"
    shown = gateway.get(path, key=key).json
    assert shown["agenda"][0]["opinion"] == "favorable" and shown["minutes"]["sha256"]
    answer = gateway.get(path + "/minutes", key=key)
    assert answer.status == 200 and hashlib.sha256(answer.body).hexdigest() == shown["minutes"]["sha256"]
    assert "CONVOCATION" in gateway.get(path + "/convocation", key=key).json["text"]
    assert gateway.get("/v1/committees", key=key).json["items"][0]["rules"] == "mandatory"
    assert gateway.get(f"/v1/dossiers/{dossiers[0]['id']}/decision", key=key).status == 404
    batch = gateway.ask("POST", "/v1/decisions", key=campaign.keys["ism"], body={
        "batch": "http", "session": session.matter["id"], "transition": "signer", "with": {"capacite": "ism"}})
    assert batch.json["done"] == 1, batch
    pia = campaign.network

    def run(who, *words, code=0):
        path = pia.data / "committee.key"
        path.write_text(campaign.keys[who])
        done = pia.pia(*words, "--key", path)
        assert done.returncode == code, (done.stdout, done.stderr)
        return done.stdout

    made = json.loads(run("secretariat", "session", "create", committee.matter["id"], "En ligne", "2099-12-31", "--json"))
    waiting = before_committee(campaign)
    run("secretariat", "session", "do", made["id"], "inscrire", f"dossiers={waiting['id']}")
    run("secretariat", "session", "do", made["id"], "convoquer")
    assert waiting["title"] in run("secretariat", "session", "convocation", made["id"])
    assert "convoquee" in run("secretariat", "session", "list")
    run("secretariat", "committee", "do", committee.matter["id"], "mettre_fin", "membre=4", "fin=2098-01-01",
        "cause=demission")
    run("secretariat", "session", "minutes", session.matter["id"], "--output", str(pia.data / "pv.pdf"))
    assert (pia.data / "pv.pdf").read_bytes() == answer.body
    assert "done" in run("minister", "decide", "cli", "--session", session.matter["id"], "--transition", "signer",
                         "--with", '{"capacite": "ministre"}')
    assert "DÉCISION D’ATTRIBUTION" in run("secretariat", "decision", "show", dossiers[0]["id"])
    assert "Fonction" in run("secretariat", "authority", "list")

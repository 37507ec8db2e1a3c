"""Three years of labels with a shifted clock: renewal, mid-term report, contradictory phase, remedies, over HTTP."""

import hashlib
import time

import pytest

from campaign import Campaign
from content import PDF, attach
from gateway import Gateway
from labelling import DEMONSTRATION, NEEDED, needs, refused, start
from pia import Network

pytestmark = needs(*NEEDED, "gateway")


@pytest.fixture(scope="module")
def campaign(engine):
    with Network() as network:
        start(network, *engine.options, registry=DEMONSTRATION)
        campaign = Campaign(network)
        campaign.web = Gateway(network)
        yield campaign


def shown(campaign, label):
    return campaign.ok("secretariat", "labellisation.label.get", {"label": label["id"]})


def post(campaign, who, path, body):
    return campaign.web.post(path, body, key=campaign.keys[who])


def move(campaign, who, label, transition, data=None, status=200):
    """The label after a transition over HTTP (what it shows may be old)."""
    body = {"transition": transition, "version": shown(campaign, label)["version"],
            **({"data": data} if data else {})}
    answer = post(campaign, who, f"/v1/labels/{label['id']}/transitions", body)
    assert answer.status == status, answer
    return answer.json


def made(campaign, label):
    page = campaign.ok("secretariat", "labellisation.label.history", {"label": label["id"], "limit": 200})
    return {entry["transition"]: entry for entry in page["items"]}


def registry_says(campaign, code, **members):
    until = time.monotonic() + 20
    while True:
        answer = campaign.call("admin", "registry.pole.get", {"code": code})
        if all(answer.body.get(name) == value for name, value in members.items()):
            return answer.body
        assert time.monotonic() < until, (members, answer)


def certificate(campaign, label, on=None):
    asked = f"?on={on}" if on else ""
    answer = campaign.web.get(f"/v1/certificates/{label['number']}{asked}")
    assert answer.status == 200, answer
    return answer.json


def page(campaign, label, on=None):
    asked = f"&le={on}" if on else ""
    answer = campaign.web.get(f"/verification?numero={label['number']}{asked}")
    assert answer.status == 200, answer
    return answer.body.decode()


def labelled(campaign):
    dossier = campaign.create()
    campaign.ok("candidate", "labellisation.section.save", {
        "dossier": dossier["id"], "section": "partenariats", "version": 0, "text": "La chambre de métiers."})
    attach(campaign, dossier, "statuts")
    dossier = campaign.to_award(dossier)
    return campaign.ok("secretariat", "labellisation.label.get", {"label": dossier["label"]})


def test_a_label_is_renewed_and_its_renewal_follows_it(campaign):
    label = labelled(campaign)
    code = label["pole"]["code"]
    registry_says(campaign, code, state="active", label=label["id"], label_until=label["until"])
    campaign.advance(560)  # past the middle
    entry = made(campaign, label)["demander_bilan"]
    assert entry["effective_at"][:10] < label["midterm"] <= campaign.day()
    move(campaign, "candidate", label, "remettre_bilan", {"rapport": "Dix actions, deux mille entreprises."})
    move(campaign, "secretariat", label, "apprecier_bilan",
         {"appreciation": "satisfaisant", "motifs": "Le programme est tenu."})
    campaign.advance(200)  # within the last year
    label = shown(campaign, label)
    renewal = campaign.ok("candidate", "labellisation.dossier.get", {"dossier": label["renewal"]})
    assert renewal["state"] == "brouillon" and renewal["renews"] == label["id"]
    assert renewal["pole"] == label["pole"] and "appel" not in renewal
    section = campaign.ok("candidate", "labellisation.section.get",
                          {"dossier": renewal["id"], "section": "partenariats"})
    assert section["text"] == "La chambre de métiers." and section["version"] == 1
    pieces = campaign.ok("candidate", "labellisation.piece.list", {"dossier": renewal["id"]})["items"]
    files = [file for piece in pieces for file in piece["attachments"]]
    assert [(file["piece"], file["sha256"]) for file in files] == [
        ("statuts", hashlib.sha256(PDF).hexdigest())]
    renewal = campaign.to_award(renewal)
    following = campaign.ok("secretariat", "labellisation.label.get", {"label": renewal["label"]})
    assert following["state"] == "a_venir" and following["from"] == label["until"]
    assert following["renews"] == label["id"]
    assert certificate(campaign, following)["standing"] == "not_yet"
    assert "pas encore en vigueur" in page(campaign, following)
    campaign.advance(340)
    assert certificate(campaign, label)["standing"] == "expired"
    told = certificate(campaign, following)
    assert (told["standing"], told["renews"]) == ("valid", label["number"])
    assert label["number"] in page(campaign, following)
    registry_says(campaign, code, state="active", label=following["id"], label_until=following["until"])
    ends = [made(campaign, label)["expirer"]["effective_at"],
            made(campaign, following)["prendre_effet"]["effective_at"]]
    assert ends[0] == ends[1] and label["until"] > ends[0][:10]
    body = {"label": label["id"]}
    assert campaign.ok("admin", "labellisation.label.verify", body)["valid"]


def test_suspended_then_repealed_the_past_stays_as_it_was(campaign):
    label = labelled(campaign)
    first = campaign.day()
    early = {**campaign.notice("suspension"), "delai": campaign.day(10)}
    move(campaign, "secretariat", label, "ouvrir_procedure", early, status=409)
    move(campaign, "secretariat", label, "ouvrir_procedure", campaign.notice("suspension"))
    reasons = {"motifs_droit": "CRPA, article L242-2.", "motifs_fait": "Aucune action."}
    move(campaign, "minister", label, "suspendre", reasons, status=409)
    campaign.advance(20)  # no answer came
    label = move(campaign, "minister", label, "suspendre", reasons)
    registry_says(campaign, label["pole"]["code"], state="suspended")
    suspended = campaign.day()
    move(campaign, "instructing service", label, "ouvrir_procedure", campaign.notice("abrogation"))
    texts = campaign.web.get(f"/v1/labels/{label['id']}/texts?number={shown(campaign, label)['version']}",
                             key=campaign.keys["candidate"])
    texts = {item["name"]: item["text"] for item in texts.json["items"]}
    assert texts["griefs"] == "Aucune action depuis un an."
    assert label["number"] in texts["letter"] and "CRPA, article L122-1" in texts["letter"]
    move(campaign, "candidate", label, "presenter_observations", {"observations": "Nous avons recruté."})
    move(campaign, "candidate", label, "achever_observations")
    campaign.advance(2)
    label = move(campaign, "minister", label, "abroger", {"fondement": "condition_non_remplie", **reasons})
    assert label["until"] == campaign.day()
    registry_says(campaign, label["pole"]["code"], state="ended", label_until=campaign.day())
    assert [certificate(campaign, label, day)["standing"] for day in (first, suspended, campaign.day())] == [
        "valid", "suspended", "repealed"]
    assert "tenu pour <strong>valide</strong>" in page(campaign, label, first)
    answer = campaign.web.get(f"/v1/certificates/{label['number']}?on={campaign.day(3)}")
    assert answer.status == 400 and "after today" in answer.json["detail"]


def test_a_withdrawn_label_never_was_until_a_court_says_otherwise(campaign):
    label = labelled(campaign)
    first, code = campaign.day(), label["pole"]["code"]
    registry_says(campaign, code, labelled_since=first)
    move(campaign, "secretariat", label, "ouvrir_procedure", campaign.notice("retrait", "fraude"))
    move(campaign, "candidate", label, "presenter_observations", {"observations": "C'est faux."})
    move(campaign, "candidate", label, "achever_observations")
    label = move(campaign, "minister", label, "retirer_label", {
        "fondement": "fraude", "motifs_droit": "CRPA, article L241-2.", "motifs_fait": "Faux bilans."})
    pole = registry_says(campaign, code, state="ended")
    assert "labelled_since" not in pole
    campaign.advance(1)
    told = certificate(campaign, label, first)
    assert (told["standing"], "last_day" in told) == ("withdrawn", False)
    assert "réputé n’avoir jamais existé" in page(campaign, label, first)
    ways = campaign.web.get(f"/v1/labels/{label['id']}/remedies/deadline", key=campaign.keys["candidate"]).json
    assert [way["rule"] for way in ways["items"]] == ["recours-administratif", "recours-contentieux"]
    answer = post(campaign, "candidate", "/v1/remedies", {
        "label": label["id"], "transition": "former_contentieux",
        "data": {"envoye_le": campaign.day(), "notifie_le": first, "ressort": "metropole",
                 "juridiction": "Tribunal administratif, requête d'essai"}})
    assert answer.status == 201, answer
    remedy = answer.json
    assert remedy["state"] == "pendant" and remedy["late"] is False and remedy["deadline"]["segments"]
    answer = post(campaign, "secretariat", f"/v1/remedies/{remedy['id']}/transitions", {
        "transition": "constater_annulation", "version": remedy["version"],
        "data": {"juge_le": campaign.day(), "dispositif": "Le retrait est annulé."}})
    assert answer.status == 200 and answer.json["issue"] == "annulation", answer
    assert certificate(campaign, label)["standing"] == "valid"
    registry_says(campaign, code, state="active", labelled_since=first)


def test_a_refusal_is_contested_late_and_in_time(campaign):
    dossier = campaign.to_decision()
    dossier = campaign.go("minister", dossier, "refuser",
                          {"motifs_droit": "Article premier.", "motifs_fait": "Le besoin manque.",
                           "ecart": "Le budget a changé."})
    notified = campaign.day()
    ways = campaign.web.get(f"/v1/dossiers/{dossier['id']}/remedies/deadline",
                            key=campaign.keys["candidate"]).json
    assert ways["implicit"] is False and ways["informed"] is True
    last = ways["items"][0]["last_day"]

    def file(who, transition, sent):
        return post(campaign, who, "/v1/remedies", {
            "dossier": dossier["id"], "transition": transition,
            "data": {"envoye_le": sent, "recu_le": campaign.day(), "notifie_le": notified,
                     "motifs": "Le besoin est là."}})

    campaign.advance(20)
    assert file("reviewer 1", "former_gracieux", campaign.day()).status in (403, 404)
    assert file("candidate", "former_gracieux", notified).status == 400  # on line it is sent today
    gracious = file("candidate", "former_gracieux", campaign.day()).json
    assert gracious["state"] == "examen" and gracious["last_day"] == last
    assert campaign.get(dossier)["state"] == "refuse"
    campaign.advance(70)
    remedy = campaign.ok("candidate", "labellisation.remedy.get", {"remedy": gracious["id"]})
    assert remedy["state"] == "rejete_implicitement" and remedy["issue"] == "silence"
    texts = campaign.ok("candidate", "labellisation.remedy.texts", {"remedy": remedy["id"], "number": 2})
    assert "À défaut de réponse" in texts["items"][0]["text"]
    late = file("secretariat", "former_hierarchique", campaign.day()).json
    assert late["state"] == "examen" and late["late"] is True  # examined, but it interrupts nothing
    ways = campaign.ok("candidate", "labellisation.remedy.deadline", {"dossier": dossier["id"]})
    assert ways["items"][1]["last_day"] > campaign.day()  # the court's time was interrupted
    listed = campaign.ok("candidate", "labellisation.remedy.list", {"dossier": dossier["id"]})["items"]
    assert [item["id"] for item in listed] == [gracious["id"], late["id"]]
    refused(campaign.call("reviewer 1", "labellisation.remedy.get", {"remedy": late["id"]}), 404)
    body = {"transition": "admettre", "version": remedy["version"], "data": {"motifs": "Un fait nouveau."}}
    path = f"/v1/remedies/{remedy['id']}/transitions"
    assert post(campaign, "instructing service", path, body).status == 403  # it has no authority to decide
    answer = post(campaign, "ism", path, body)
    assert answer.status == 200 and answer.json["state"] == "admis", answer
    assert campaign.get(dossier)["state"] == "instruction"
    assert campaign.ok("admin", "labellisation.remedy.verify", {"remedy": remedy["id"]})["valid"]


def test_an_unfiled_renewal_holds_nothing_and_the_command_line_tells(campaign):
    label = labelled(campaign)
    campaign.advance(1100)  # all of it at once
    assert shown(campaign, label)["state"] == "expire"
    entries = made(campaign, label)
    assert list(entries)[-1] == "expirer" and "demander_bilan" in entries
    pia = campaign.network.pia
    assert "expired" in pia("label", "check", label["number"]).stdout
    assert "valid" in pia("label", "check", label["number"], "--on", label["from"]).stdout
    assert "expirer" in pia("label", "history", label["id"]).stdout


def test_what_is_due_while_nothing_runs_is_dated_as_it_was_due(campaign):
    label, dossier = labelled(campaign), campaign.to_decision()
    dossier = campaign.go("minister", dossier, "refuser",
                          {"motifs_droit": "Article premier.", "motifs_fait": "Le besoin manque.",
                           "ecart": "Le budget a changé."})
    remedy = campaign.ok("candidate", "labellisation.remedy.create", {
        "dossier": dossier["id"], "transition": "former_gracieux",
        "data": {"envoye_le": campaign.day(), "recu_le": campaign.day(), "notifie_le": campaign.day(),
                 "motifs": "Le besoin est là."}})
    due = {timer["name"]: timer["due_at"] for timer in (*label["timers"], *remedy["timers"])}
    [p for p in campaign.network.processes if p.name == "labellisation"][-1].kill()
    campaign.ok("admin", "registry.clock.advance", {"by_ms": 1200 * 24 * 3600 * 1000})
    campaign.network.start("labellisation", *campaign.network.options)
    until = time.monotonic() + 20
    while shown(campaign, label)["state"] != "expire":  # it learns what day it is
        assert time.monotonic() < until
    for _ in range(2):  # once, however often one asks
        entries = made(campaign, label)
        assert entries["expirer"]["effective_at"] == due["validite"] < entries["expirer"]["recorded_at"]
        assert entries["renouvellement_12"]["effective_at"] == due["renouvellement_12"]
    page = campaign.ok("secretariat", "labellisation.remedy.history", {"remedy": remedy["id"]})["items"]
    silent = [entry for entry in page if entry["transition"] == "rejeter_implicitement"]
    assert [entry["effective_at"] for entry in silent] == [due["silence"]]

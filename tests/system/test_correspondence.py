"""What passes between a candidate and the secretariat: the receipt, messages, and notes that stay inside."""

import json
import uuid

import deadlines
import pytest

from campaign import Campaign
from content import PDF, attach, save
from labelling import pytestmark, refused, start  # noqa: F401
from pia import Network

SECRET = "confidentiel-" + uuid.uuid4().hex
OFFICE = ("--labellisation.office", "Secrétariat (démonstration)", "--labellisation.office-address",
          "1 rue de la Démonstration, 75000 Paris", "--labellisation.office-email", "secretariat@pia.example",
          "--labellisation.office-phone", "00 00 00 00 00")


@pytest.fixture(scope="module")
def campaign(engine):
    with Network() as network:
        start(network, *OFFICE, *engine.options)
        campaign = Campaign(network)
        campaign.add("colleague", ["candidat"], campaign.structure)
        yield campaign


def receipt(campaign, dossier, who="candidate", **more):
    return campaign.ok(who, "labellisation.receipt.get", {"dossier": dossier["id"], **more})


def send(campaign, who, dossier, text):
    return campaign.call(who, "labellisation.message.send", {"dossier": dossier["id"], "text": text})


def messages(campaign, who, dossier, **more):
    return campaign.ok(who, "labellisation.message.list", {"dossier": dossier["id"], **more})


# The receipt


def test_a_filing_gets_a_receipt_with_all_that_the_law_asks_for(campaign):
    dossier = campaign.create()
    refused(campaign.call("candidate", "labellisation.receipt.get", {"dossier": dossier["id"]}), 404)
    attach(campaign, dossier, "statuts")
    dossier = campaign.go("candidate", dossier, "deposer")
    issued = receipt(campaign, dossier)
    assert issued["number"] == 2 and issued["complete"] is True and issued["attestation"] is False
    assert issued["office"] == {"service": "Secrétariat (démonstration)",
                                "address": "1 rue de la Démonstration, 75000 Paris",
                                "email": "secretariat@pia.example", "phone": "00 00 00 00 00"}
    assert [piece["piece"] for piece in issued["missing"]] == ["budget", "comptes"]
    assert issued["silence"]["sense"] == "rejet" and issued["silence"]["period"] == "2\u00a0mois"
    assert issued["silence"]["on"] == dossier["deadline"]["last_day"]
    counted = {rule: campaign.ok("candidate", "labellisation.deadline.compute",
                                 {"rule": rule, "from": start})["last_day"]
               for rule, start in (("enregistrement", issued["received_on"]),
                                   ("accuse-reception", issued["received_on"]),
                                   ("recours-administratif", issued["silence"]["on"]),
                                   ("recours-contentieux", issued["silence"]["on"]))}
    assert issued["registration_due"] == counted["enregistrement"]
    assert issued["receipt_due"] == counted["accuse-reception"]
    assert {r["rule"]: r["last_day"] for r in issued["remedies"]} == {
        rule: counted[rule] for rule in ("recours-administratif", "recours-contentieux")}
    text = issued["text"]
    for words in ("ACCUSÉ DE RÉCEPTION", "R112-5", dossier["title"], dossier["id"], "sera réputée rejetée",
                  "Secrétariat (démonstration)", "1 rue de la Démonstration", "secretariat@pia.example",
                  "00 00 00 00 00", "Budget prévisionnel", "L114-5", "Recours devant le tribunal administratif",
                  "CJA, art. R421-1", "L231-4"):
        assert words in text, (words, text)
    assert "L232-3" not in text


def test_who_lives_overseas_has_a_month_more_before_the_court(campaign):
    for place in ("974", "57"):
        pole = {"code": "essai-" + uuid.uuid4().hex[:8], "name": "Pôle d'essai", "departement": place}
        issued = receipt(campaign, campaign.go("candidate", campaign.create(pole=pole), "deposer"))
        for remedy in issued["remedies"]:
            last = deadlines.last_day(remedy["rule"], issued["silence"]["on"], place)
            assert remedy["last_day"] == str(last), (place, remedy)


def test_a_receipt_never_changes_and_stands_in_the_history(campaign):
    dossier = campaign.go("candidate", campaign.create(), "deposer")
    issued = receipt(campaign, dossier)
    entry = campaign.history(dossier)[1]
    texts = campaign.ok("candidate", "labellisation.dossier.texts", {"dossier": dossier["id"], "number": 2})
    assert [t["text"] for t in texts["items"] if t["name"] == "receipt"] == [issued["text"]]
    assert entry["data"]["receipt"]["blake2b"]
    dossier = campaign.go("secretariat", dossier, "declarer_incomplet", campaign.pieces())
    attach(campaign, dossier, "budget")
    dossier = campaign.go("candidate", dossier, "completer")
    assert receipt(campaign, dossier) == receipt(campaign, dossier, "secretariat", number=2) == issued
    proof = campaign.ok("secretariat", "labellisation.dossier.verify", {"dossier": dossier["id"]})
    assert proof["valid"] is True
    refused(campaign.call("candidate", "labellisation.receipt.get",
                          {"dossier": dossier["id"], "number": 3}), 404)


# Messages


def test_messages_go_both_ways_and_are_marked_as_read(campaign):
    dossier = campaign.create()
    first = send(campaign, "candidate", dossier, "Une question ?")
    assert first.status == 200 and first.body["number"] == 1 and first.body["read"] is False
    assert send(campaign, "secretariat", dossier, "Une réponse.").body["number"] == 2
    assert send(campaign, "secretariat", dossier, "Une précision.").body["number"] == 3
    seen = messages(campaign, "colleague", dossier)
    assert [(m["side"], m["text"]) for m in seen["items"]] == [
        ("candidate", "Une question ?"), ("office", "Une réponse."), ("office", "Une précision.")]
    assert seen["unread"] == 2 and "author" not in seen["items"][1]
    assert seen["items"][0]["author"] == "/persons/" + campaign.persons["candidate"]
    assert messages(campaign, "secretariat", dossier)["unread"] == 1
    marked = campaign.ok("candidate", "labellisation.message.read", {"dossier": dossier["id"], "number": 2})
    assert marked == {"number": 2, "marked": 1}
    shown = messages(campaign, "secretariat", dossier)["items"]
    assert [m["read"] for m in shown] == [False, True, False] and shown[1]["read_at"]
    page = messages(campaign, "candidate", dossier, limit=2)
    assert [m["number"] for m in messages(campaign, "candidate", dossier, after=page["next"])["items"]] == [3]
    assert campaign.get(dossier)["version"] == dossier["version"]


def test_messages_are_between_the_two_sides(campaign):
    dossier = campaign.go("candidate", campaign.create(), "deposer")
    assert send(campaign, "instructing service", dossier, "Une demande.").status == 200
    for who in ("committee", "minister"):
        refused(campaign.call(who, "labellisation.message.list", {"dossier": dossier["id"]}), 403)
        refused(send(campaign, who, dossier, "x"), 403)
    refused(campaign.call("reviewer 1", "labellisation.message.list", {"dossier": dossier["id"]}), 404)
    refused(send(campaign, "candidate", dossier, ""), 400, "/text")
    refused(send(campaign, "candidate", dossier, "é" * 4001), 400, "/text")


# Notes


def ways_out(campaign, who, dossier):
    """Everything that someone can ask about a dossier, as texts."""
    body = {"dossier": dossier["id"]}
    for message, more in (("dossier.get", {}), ("dossier.transitions", {}), ("dossier.history", {}),
                          ("dossier.texts", {"number": 1}), ("dossier.texts", {"number": 2}),
                          ("dossier.reviews", {}), ("dossier.verify", {}), ("dossier.proof", {}),
                          ("section.list", {}), ("section.get", {"section": "presentation"}),
                          ("section.versions", {"section": "presentation"}), ("piece.list", {}),
                          ("completion.list", {}), ("receipt.get", {}), ("message.list", {}),
                          ("note.list", {})):
        yield message, campaign.call(who, "labellisation." + message, {**body, **more})
    yield "dossier.list", campaign.call(who, "labellisation.dossier.list", {})
    yield "event.list", campaign.call(who, "diffusion.event.list", {"limit": 100})


def test_notes_never_reach_the_candidate(campaign):
    dossier = campaign.create()
    assert save(campaign, "candidate", dossier, "presentation", 0, "Un texte.").status == 200
    note = campaign.ok("secretariat", "labellisation.note.add", {"dossier": dossier["id"], "text": SECRET})
    assert note["number"] == 1
    dossier = campaign.go("candidate", dossier, "deposer")
    for who in ("secretariat", "instructing service"):
        shown = campaign.ok(who, "labellisation.note.list", {"dossier": dossier["id"]})
        assert [n["text"] for n in shown["items"]] == [SECRET]
    for who in ("candidate", "colleague", "committee", "minister", "reviewer 1", "reviewer of the structure"):
        for message, answer in ways_out(campaign, who, dossier):
            assert SECRET not in json.dumps(answer.body, ensure_ascii=False), (who, message)
        refused(campaign.call(who, "labellisation.note.list", {"dossier": dossier["id"]}), 403)
        refused(campaign.call(who, "labellisation.note.add", {"dossier": dossier["id"], "text": "x"}), 403)
    # What the store holds of it: its text, under a hash that no history names.
    texts = [t["hash"] for number in (1, 2) for t in campaign.ok(
        "secretariat", "labellisation.dossier.texts", {"dossier": dossier["id"], "number": number})["items"]]
    assert len(texts) == 2  # the section and the receipt


def test_who_is_of_the_structure_sees_no_note_whatever_the_role(campaign):
    campaign.add("candidate and secretariat", ["candidat", "secretariat"], campaign.structure)
    dossier = campaign.create()
    campaign.ok("secretariat", "labellisation.note.add", {"dossier": dossier["id"], "text": SECRET})
    refused(campaign.call("candidate and secretariat", "labellisation.note.list", {"dossier": dossier["id"]}), 403)

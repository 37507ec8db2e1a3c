"""A dossier as a zip: what is in it, for whom, and that it is the same bytes each time."""

import hashlib
import io
import json
import os
import subprocess
import sys
import time
import zipfile

import pytest

from campaign import REPORT, Campaign
from content import attach
from gateway import Gateway
from labelling import NEEDED, needs, start
from pia import Network
from test_evidence import SCRIPT

pytestmark = needs(*NEEDED, "gateway")
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


@pytest.fixture(scope="module")
def campaign(engine):
    with Network() as network:
        start(network, *engine.options)
        campaign = Campaign(network)
        campaign.web = Gateway(network)
        yield campaign


def export(campaign, dossier, who="secretariat", **how):
    return campaign.web.get(f"/v1/dossiers/{dossier['id']}/export", key=campaign.keys[who], **how)


def opened(answer):
    assert answer.status == 200 and answer.headers["content-type"] == "application/zip", answer
    assert answer.headers["etag"] == '"' + hashlib.sha256(answer.body).hexdigest() + '"'
    return zipfile.ZipFile(io.BytesIO(answer.body))


def reviewed(campaign, file=PDF):
    dossier = campaign.create()
    attach(campaign, dossier, "statuts", file)
    campaign.ok("candidate", "labellisation.section.save", {
        "dossier": dossier["id"], "section": "presentation", "version": 0, "text": "Qui nous sommes : essai."})
    return campaign.to_decision(dossier)


def test_everything_that_one_may_read_is_in_it(campaign, tmp_path):
    dossier = reviewed(campaign)
    archive = opened(export(campaign, dossier))
    assert archive.testzip() is None
    manifest = json.loads(archive.read("manifeste.json"))
    names = archive.namelist()
    assert names[0] == "resume.pdf" and names[-1] == "manifeste.json" and len(set(names)) == len(names)
    assert [item["name"] for item in manifest["files"]] == names[:-1] and manifest["left_out"] == []
    for item in manifest["files"]:
        content = archive.read(item["name"])
        assert len(content) == item["size"]
        assert hashlib.sha256(content).hexdigest() == item["sha256"]
    assert json.loads(archive.read("dossier.json")) == campaign.get(dossier)
    assert json.loads(archive.read("historique.json")) == campaign.history(dossier)
    assert archive.read("sections/presentation.txt").decode() == "Qui nous sommes : essai."
    piece, = [name for name in names if name.startswith("pieces/statuts/")]
    assert archive.read(piece) == PDF
    assert [review["text"] for review in json.loads(archive.read("rapports.json"))["items"]] == [REPORT["texte"]] * 2
    texts = [archive.read(name).decode() for name in names if name.startswith("textes/")]
    assert "Avis d'essai." in texts
    assert "accuse-de-reception.txt" in names
    (tmp_path / "preuve.json").write_bytes(archive.read("preuve.json"))
    subprocess.run([sys.executable, SCRIPT, tmp_path / "preuve.json"], check=True)
    (tmp_path / "resume.pdf").write_bytes(archive.read("resume.pdf"))
    shown = subprocess.run(["pdftotext", tmp_path / "resume.pdf", "-"], capture_output=True, check=True)
    shown = shown.stdout.decode().replace("\u202f", " ").replace("\u00a0", " ")
    for words in ("Dossier d’essai", "Historique", "En attente de décision", "Qui nous sommes : essai."):
        assert words in shown, shown


def test_no_date_and_no_compression_is_in_it(campaign):
    archive = opened(export(campaign, reviewed(campaign)))
    for info in archive.infolist():
        assert info.date_time == (1980, 1, 1, 0, 0, 0) and info.compress_type == zipfile.ZIP_STORED
        assert info.extra == b"" and info.external_attr >> 16 == 0o100644


def test_the_candidate_gets_what_it_may_read(campaign):
    dossier = reviewed(campaign)
    archive = opened(export(campaign, dossier, "candidate"))
    names = archive.namelist()
    assert "rapports.json" not in names and "sections/presentation.txt" in names
    everything = b"".join(archive.read(name) for name in names).decode(errors="replace")
    assert REPORT["texte"] not in everything
    assert campaign.persons["reviewer 1"] not in everything and '"avis"' not in everything
    asked = campaign.to_review()
    assert export(campaign, asked, "reviewer 1").status == 404  # its interests are not declared
    own = opened(export(campaign, dossier, "reviewer 1"))
    assert len(json.loads(own.read("rapports.json"))["items"]) == 1
    other = campaign.ok("admin", "registry.structure.create", {"name": "Autre structure"})["id"]
    campaign.add("other", ["candidat"], other)
    assert export(campaign, dossier, "other").status == 404
    assert campaign.web.get(f"/v1/dossiers/{dossier['id']}/export").status == 401


def test_messages_are_in_it_and_notes_are_not(campaign):
    dossier = campaign.create()
    assert "messages.json" not in opened(export(campaign, dossier)).namelist()
    for n in range(3):
        campaign.ok("candidate", "labellisation.message.send", {"dossier": dossier["id"], "text": f"Question {n} ?"})
    campaign.ok("secretariat", "labellisation.message.send", {"dossier": dossier["id"], "text": "Voici la réponse."})
    campaign.ok("secretariat", "labellisation.note.add", {"dossier": dossier["id"], "text": "Note confidentielle."})
    for who in ("secretariat", "candidate"):
        archive = opened(export(campaign, dossier, who))
        letters = json.loads(archive.read("messages.json"))
        assert [letter["text"] for letter in letters] == [*(f"Question {n} ?" for n in range(3)), "Voici la réponse."]
        assert [letter["side"] for letter in letters] == ["candidate"] * 3 + ["office"]
        assert not any("Note confidentielle" in archive.read(name).decode(errors="replace") for name in archive.namelist())
        assert "author" not in letters[3]


def test_it_is_the_same_bytes_each_time(campaign):
    dossier = reviewed(campaign)
    first = export(campaign, dossier)
    began = int(time.time()) // 2
    campaign.create()  # another dossier changes the log's head, not this proof
    while int(time.time()) // 2 == began:  # a zip's own clock has steps of two seconds
        assert export(campaign, dossier).body == first.body
    assert export(campaign, dossier).body == first.body
    running = [p for p in campaign.network.processes if p.name == "labellisation"][-1]
    assert running.stop() is None
    campaign.network.start("labellisation", *campaign.network.options)
    assert export(campaign, dossier).body == first.body
    assert export(campaign, dossier, headers={"If-None-Match": first.headers["etag"]}).status == 304
    changed = campaign.go("minister", dossier, "signer", {"capacite": "ministre"})
    assert export(campaign, changed).body != first.body


def test_a_large_one_comes_in_parts(campaign, tmp_path):
    file = PDF + os.urandom(1500000)
    dossier = reviewed(campaign, file)
    answer = export(campaign, dossier)
    archive = opened(answer)
    piece, = [name for name in archive.namelist() if name.startswith("pieces/statuts/")]
    assert archive.read(piece) == file
    path = tmp_path / "dossier.zip"
    assert campaign.network.pia("dossier", "export", dossier["id"], "--output", str(path)).returncode == 0
    part = export(campaign, dossier, headers={"Range": "bytes=100-199"})
    assert part.status == 206 and part.body == answer.body[100:200]
    body = {"dossier": dossier["id"], "offset": 524288, "sha256": "0" * 64}
    assert campaign.call("secretariat", "labellisation.dossier.export", body).status == 409


def test_an_erased_text_is_in_no_export(campaign):
    dossier = reviewed(campaign)
    number = next(entry["number"] for entry in campaign.history(dossier) if entry["transition"] == "rendre_avis")
    dossier = campaign.go("secretariat", dossier, "effacer_textes",
                          {"etape": number, "fondement": "demande_de_la_personne"})
    archive = opened(export(campaign, dossier))
    assert f"textes/{number:04d}-texte.txt" not in archive.namelist()

"""What the tests of a dossier's content share: its people on both engines, saving, sending files."""

import base64
import hashlib

import pytest

from campaign import Campaign
from labelling import start
from pia import Network

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type /Catalog>>\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n"
PART = 512 * 1024


@pytest.fixture(scope="module")
def running(engine):
    with Network() as network:
        start(network, "--labellisation.file-max", "4", "--labellisation.dossier-max", "6", *engine.options)
        yield network


@pytest.fixture(scope="module")
def campaign(running):
    campaign = Campaign(running)
    campaign.add("colleague", ["candidat"], campaign.structure)
    other = campaign.ok("admin", "registry.structure.create",
                        {"name": "Autre structure (démonstration)", "demonstration": True})["id"]
    campaign.add("stranger", ["candidat"], other)
    return campaign


def save(campaign, who, dossier, section, version, text):
    return campaign.call(who, "labellisation.section.save",
                         {"dossier": dossier["id"], "section": section, "version": version, "text": text})


def section(campaign, who, dossier, name, **more):
    return campaign.ok(who, "labellisation.section.get", {"dossier": dossier["id"], "section": name, **more})


def pieces(campaign, dossier, who="candidate"):
    answer = campaign.ok(who, "labellisation.piece.list", {"dossier": dossier["id"]})
    return answer, {piece["name"]: piece for piece in answer["items"]}


def begin(campaign, dossier, piece, content, name="fichier.pdf", who="candidate", **more):
    return campaign.call(who, "labellisation.upload.create", {
        "dossier": dossier["id"], "piece": piece, "name": name, "size": len(content), **more})


def put(campaign, dossier, upload, offset, part, who="candidate"):
    return campaign.call(who, "labellisation.upload.put", {
        "dossier": dossier["id"], "upload": upload["id"], "offset": offset,
        "content": base64.b64encode(part).decode()}, timeout=20)


def finish(campaign, dossier, upload, content, who="candidate"):
    return campaign.call(who, "labellisation.upload.finish", {
        "dossier": dossier["id"], "upload": upload["id"],
        "sha256": hashlib.sha256(content).hexdigest()})


def attach(campaign, dossier, piece, content=PDF, name="fichier.pdf", who="candidate"):
    answer = begin(campaign, dossier, piece, content, name, who)
    assert answer.status == 200, answer
    for offset in range(0, len(content), PART):
        held = put(campaign, dossier, answer.body, offset, content[offset:offset + PART], who)
        assert held.status == 200, held
    done = finish(campaign, dossier, answer.body, content, who)
    assert done.status == 200, done
    return done.body


def download(campaign, who, dossier, attachment):
    content = b""
    while len(content) < attachment["size"]:
        part = campaign.ok(who, "labellisation.attachment.read", {
            "dossier": dossier["id"], "attachment": attachment["id"], "offset": len(content)})
        content += base64.b64decode(part["content"])
    return content

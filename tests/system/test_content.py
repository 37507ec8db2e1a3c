"""What a dossier holds: sections in versions, files in parts, requests to complete it."""

import hashlib
import os
import time

from content import (PART, PDF, attach, begin, campaign, download, finish, pieces, put, running,  # noqa: F401
                     save, section)
from labelling import pytestmark, refused  # noqa: F401


# Sections


def test_each_save_is_a_version_that_can_be_read_again(campaign):
    dossier = campaign.create()
    assert section(campaign, "candidate", dossier, "presentation")["version"] == 0
    for version, text in enumerate(["Un.", "Un.\nDeux.", "Un.\nDeux.\nTrois."]):
        answer = save(campaign, "candidate", dossier, "presentation", version, text)
        assert answer.status == 200 and answer.version == version + 1, answer
    assert section(campaign, "colleague", dossier, "presentation")["text"] == "Un.\nDeux.\nTrois."
    old = section(campaign, "candidate", dossier, "presentation", revision=2)
    assert old["text"] == "Un.\nDeux." and old["version"] == 2 and old["present"] == 3
    changed = section(campaign, "candidate", dossier, "presentation", since=1)["change"]
    assert changed == {"line": 1, "before": "Un.", "after": "Un.\nDeux.\nTrois."}
    page = campaign.ok("candidate", "labellisation.section.versions",
                       {"dossier": dossier["id"], "section": "presentation", "limit": 2})
    assert [item["version"] for item in page["items"]] == [3, 2]
    rest = campaign.ok("candidate", "labellisation.section.versions",
                       {"dossier": dossier["id"], "section": "presentation", "after": page["next"]})
    assert [item["version"] for item in rest["items"]] == [1] and "next" not in rest
    assert page["items"][0]["author"] == "/persons/" + campaign.persons["candidate"]


def test_saving_the_same_text_again_makes_no_version(campaign):
    dossier = campaign.create()
    for version in (0, 1):
        assert save(campaign, "candidate", dossier, "besoins", version, "Pareil.").version == 1


def test_two_people_on_different_sections_never_conflict(campaign):
    dossier = campaign.create()
    for version in range(3):
        for who, name in (("candidate", "presentation"), ("colleague", "besoins")):
            assert save(campaign, who, dossier, name, version, f"{name} {version}").status == 200
    assert campaign.get(dossier)["version"] == dossier["version"]  # a draft is not history


def test_who_comes_second_gets_what_the_first_has_written(campaign):
    dossier = campaign.create()
    assert save(campaign, "candidate", dossier, "programme", 0, "a\nb\nc\n").status == 200
    assert save(campaign, "colleague", dossier, "programme", 1, "a\nB\nc\n").status == 200
    answer = save(campaign, "candidate", dossier, "programme", 1, "a\nb\nC\n")
    refused(answer, 409, "/version")
    present = answer.body["present"]
    assert present["version"] == 2 and present["text"] == "a\nB\nc\n"
    assert present["author"] == "/persons/" + campaign.persons["colleague"]
    assert present["change"] == {"line": 2, "before": "b\n", "after": "B\n"}
    assert save(campaign, "candidate", dossier, "programme", 2, "a\nB\nC\n").status == 200


def test_sections_are_bounded_and_known(campaign):
    dossier = campaign.create()
    refused(save(campaign, "candidate", dossier, "presentation", 0, "é" * 10001), 413, "/text")
    refused(save(campaign, "candidate", dossier, "inconnue", 0, "x"), 404, "/section")
    refused(campaign.call("candidate", "labellisation.section.get",
                          {"dossier": dossier["id"], "section": "presentation", "revision": 9}), 404)


def test_a_draft_is_the_structures_and_the_secretariats(campaign):
    dossier = campaign.create()
    assert save(campaign, "candidate", dossier, "presentation", 0, "Brouillon.").status == 200
    body = {"dossier": dossier["id"], "section": "presentation"}
    assert section(campaign, "secretariat", dossier, "presentation")["text"] == "Brouillon."
    for who in ("instructing service", "committee", "minister"):
        refused(campaign.call(who, "labellisation.section.get", body), 403)
    for who in ("stranger", "reviewer 1"):
        refused(campaign.call(who, "labellisation.section.get", body), 404)
    for who in ("secretariat", "instructing service"):
        refused(save(campaign, who, dossier, "presentation", 1, "Autre."), 403)
    campaign.go("candidate", dossier, "deposer")
    filed = section(campaign, "committee", dossier, "presentation")
    assert filed["text"] == "Brouillon." and "author" not in filed
    refused(save(campaign, "candidate", dossier, "presentation", 1, "Trop tard."), 409)


def test_what_was_filed_stands_in_the_history(campaign):
    dossier = campaign.create()
    assert save(campaign, "candidate", dossier, "presentation", 0, "Déposé.").status == 200
    file = attach(campaign, dossier, "statuts", name="Statuts de quelqu'un.pdf")
    dossier = campaign.go("candidate", dossier, "deposer")
    entry = campaign.history(dossier)[1]
    assert entry["transition"] == "deposer" and entry["data"]["section.presentation"]["version"] == 1
    assert entry["data"]["files"] == [{"id": file["id"], "piece": "statuts", "size": len(PDF),
                                      "sha256": hashlib.sha256(PDF).hexdigest(), "type": "application/pdf"}]
    texts = campaign.ok("secretariat", "labellisation.dossier.texts", {"dossier": dossier["id"], "number": 2})
    assert "Déposé." in [text.get("text") for text in texts["items"]]
    proof = campaign.ok("secretariat", "labellisation.dossier.verify", {"dossier": dossier["id"]})
    assert proof["valid"] is True
    versions = campaign.ok("candidate", "labellisation.section.versions",
                           {"dossier": dossier["id"], "section": "presentation"})["items"]
    assert [item["filed"] for item in versions] == [True]


# Pieces


def test_a_file_comes_in_parts_and_goes_on_where_it_was(campaign):
    dossier = campaign.create()
    content = PDF + os.urandom(2 * PART + 1000)
    upload = begin(campaign, dossier, "statuts", content,
                   sha256=hashlib.sha256(content).hexdigest()).body
    assert upload["held"] == 0 and upload["part"] == PART
    assert put(campaign, dossier, upload, 0, content[:PART]).body["held"] == PART
    assert put(campaign, dossier, upload, 0, content[:PART]).body["held"] == PART  # again: passed over
    answer = put(campaign, dossier, upload, PART + 1, content[PART + 1:2 * PART])
    refused(answer, 409, "/offset")
    assert answer.body["present"]["held"] == PART
    refused(finish(campaign, dossier, upload, content), 409)
    assert put(campaign, dossier, upload, PART - 7, content[PART - 7:2 * PART - 7]).body["held"] == 2 * PART - 7
    state = campaign.ok("colleague", "labellisation.upload.get",
                        {"dossier": dossier["id"], "upload": upload["id"]})
    assert state["held"] == 2 * PART - 7
    refused(put(campaign, dossier, upload, state["held"], content[state["held"]:] + b"x" * 10), 400)
    assert put(campaign, dossier, upload, state["held"], content[state["held"]:][:PART]).status == 200
    if len(content) - state["held"] > PART:
        assert put(campaign, dossier, upload, state["held"] + PART, content[state["held"] + PART:]).status == 200
    done = finish(campaign, dossier, upload, content)
    assert done.status == 200 and done.body["type"] == "application/pdf", done
    assert finish(campaign, dossier, upload, content).body == done.body  # told again
    assert download(campaign, "colleague", dossier, done.body) == content


def test_what_came_must_be_what_was_announced(campaign):
    dossier = campaign.create()
    upload = begin(campaign, dossier, "statuts", PDF, sha256="0" * 64).body
    assert put(campaign, dossier, upload, 0, PDF).status == 200
    refused(finish(campaign, dossier, upload, PDF), 400, "/sha256")
    refused(campaign.call("candidate", "labellisation.upload.finish",
                          {"dossier": dossier["id"], "upload": upload["id"]}), 400, "/sha256")
    assert campaign.ok("candidate", "labellisation.upload.remove",
                       {"dossier": dossier["id"], "upload": upload["id"]}) == {"id": upload["id"]}
    refused(put(campaign, dossier, upload, 0, PDF), 404, "/upload")


def test_the_content_decides_what_a_file_is(campaign):
    dossier = campaign.create()
    for content, name in ((b"MZ\x90\x00" + bytes(60), "statuts.pdf"),
                          (b"<html><script>alert(1)</script></html>", "statuts.pdf"),
                          (b"#!/bin/sh\nrm -rf /\n", "lettre.pdf")):
        upload = begin(campaign, dossier, "statuts", content, name).body
        put(campaign, dossier, upload, 0, content)
        assert "which this piece does not accept" in refused(
            finish(campaign, dossier, upload, content), 400, "/content")
        campaign.ok("candidate", "labellisation.upload.remove",
                    {"dossier": dossier["id"], "upload": upload["id"]})
    png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(20)
    assert attach(campaign, dossier, "rib", png, "rib.pdf")["type"] == "image/png"
    assert attach(campaign, dossier, "lettres", "Bonjour, ça va.\n".encode(), "lettre.txt")["type"] == "text/plain"


def test_uploads_are_bounded(campaign):
    dossier = campaign.create()
    refused(begin(campaign, dossier, "statuts", b"x" * 10, size=4 * 1024 * 1024 + 1), 413, "/size")
    refused(begin(campaign, dossier, "statuts", PDF, name="../etc/passwd"), 400, "/name")
    refused(begin(campaign, dossier, "inconnue", PDF), 404, "/piece")
    refused(begin(campaign, dossier, "statuts", PDF, sha256="Z" * 64), 400, "/sha256")
    first = begin(campaign, dossier, "budget", b"", size=4 * 1024 * 1024)
    assert first.status == 200, first
    refused(begin(campaign, dossier, "budget", b"", size=3 * 1024 * 1024), 413, "/size")
    campaign.ok("candidate", "labellisation.upload.remove",
                {"dossier": dossier["id"], "upload": first.body["id"]})
    attach(campaign, dossier, "statuts")
    refused(begin(campaign, dossier, "statuts", PDF), 409, "/piece")
    for who in ("secretariat", "instructing service"):
        refused(begin(campaign, dossier, "budget", PDF, who=who), 403)
    refused(begin(campaign, dossier, "budget", PDF, who="stranger"), 404)


def test_files_of_a_draft_may_be_removed_and_filed_ones_stay(campaign):
    dossier = campaign.create()
    file = attach(campaign, dossier, "statuts")
    twin = attach(campaign, dossier, "budget")  # the same bytes
    body = {"dossier": dossier["id"], "attachment": file["id"]}
    refused(campaign.call("secretariat", "labellisation.attachment.remove", body), 403)
    assert campaign.ok("colleague", "labellisation.attachment.remove", body) == {"id": file["id"]}
    refused(campaign.call("candidate", "labellisation.attachment.read", body), 404, "/attachment")
    assert download(campaign, "secretariat", dossier, twin) == PDF
    refused(campaign.call("minister", "labellisation.attachment.read",
                          {"dossier": dossier["id"], "attachment": twin["id"]}), 403)
    dossier = campaign.go("candidate", dossier, "deposer")
    body["attachment"] = twin["id"]
    refused(campaign.call("candidate", "labellisation.attachment.remove", body), 409)
    assert download(campaign, "minister", dossier, twin) == PDF


# Requests to complete


def test_what_is_missing_is_asked_for_once_and_answered(campaign):
    dossier = campaign.create()
    answer, before = pieces(campaign, dossier)
    assert answer["complete"] is False and answer["missing_pieces"] == ["statuts", "budget", "comptes"]
    assert answer["missing_sections"] == ["presentation", "besoins", "programme"]
    for name in answer["missing_sections"]:
        save(campaign, "candidate", dossier, name, 0, "Texte.")
    attach(campaign, dossier, "statuts")
    dossier = campaign.go("candidate", dossier, "deposer")  # incomplete, and allowed (L114-5)
    answer, _ = pieces(campaign, dossier, "secretariat")
    assert answer["missing_pieces"] == ["budget", "comptes"] and answer["missing_sections"] == []
    data = campaign.pieces(days=15)
    data["pieces"] = [{"piece": "statuts", "why": "outdated"}, {"piece": "inconnue", "why": "missing"}]
    refused(campaign.move("secretariat", dossier, "declarer_incomplet", data), 400, "/data/pieces/1")
    data["pieces"][1] = {"piece": "budget", "why": "perdue"}
    refused(campaign.move("secretariat", dossier, "declarer_incomplet", data), 400, "/data/pieces")
    data["pieces"][1] = {"piece": "budget", "why": "missing"}
    dossier = campaign.go("secretariat", dossier, "declarer_incomplet", data)
    assert dossier["state"] == "incomplet"
    assert dossier["timers"][0]["name"] == "production"
    asked = campaign.ok("candidate", "labellisation.completion.list", {"dossier": dossier["id"]})["items"]
    assert [item["state"] for item in asked] == ["pending"] and asked[0]["indispensable"] is True
    assert asked[0]["items"] == data["pieces"]
    _, shown = pieces(campaign, dossier)
    assert shown["statuts"]["requested"] == "outdated" and shown["statuts"]["provided"] is False
    assert len(shown["statuts"]["attachments"]) == 1
    attach(campaign, dossier, "statuts", PDF + b"\n% nouveau", "statuts-2.pdf")
    attach(campaign, dossier, "budget")
    answer, shown = pieces(campaign, dossier)
    assert shown["statuts"]["provided"] is True and "requested" not in shown["statuts"]
    assert answer["missing_pieces"] == ["comptes"]
    refused(save(campaign, "candidate", dossier, "presentation", 1, "Autre texte."), 409)
    dossier = campaign.go("candidate", dossier, "completer")
    asked = campaign.ok("secretariat", "labellisation.completion.list", {"dossier": dossier["id"]})["items"]
    assert [item["state"] for item in asked] == ["answered"] and asked[0]["closed_on"]
    entry = campaign.history(dossier)[-1]
    assert sorted(file["piece"] for file in entry["data"]["files"]) == ["budget", "statuts"]


# Uploads and crashes


def test_what_is_held_is_there_after_a_kill(running, campaign):
    dossier = campaign.create()
    content = PDF + os.urandom(PART)
    upload = begin(campaign, dossier, "statuts", content).body
    assert put(campaign, dossier, upload, 0, content[:PART]).status == 200
    process = next(p for p in running.processes if p.name == "labellisation" and p.child.poll() is None)
    command = process.child.args
    process.kill()
    process = running.spawn("labellisation", command)
    running.wait_ready("labellisation", process)
    until = time.monotonic() + 20
    while True:
        answer = campaign.call("candidate", "labellisation.upload.get",
                               {"dossier": dossier["id"], "upload": upload["id"]})
        if answer.status == 200 or time.monotonic() > until:
            break
    assert answer.body["held"] == PART, answer
    assert put(campaign, dossier, upload, PART, content[PART:]).status == 200
    done = finish(campaign, dossier, upload, content).body
    assert download(campaign, "candidate", dossier, done) == content

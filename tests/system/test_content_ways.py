"""A dossier's sections and files over HTTP and the command line."""

import hashlib
import json
import os

import pytest

from campaign import Campaign
from content import PART, PDF
from gateway import whole_network


@pytest.fixture(scope="module")
def campaign():
    with whole_network() as network:
        campaign = Campaign(network)
        campaign.web = network.gateway
        yield campaign


def ask(campaign, who, method, path, body=None, **headers):
    return campaign.web.ask(method, path, body, key=campaign.keys[who], headers=headers)


def test_a_section_is_saved_over_the_version_that_was_seen(campaign):
    path = f"/v1/dossiers/{campaign.create()['id']}/sections/presentation"
    assert ask(campaign, "candidate", "PUT", path, {"version": 0, "text": "Un."}).status == 200
    read = ask(campaign, "candidate", "GET", path)
    assert read.json["text"] == "Un." and read.headers["etag"] == '"1"'
    tag = {"If-Match": read.headers["etag"]}
    assert ask(campaign, "candidate", "PUT", path, {"text": "Deux."}, **tag).status == 200
    late = ask(campaign, "candidate", "PUT", path, {"text": "Trois."}, **tag)
    assert late.status == 412 and late.json["present"]["text"] == "Deux."
    assert late.json["present"]["change"]["before"] == "Un."
    late = ask(campaign, "candidate", "PUT", path, {"text": "Trois.", "version": 1})
    assert late.status == 409 and late.json["pointer"] == "/version"
    assert ask(campaign, "candidate", "PUT", path, {"text": "Trois."}).status == 428
    versions = ask(campaign, "candidate", "GET", path + "/versions").json["items"]
    assert [item["version"] for item in versions] == [2, 1]
    assert ask(campaign, "candidate", "GET", path + "?revision=1").json["text"] == "Un."


def test_who_moves_second_is_told_what_changed(campaign):
    seen = campaign.go("candidate", campaign.create(), "deposer")
    done = campaign.go("secretariat", seen, "declarer_complet")
    path = f"/v1/dossiers/{seen['id']}/transitions"
    for who, actor in (("candidate", "/persons"),
                       ("secretariat", f"/persons/{campaign.persons['secretariat']}")):
        late = ask(campaign, who, "POST", path, {"transition": "retirer"},
                   **{"If-Match": f'"{seen["version"]}"'})
        present = late.json["present"]
        assert late.status == 412, late
        assert (present["version"], present["state"]) == (done["version"], done["state"])
        first, numbers = present["changes"][0], [c["number"] for c in present["changes"]]
        assert (first["transition"], first["actor"]) == ("declarer_complet", actor)
        assert numbers == list(range(seen["version"] + 1, done["version"] + 1))
    unseen = campaign.move("candidate", {**seen, "version": 1}, "retirer").body["present"]["changes"]
    assert [change["number"] for change in unseen] == list(range(2, done["version"] + 1))


def upload(campaign, dossier, content, piece="lettres", name="Été & hiver.pdf"):
    root = f"/v1/dossiers/{dossier['id']}"
    made = ask(campaign, "candidate", "POST", root + "/uploads",
               {"piece": piece, "name": name, "size": len(content)})
    assert made.status == 201, made
    path = made.headers["location"]
    for offset in range(0, len(content), PART):
        put = ask(campaign, "candidate", "PUT", f"{path}?offset={offset}", content[offset:offset + PART],
                  **{"Content-Type": "application/octet-stream"})
        assert put.status == 200, put
    done = ask(campaign, "candidate", "POST", path + "/finish",
               {"sha256": hashlib.sha256(content).hexdigest()})
    assert done.status == 200, done
    return f"{root}/attachments/{done.json['id']}"


@pytest.mark.parametrize("size", [100, PART, PART + 1, 5 * PART + 17])
def test_a_file_goes_in_by_parts_and_comes_out_whole(campaign, size):
    content = (PDF + os.urandom(size))[:max(size, len(PDF))]
    path = upload(campaign, campaign.create(), content) + "/content"
    whole = ask(campaign, "secretariat", "GET", path)
    assert whole.status == 200 and whole.body == content
    assert whole.headers["content-type"] == "application/pdf"
    assert whole.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%89t%C3%A9%20%26%20hiver.pdf"
    assert whole.headers["x-content-type-options"] == "nosniff"
    part = ask(campaign, "secretariat", "GET", path, Range="bytes=10-19")
    assert part.status == 206 and part.body == content[10:20]
    assert part.headers["content-range"] == f"bytes 10-19/{len(content)}"
    rest = ask(campaign, "secretariat", "GET", path, Range=f"bytes={len(content) - 5}-")
    assert rest.status == 206 and rest.body == content[-5:]
    assert ask(campaign, "secretariat", "GET", path, Range="bytes=5-1").status == 200  # not heeded
    assert ask(campaign, "minister", "GET", path).status == 403
    assert campaign.web.get(path).status == 401
    assert ask(campaign, "secretariat", "HEAD", path).body == b""


def test_parts_are_bytes_of_a_bounded_size(campaign):
    dossier = campaign.create()
    root = f"/v1/dossiers/{dossier['id']}/uploads"
    made = ask(campaign, "candidate", "POST", root, {"piece": "statuts", "name": "a.pdf", "size": 2 * PART})
    path = made.headers["location"]
    raw = {"Content-Type": "application/octet-stream"}
    assert ask(campaign, "candidate", "PUT", path + "?offset=0", b"x" * (PART + 1), **raw).status == 413
    assert ask(campaign, "candidate", "PUT", path + "?offset=0", b"x", **{"Content-Type": "text/plain"}).status == 415
    assert ask(campaign, "candidate", "PUT", path, b"x", **raw).status == 400
    ahead = ask(campaign, "candidate", "PUT", path + "?offset=5", b"x", **raw)
    assert ahead.status == 409 and ahead.json["present"]["held"] == 0 and ahead.json["parameter"] == "offset"
    assert ask(campaign, "candidate", "GET", path).json["held"] == 0
    assert ask(campaign, "candidate", "DELETE", path).status == 200
    assert ask(campaign, "candidate", "GET", path).status == 404


def test_the_command_line_sends_and_fetches_files(campaign, tmp_path):
    network, dossier = campaign.network, campaign.create()
    key = tmp_path / "key"
    key.write_text(campaign.keys["candidate"])
    content = PDF + os.urandom(3 * PART)
    file = tmp_path / "statuts.pdf"
    file.write_bytes(content)
    begun = campaign.ok("candidate", "labellisation.upload.create", {
        "dossier": dossier["id"], "piece": "statuts", "name": "statuts.pdf", "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest()})
    path = f"/v1/dossiers/{dossier['id']}/uploads/{begun['id']}?offset=0"
    assert ask(campaign, "candidate", "PUT", path, content[:PART],
               **{"Content-Type": "application/octet-stream"}).status == 200
    sent = network.pia("--key", key, "--json", "piece", "put", dossier["id"], "statuts", file)
    assert sent.returncode == 0 and f"goes on after {PART} bytes" in sent.stderr, sent
    attachment = json.loads(sent.stdout)
    assert attachment["id"] == begun["id"] and attachment["size"] == len(content)
    again = network.pia("--key", key, "--json", "piece", "put", dossier["id"], "statuts", file)
    assert json.loads(again.stdout) == attachment  # it is there already
    copy = tmp_path / "copie.pdf"
    copy.write_bytes(content[:1000])  # a download that was broken off
    got = network.pia("--key", key, "piece", "get", dossier["id"], attachment["id"], copy)
    assert got.returncode == 0 and copy.read_bytes() == content, got
    listed = network.pia("--key", key, "--json", "piece", "list", dossier["id"])
    assert json.loads(listed.stdout)["items"][0]["provided"] is True
    saved = network.pia("--key", key, "section", "save", dossier["id"], "besoins", 0, "Un texte.")
    assert saved.returncode == 0, saved
    late = network.pia("--key", key, "section", "save", dossier["id"], "besoins", 0, "Un autre.")
    assert late.returncode == 1 and "the present version is 1" in late.stderr, late
    removed = network.pia("--key", key, "piece", "remove", dossier["id"], attachment["id"])
    assert removed.returncode == 0, removed

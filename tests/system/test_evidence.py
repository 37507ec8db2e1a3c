"""The log over all histories: checked by a third party, tampered with, erased from, grown by several."""

import hashlib
import json
import pathlib
import sqlite3
import subprocess
import sys
import threading
import uuid

import pytest

from campaign import Campaign
from labelling import pytestmark, refused, start  # noqa: F401
from pia import Network

SCRIPT = pathlib.Path(__file__).with_name("check_proof.py")


@pytest.fixture(scope="module")
def running(engine):
    with Network() as network:
        start(network, *engine.options, instances=2 if engine.database else 1)
        yield network


@pytest.fixture(scope="module")
def campaign(running):
    return Campaign(running)


def check(path, *key):
    """What the stand-alone script says of a proof in a file."""
    return subprocess.run([sys.executable, "-I", SCRIPT, path, *key], capture_output=True, text=True)


def head(campaign, **size):
    answer = campaign.network.call("labellisation.evidence.head", size, anonymous=True)
    assert answer.status == 200, answer
    return answer.body


def proof_of(campaign, dossier, who="secretariat", **size):
    return campaign.ok(who, "labellisation.dossier.proof", {"dossier": dossier["id"], **size})


def write(campaign, proof):
    path = campaign.network.data / "proof.json"
    path.write_text(json.dumps(proof))
    return path


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def consistent(proof):
    """RFC 9162, 2.1.4.2."""
    path = [bytes.fromhex(item) for item in proof["path"]]
    first, size = proof["first"], proof["size"]
    if first == size:
        return not path and proof["first_root"] == proof["root"]
    if first & (first - 1) == 0:
        path.insert(0, bytes.fromhex(proof["first_root"]))
    f, s = first - 1, size - 1
    while f & 1:
        f, s = f >> 1, s >> 1
    old = new = path[0]
    for item in path[1:]:
        if s == 0:
            return False
        if f & 1 or f == s:
            old, new = node(item, old), node(item, new)
            while not f & 1 and f:
                f, s = f >> 1, s >> 1
        else:
            new = node(new, item)
        f, s = f >> 1, s >> 1
    return s == 0 and old.hex() == proof["first_root"] and new.hex() == proof["root"]


# A third party


def test_a_third_party_checks_a_proof_with_fifty_lines(campaign):
    assert len(SCRIPT.read_text().splitlines()) <= 50
    dossier = campaign.to_award()
    campaign.create()
    key = head(campaign)["key"]
    proof = proof_of(campaign, dossier)
    assert all("entry" in item for item in proof["entries"]) and proof["path"]
    done = check(write(campaign, proof), key)
    assert done.returncode == 0 and f"{dossier['id']}: 10 entries" in done.stdout, done
    assert "signed with another key" in check(write(campaign, proof), "00" * 32).stderr


def test_who_may_not_read_an_entry_proves_it_by_its_hash(campaign):
    dossier = campaign.to_award()
    proof = proof_of(campaign, dossier, "candidate")
    hidden = [item for item in proof["entries"] if "entry" not in item]
    shown = [json.loads(item["entry"]) for item in proof["entries"] if "entry" in item]
    assert hidden and all(set(item) == {"hash"} for item in hidden)
    assert [entry["transition"] for entry in shown][:3] == ["creer", "deposer", "enregistrer"]
    assert campaign.persons["reviewer 1"] not in json.dumps(proof)
    done = check(write(campaign, proof), proof["key"])
    assert done.returncode == 0, done


def tampered(proof):
    """Each way to lie, by name."""
    def changed(**members):
        return {**json.loads(json.dumps(proof)), **members}

    def entry(index, **members):
        copy = changed()
        item = copy["entries"][index]
        item["entry"] = json.dumps({**json.loads(item["entry"]), **members}, separators=(",", ":"),
                                   sort_keys=True, ensure_ascii=False)
        return copy

    flip = lambda text: ("0" if text[0] != "0" else "1") + text[1:]  # noqa: E731
    yield "an entry's state", entry(3, to="accorde")
    yield "an entry's number", entry(3, number=9)
    yield "an entry's dossier", entry(3, matter=str(uuid.uuid4()))
    yield "an entry left out", changed(entries=proof["entries"][:3] + proof["entries"][4:])
    yield "the last entry left out", changed(entries=proof["entries"][:-1])
    yield "the first entry left out", changed(entries=proof["entries"][1:], first=2)
    yield "entries exchanged", changed(entries=proof["entries"][1::-1] + proof["entries"][2:])
    yield "the dossier", changed(matter=str(uuid.uuid4()))
    yield "the position", changed(position=proof["position"] - 1)
    yield "a position beyond", changed(position=proof["size"] + 1)
    yield "the size", changed(size=proof["size"] + 1)
    yield "the path", changed(path=[flip(proof["path"][0]), *proof["path"][1:]])
    yield "a shorter path", changed(path=proof["path"][:-1])
    yield "a longer path", changed(path=proof["path"] + proof["path"][:1])
    yield "the root", changed(root=flip(proof["root"]))
    yield "the log", changed(log=str(uuid.uuid4()))
    yield "the signature", changed(signature=flip(proof["signature"]))
    yield "the key", changed(key=flip(proof["key"]))


def test_a_proof_that_was_tampered_with_fails(campaign):
    dossier = campaign.to_award()
    campaign.create()
    proof = proof_of(campaign, dossier)
    names = []
    for name, lie in tampered(proof):
        done = check(write(campaign, lie), proof["key"])
        assert done.returncode == 1 and "Error" in done.stderr, (name, done)
        names.append(name)
    assert len(names) == 18


# Heads


def test_heads_are_proved_to_be_of_one_log_that_grew(campaign):
    heads = [head(campaign)]
    for _ in range(4):
        campaign.create()
        heads.append(head(campaign))
    for earlier in [head(campaign, size=1), head(campaign, size=2), *heads]:
        again = head(campaign, size=earlier["size"])
        assert again == earlier  # signed again, it is the same
        body = {"first": earlier["size"], "size": heads[-1]["size"]}
        proof = campaign.network.call("labellisation.evidence.consistency", body, anonymous=True).body
        assert proof["first_root"] == earlier["root"] and proof["root"] == heads[-1]["root"]
        assert consistent(proof)
        if earlier["size"] < heads[-1]["size"]:
            assert not consistent({**proof, "first_root": heads[-1]["root"]})
    for body, pointer in (({"size": heads[-1]["size"] + 1000}, "/size"), ({"size": 0}, "/size")):
        refused(campaign.network.call("labellisation.evidence.head", body, anonymous=True), 400, pointer)
    body = {"first": 5, "size": 4}
    refused(campaign.network.call("labellisation.evidence.consistency", body, anonymous=True), 400, "/first")


def test_several_who_write_at_once_leave_no_hole(campaign):
    dossiers = [campaign.create() for _ in range(8)]
    done = []

    def act(dossier):
        for who, transition in (("candidate", "deposer"), ("secretariat", "declarer_complet"),
                                ("candidate", "retirer")):
            dossier = campaign.go(who, dossier, transition)
        done.append(dossier)

    before = head(campaign)["size"]
    threads = [threading.Thread(target=act, args=(dossier,)) for dossier in dossiers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 8
    assert head(campaign)["size"] == before + 8 * 4  # "enregistrer" follows by itself
    found = campaign.ok("secretariat", "labellisation.evidence.verify", {"limit": 5000})
    assert found["valid"] and found["entries"] == found["size"] and "next" not in found


def test_the_log_is_verified_in_pieces(campaign):
    at, total = 0, 0
    while at is not None:
        found = campaign.ok("admin", "labellisation.evidence.verify", {"from": at, "limit": 7})
        assert found["valid"] and found["from"] == at
        total, at = total + found["entries"], found.get("next")
    assert total == found["size"]
    refused(campaign.call("admin", "labellisation.evidence.verify", {"from": total + 1}), 400, "/from")
    refused(campaign.call("candidate", "labellisation.evidence.verify", {}), 403)


# Erasure


def test_an_erased_text_is_gone_and_said_to_be(campaign):
    dossier = campaign.to_review()
    dossier = campaign.go("secretariat", dossier, "abandonner", {"motifs": "Des motifs à effacer."})
    number, text = dossier["version"], "Des motifs à effacer.".encode()
    on_disk = (campaign.network.data / "labellisation.db").exists()
    assert bool(campaign.network.files_with(text)) == on_disk
    erase = {"etape": number, "fondement": "demande_de_la_personne"}
    refused(campaign.move("minister", dossier, "effacer_textes", erase), 403)
    refused(campaign.move("secretariat", dossier, "effacer_textes", {**erase, "etape": 1}), 400,
            "/data/etape")
    erased = campaign.go("secretariat", dossier, "effacer_textes", erase)
    assert erased["state"] == dossier["state"] and erased["version"] == number + 1
    said, = campaign.ok("secretariat", "labellisation.dossier.texts",
                        {"dossier": dossier["id"], "number": number})["items"]
    assert said["erased"] and "text" not in said and said["erased_at"]
    found = campaign.ok("secretariat", "labellisation.dossier.verify", {"dossier": dossier["id"]})
    assert found["valid"] and found["erased"] == 1
    assert found["erasures"] == [{"matter": dossier["id"], "number": number, "name": "motifs",
                                  "erased_at": said["erased_at"], "erased_by": number + 1}]
    done = campaign.network.pia("evidence", "verify")
    assert done.returncode == 0 and f"erased on {said['erased_at']}" in done.stdout, done
    refused(campaign.move("secretariat", erased, "effacer_textes", erase), 400, "/data/etape")
    assert campaign.network.files_with(text, until_gone=10) == []


# The command line


def test_the_command_line_proves_and_verifies(campaign):
    dossier = campaign.to_award()
    pia = campaign.network.pia
    path = campaign.network.data / "preuve.json"
    assert pia("evidence", "proof", dossier["id"], "--output", str(path)).returncode == 0
    assert path.stat().st_mode & 0o777 == 0o600 and not path.with_suffix(".json.part").exists()
    known = json.loads(pia("evidence", "head", "--json").stdout)
    assert check(path, known["key"]).returncode == 0
    found = json.loads(pia("evidence", "verify", "--json").stdout)
    assert found["valid"] and found["entries"] == found["size"] and found["from"] == 0
    consistency = json.loads(pia("evidence", "consistency", "3", "--json").stdout)
    assert consistent(consistency)
    label = json.loads(pia("label", "proof", dossier["label"]).stdout)
    assert label["matter"] == dossier["label"] and check(write(campaign, label)).returncode == 0
    assert pia("evidence", "proof", dossier["id"], "--output", "/nowhere/x").returncode == 1


def test_a_database_that_was_changed_is_found_where_it_was(pia):
    start(pia)
    campaign = Campaign(pia)
    dossiers = [campaign.create() for _ in range(3)]
    for dossier in dossiers:
        campaign.go("candidate", dossier, "deposer")
    running = next(process for process in pia.processes if process.name == "labellisation")
    assert running.stop() is None
    database = sqlite3.connect(pia.data / "labellisation.db")
    number, matter = database.execute(
        "SELECT number, matter FROM history WHERE position = 4").fetchone()
    database.execute("UPDATE history SET actor = '/persons/0' WHERE position = 4")
    database.commit()
    database.close()
    pia.start("labellisation")
    done = pia.pia("evidence", "verify")
    assert done.returncode == 4 and "damaged at position 4 " in done.stdout, done
    assert f"entry {number} of {matter}" in done.stdout

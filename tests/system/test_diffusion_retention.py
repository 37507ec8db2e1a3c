"""Events are removed by kind, age and size: the chain holds, streams say gap, queries say so, the
identity of what was removed is still known, and a signed marker says what was done."""

import ctypes
import json
import os
import sqlite3
import struct
import threading

import piad
import pytest
from journal import POLE, dump, head, make_event, make_publication, new_network, publish


@pytest.fixture(params=["sqlite", "postgresql"])
def journal(request):
    options = []
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres")
        options = ["--database", f"{url}#rt{os.getpid()}_{request.node.name.split('[')[0][-20:]}"]
    with new_network(*options) as network:
        yield network


def restart(network):
    network.processes[-1].kill()
    network.start("diffusion", "--redis", "", *getattr(network, "options", ()))


def retain(network, *options):
    done = network.pia("journal", "retain", *options, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def verified(network):
    done = network.pia("journal", "verify", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)["to"]


def follow(network, cursor="", filter=None):
    """Everything to the present head: sequences of events, and gaps as (first, last)."""
    end, at, sequences, gaps = head(network)["sequence"], cursor, [], []
    with network.diffusion(network.token()) as connection:
        connection.subscribe(1, cursor, filter, 60000)
        while not at or int(at.split(".")[1]) < end:
            command, frames = connection.expect(piad.DATA, piad.PROGRESS, piad.GAP)
            start, to = frames[1].decode(), frames[2].decode()
            assert not at or start == at, f"a hole: {at} then {start}"
            at = to
            if command == piad.DATA:
                records = piad.read_records(frames[3])
                sequences += [record.sequence for record in records]
            elif command == piad.GAP:
                assert frames[3] == b"removed by retention"
                gaps.append((int(start.split(".")[1]) + 1, int(to.split(".")[1])))
    return sequences, gaps


def markers(network):
    items, after = [], ""
    while after is not None:
        body = network.call("diffusion.event.list",
                            {"types": ["journal.retained"], "after": after}).body
        items, after = items + body["items"], body.get("next")
    return items


def verify_marker(data):
    """Ed25519 over the statement of proto/README.md, by libsodium."""
    sodium = ctypes.CDLL("libsodium.so.23")
    statement = b"pia journal.retained 1\0"
    for name in ("journal", "kind", "rule"):
        statement += data[name].encode() + b"\0"
    statement += struct.pack(">QQQQ", *(data[n] for n in ("limit", "at_ms", "count", "bytes")))
    statement += bytes.fromhex(data["chain"])
    statement += b"".join(struct.pack(">QQ", *pair) for pair in data["ranges"])
    return sodium.crypto_sign_verify_detached(
        bytes.fromhex(data["signature"]), statement, ctypes.c_ulonglong(len(statement)),
        bytes.fromhex(data["key"])) == 0


def fill(network):
    """Ten of kind a in a batch with two of kind b between, and one without a kind."""
    events = [make_event(kind="veille" if i not in (3, 8) else "guide") for i in range(12)]
    return events, publish(network, events + [make_event()])


def test_what_is_removed_is_gone_from_the_disk():
    with new_network() as network:
        for i in range(60):  # rows of their own, of many sizes: the table's pages are split, and again
            kind, word = ("guide", "a word to keep") if i % 4 == 0 else ("veille", "a word to remove")
            publish(network, [make_event(kind=kind, data={"text": word * (1 + 7 * i % 90)})])
            head(network)
        publish(network, [make_event(kind="veille", data={"text": "a word to remove"}) for _ in range(100)])
        assert "diffusion.db.commits" in network.files_with(b"a word to remove")
        assert retain(network, "--kind", "veille", "--older-than", "0s")["count"] == 145
        assert network.files_with(b"a word to remove", until_gone=10) == []  # the log: after the answer
        assert network.files_with(b"a word to keep") != []
        verified(network)
        publish(network, [make_event(kind="veille")])
        restart(network)
        assert verified(network) == head(network)["sequence"]


def test_a_kind_is_removed_and_everything_says_so(journal):
    events, receipts = fill(journal)
    first = receipts[0]["sequence"]
    wanted = [first + i for i in range(12) if i not in (3, 8)]
    dry = retain(journal, "--kind", "veille", "--older-than", "0s", "--dry-run")
    assert dry["count"] == 10 and dry["dry_run"] and not markers(journal)
    done = retain(journal, "--kind", "veille", "--older-than", "0s")
    assert (done["count"], done["bytes"]) == (10, dry["bytes"])
    for _ in range(2):
        assert verified(journal) == head(journal)["sequence"]
        sequences, gaps = follow(journal)
        assert gaps == [(first, first + 2), (first + 4, first + 7), (first + 9, first + 11)]
        assert sequences == [n for n in range(1, head(journal)["sequence"] + 1) if n not in wanted]
        # a cursor in the middle of what was removed goes on
        assert follow(journal, receipts[4]["cursor"])[1][0] == (first + 5, first + 7)
        page = journal.call("diffusion.event.list", {"limit": 200}).body
        assert [item["sequence"] for item in page["items"]] == sequences
        assert page["gaps"] == [{"from": a, "to": b} for a, b in gaps]
        gone = journal.call("diffusion.audience.list", {"sequence": first},
                            key=journal.key("notifications"))
        assert gone.status == 410
        # the same event again gets its first receipt, another one under its name is a conflict
        again = publish(journal, [events[0]])[0]
        assert again["duplicate"] and again["chain"] == receipts[0]["chain"]
        with journal.diffusion(journal.token()) as connection:
            other = connection.publish([{**events[0], "data": {"n": "other"}}])
        assert other["status"] == "conflict"
        restart(journal)
    assert retain(journal, "--kind", "veille", "--older-than", "0s")["count"] == 0


def test_what_was_just_sent_is_not_sent_again_from_memory(journal):
    """Frames are built once for all who stand at the same place: not over a removal."""
    fill(journal)
    before, gaps = follow(journal)
    assert not gaps and follow(journal) == (before, [])
    removed = retain(journal, "--kind", "guide", "--keep-bytes", "0")
    after, gaps = follow(journal)
    assert removed["count"] == 2 and gaps and sorted(set(before) - set(after)) == [
        n for first, last in gaps for n in range(first, last + 1)]


def test_the_marker_is_signed(journal):
    _, receipts = fill(journal)
    retain(journal, "--kind", "guide", "--older-than", "0s")
    item = markers(journal)[0]
    data = item["event"]["data"]
    first = receipts[0]["sequence"]
    assert item["event"]["source"] == "/services/diffusion"
    assert data["ranges"] == [[first + 3, first + 3], [first + 8, first + 8]]
    assert data["chain"] == receipts[8]["chain"] and data["count"] == 2
    assert data["key"] == head(journal)["key"] and data["journal"] == head(journal)["journal"]
    assert verify_marker(data)
    assert not verify_marker({**data, "count": 3})
    keys = [path for path in journal.data.glob("*.key") if path.name not in ("admin.key", "token.key")]
    assert len(keys) == 1 and keys[0].stat().st_mode & 0o777 == 0o600


def test_size_keeps_the_last_ones(journal):
    events = [make_event(kind="veille", id=f"{i:04}" + "-" * 32) for i in range(20)]
    receipts = publish(journal, events)
    size = len(dump(events[-1]))
    with journal.diffusion(journal.token()) as connection:
        assert connection.publish([dump(e) for e in events])["status"] in ("ok", "conflict")
    kept = retain(journal, "--kind", "veille", "--keep-bytes", str(10**9))
    assert kept["count"] == 0
    done = retain(journal, "--kind", "veille", "--keep-bytes", str(5 * (size + 60)))
    assert 0 < done["count"] < 20
    sequences, gaps = follow(journal, filter={"kinds": ["veille"]})
    assert gaps == [(receipts[0]["sequence"], receipts[0]["sequence"] + done["count"] - 1)]
    assert sequences == [r["sequence"] for r in receipts[done["count"]:]]
    assert verified(journal)


def test_it_goes_on_while_somebody_publishes(journal):
    events, _ = fill(journal)
    over, published = threading.Event(), []

    def keep_publishing():
        with journal.diffusion(journal.token()) as connection:
            while not over.is_set():
                published.append(connection.publish([make_event(kind="veille")])["status"])

    publisher = threading.Thread(target=keep_publishing)
    publisher.start()
    try:
        counts = [retain(journal, "--kind", "veille", "--older-than", "0s")["count"]
                  for _ in range(3)]
    finally:
        over.set()
        publisher.join()
    assert counts[0] >= 10 and min(counts) > 0 and set(published) == {"ok"}
    rest = retain(journal, "--kind", "veille", "--older-than", "0s")["count"]
    assert sum(counts) + rest == 10 + len(published)
    assert publish(journal, events[:1])[0]["duplicate"]
    assert verified(journal) == head(journal)["sequence"]


def test_publications_stay_and_young_events_too(journal):
    publish(journal, [make_publication(title="Il reste")])
    assert retain(journal, "--kind", "guide", "--older-than", "1h")["count"] == 0
    assert retain(journal, "--kind", "guide", "--older-than", "0s")["count"] == 1
    items = journal.call("diffusion.publication.list", {}).body["items"]
    assert [item["title"] for item in items] == ["Il reste"]


def test_markers_and_what_has_no_kind(journal):
    publish(journal, [make_event() for _ in range(3)])
    before = head(journal)["sequence"]
    assert retain(journal, "--kind", "-", "--older-than", "0s")["count"] == before
    assert retain(journal, "--kind", "-", "--older-than", "0s")["count"] == 0
    assert follow(journal) == ([before + 1], [(1, before)])
    assert verified(journal) == before + 1
    restart(journal)
    assert follow(journal) == ([before + 1], [(1, before)])


def test_only_operators_and_only_with_one_rule(journal):
    from journal import make_key
    key = make_key(journal, "pole", pole=POLE)["key"]
    body = {"kind": "-", "from": 1, "older_than_s": 0}
    assert journal.call("diffusion.journal.retain", body, key=key).status == 403
    assert journal.call("diffusion.journal.retain", {"kind": "-", "from": 1}).status == 400
    assert journal.call("diffusion.journal.retain", {**body, "keep_bytes": 1}).status == 400
    assert journal.pia("journal", "retain", "--kind", "a").returncode == 2
    assert journal.pia("journal", "retain", "--kind", "a", "--older-than", "9y").returncode == 2


def test_what_was_removed_without_a_word_is_named(pia):
    """Someone who takes an event out by hand, even with its hash left, is found out."""
    with new_network() as network:
        _, receipts = fill(network)
        retain(network, "--kind", "guide", "--older-than", "0s")
        network.processes[-1].kill()
        database = sqlite3.connect(network.data / "diffusion.db")
        number = markers_number(database)
        # every marker's word is changed: no signature holds any more
        first, text = database.execute("SELECT first_sequence, bytes FROM journal_batch"
                                       " WHERE first_sequence <= ? ORDER BY 1 DESC", (number,)).fetchone()
        assert b'"count":2' in text
        database.execute("DELETE FROM journal_key")
        database.commit()
        database.close()
        (network.data / "diffusion.db.key").rename(network.data / "other")
        restart(network)
        done = network.pia("journal", "verify", "--json")
        assert done.returncode == 4
        body = json.loads(done.stdout)
        assert body["bad_sequence"] == receipts[3]["sequence"] and "key" in body["detail"]


def markers_number(database):
    """The marker that a removed record names."""
    for (row,) in database.execute("SELECT bytes FROM journal_batch"):
        offset = 0
        while offset < len(row):
            *_, length = piad.RECORD.unpack_from(row, offset)
            offset += piad.RECORD.size
            if length & 0x80000000:
                return struct.unpack_from(">Q", row, offset + 32)[0]
            offset += length
    raise AssertionError("nothing was removed")

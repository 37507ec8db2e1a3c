"""A damaged journal is read up to the last good event and says so; nothing is appended to it, and
nothing in it is changed or removed, until an operator has decided."""

import json
import sqlite3
import time

import piad
import pytest
from gateway import Gateway
from journal import head, make_event, make_key, new_network, publish, read_all

FILE = "diffusion.db"
PAGE = 16384  # of the database


@pytest.fixture
def journal():
    with new_network() as network:
        yield network


def stop(network, checkpoint=True):
    """Ends the journal; all of it is in the database file then, not in a log beside it."""
    head(network)  # whatever is asked finds the database complete
    network.processes[-1].kill()
    if checkpoint:
        database = sqlite3.connect(network.data / FILE)
        assert database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
        database.close()


def flip(path, needle, by=1):
    """Changes one bit of each place where the bytes stand; how many there were."""
    content = bytearray(path.read_bytes())
    at, count = content.find(needle), 0
    while at >= 0:
        content[at] ^= by
        at, count = content.find(needle, at), count + 1
    path.write_bytes(content)
    return count


def files(network):
    """What must stay as it is: the database and its log."""
    return {name: (network.data / name).read_bytes() for name in (FILE, FILE + "-wal")
            if (network.data / name).exists()}


def follow_until_error(network, cursor="", credit=60000):
    """Sequences, the last cursor, and the error that ends the stream."""
    sequences, end = [], None
    with network.diffusion(network.token()) as connection:
        connection.subscribe(1, cursor, {}, credit)
        while True:
            command, frames = connection.expect(piad.DATA, piad.PROGRESS, piad.ERROR)
            if command == piad.ERROR:
                return sequences, end, json.loads(frames[1])
            end = frames[2].decode()
            if command == piad.DATA:
                sequences += [record.sequence for record in piad.read_records(frames[3])]


def assert_read_only(network, good, restarted=True):
    """Everything up to `good` is given, and everything says why no more."""
    sequences, end, error = follow_until_error(network)
    assert sequences == list(range(1, good + 1))
    assert error["status"] == "internal" and f"after event {good}" in error["detail"]
    assert follow_until_error(network, end)[0] == []
    if restarted:
        assert head(network)["sequence"] == good
    assert "is only read" in head(network)["damage"]
    with network.diffusion(network.token()) as connection:
        refused = connection.publish([make_event()])
    assert refused["status"] == "unavailable" and "only read" in refused["detail"]
    answer = network.call("diffusion.event.append", {"events": [make_event()]})
    assert answer.status == 503 and "only read" in answer.body["detail"]
    items = network.call("diffusion.event.list", {"limit": 1}).body["items"]
    assert [item["sequence"] for item in items] == ([1] if good else [])
    assert network.call("service.stats", service="diffusion").body["counters"]["journal_damaged"] == 1
    status = network.pia("status")
    assert status.returncode == 1 and "is only read" in status.stderr
    assert "damaged" in network.processes[-1].tail(200)


def assert_verified(network, bad):
    verified = network.pia("journal", "verify", "--json")
    assert verified.returncode == (4 if bad else 0), verified.stderr
    body = json.loads(verified.stdout)
    assert body["ok"] is (not bad) and body.get("bad_sequence") == bad
    return body


def needle_event(text):
    return make_event(data={"text": text})


def fill(journal):
    """Events with known texts, the needle in the middle; its sequence, and the receipts."""
    events = [needle_event(f"text {i}") for i in range(6)] + [needle_event("the needle")]
    receipts = publish(journal, events + [needle_event("after it")])
    receipts += publish(journal, [needle_event("another row")])
    return receipts[6]["sequence"], receipts


def test_a_flipped_bit_is_found_at_the_next_read(journal):
    bad, receipts = fill(journal)
    assert assert_verified(journal, None)["to"] == head(journal)["sequence"]
    stop(journal)
    assert flip(journal.data / FILE, b"the needle") == 1
    before = files(journal)
    journal.start("diffusion", "--redis", "")
    assert_read_only(journal, bad - 1, restarted=False)
    assert_verified(journal, bad)
    assert files(journal)[FILE] == before[FILE]

    # a restart does not forget it, though the end of the journal is as it should be
    journal.processes[-1].kill()
    journal.start("diffusion", "--redis", "")
    assert_read_only(journal, bad - 1)
    # and who stands beyond is told, too
    sequences, _, error = follow_until_error(journal, receipts[-1]["cursor"])
    assert sequences == [] and "damaged" in error["detail"]


def test_who_looks_after_the_network_sees_it(journal):
    """/readyz and pia status; the gateway goes on serving what can be read."""
    bad, _ = fill(journal)
    web = Gateway(journal)
    web.wait_ready()
    assert web.get("/readyz").json == {"status": "ready"}
    web.process.stop()
    journal.processes.remove(web.process)
    stop(journal)
    assert flip(journal.data / FILE, b"the needle") == 1
    process = journal.start("diffusion", "--redis", "")
    assert journal.pia("journal", "verify").returncode == 4
    web = Gateway(journal)
    web.wait_ready()
    said = web.get("/readyz")
    assert said.status == 200 and said.json["status"] == "degraded"
    [problem] = said.json["problems"]
    assert problem["service"] == "diffusion"
    assert f"after event {bad - 1}" in problem["detail"]
    status = journal.pia("status", "--json")
    rows = json.loads(status.stdout)["items"]
    assert status.returncode == 1
    assert {row["instance"]: row["problem"] for row in rows if "problem" in row} == \
        {problem["instance"]: problem["detail"]}
    assert web.get("/v1/events?limit=1").status == 200
    assert journal.pia("journal", "begin-epoch", "a disk was damaged").returncode == 0
    assert process.wait() == 0
    journal.start("diffusion", "--redis", "")
    assert web.get("/readyz").json == {"status": "ready"}


def test_damage_in_the_last_row_leaves_no_stream_silent(journal):
    _, receipts = fill(journal)
    last = receipts[-1]["sequence"]
    stop(journal)
    assert flip(journal.data / FILE, b"another row") == 1
    journal.start("diffusion", "--redis", "")
    assert_read_only(journal, last - 1)
    sequences, end, error = follow_until_error(journal, "head")
    assert sequences == [] and end == receipts[-2]["cursor"] and "damaged" in error["detail"]


def test_a_stream_at_the_head_is_told_when_verify_finds_damage(journal):
    bad, _ = fill(journal)
    database = sqlite3.connect(journal.data / FILE)
    database.execute("UPDATE journal_batch SET bytes = CAST(replace(CAST(bytes AS TEXT), 'x', 'y') AS BLOB)"
                     " WHERE first_sequence = (SELECT max(first_sequence) FROM journal_batch"
                     " WHERE first_sequence <= ?)", (bad,))
    database.commit()
    database.close()
    with journal.diffusion(journal.token()) as connection:
        connection.subscribe(1, "head", {}, 10)
        connection.expect(piad.PROGRESS)
        assert journal.pia("journal", "verify").returncode == 4
        assert "damaged" in json.loads(connection.expect(piad.ERROR)[1][1])["detail"]


def begin(journal, good, epoch=2):
    """The operator decides; the journal ends by itself, and is started as a supervisor would."""
    process = journal.processes[-1]
    done = journal.pia("journal", "begin-epoch", "a disk was damaged", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"epoch": epoch, "sequence": good}
    assert process.wait() == 0
    journal.start("diffusion", "--redis", "")


def test_a_new_epoch_sets_the_damaged_tail_aside(journal):
    bad, receipts = fill(journal)
    events = {r.event["id"]: r for r in read_all(journal, journal.token())}
    stop(journal)
    flip(journal.data / FILE, b"the needle")
    journal.start("diffusion", "--redis", "")
    assert_read_only(journal, bad - 1, restarted=False)
    begin(journal, bad - 1)

    now = head(journal)
    assert (now["epoch"], now["sequence"]) == (2, bad - 1) and "damage" not in now
    assert journal.pia("status").stderr.count("only read") == 0
    # what was lost is published again, under new numbers of the new epoch
    again = publish(journal, [events[name].event for name in
                              [r.event["id"] for r in events.values() if r.sequence >= bad]])
    assert [r["sequence"] for r in again] == list(range(bad, bad + len(again)))
    assert not any(r["duplicate"] or r["epoch"] != 2 for r in again)
    assert_verified(journal, None)
    # a cursor from before goes on; one from the lost tail is told where the common part ends
    with journal.diffusion(journal.token()) as connection:
        connection.subscribe(1, receipts[2]["cursor"], {}, 1)
        assert connection.next()[2][0].sequence == receipts[3]["sequence"]
        connection.subscribe(2, receipts[-1]["cursor"], {}, 1)
        common = connection.expect(piad.EPOCH)[1][1].decode()
        assert common == receipts[bad - receipts[0]["sequence"] - 1]["cursor"]
        # so is who would go on publishing after it, and nothing of that is stored
        at = head(journal)["sequence"]
        refused = connection.publish([make_event(id="goes-on")], after=receipts[-1]["cursor"])
        assert (refused["status"], refused["pointer"]) == ("conflict", "/after")
        assert head(journal)["sequence"] == at
        stored = connection.publish([make_event(id="goes-on")], after=common)["receipts"]
        assert [r["sequence"] for r in stored] == [at + 1]
    # nothing was removed
    journal.processes[-1].kill()
    database = sqlite3.connect(journal.data / FILE)
    kept = b"".join(row[0] for row in database.execute("SELECT bytes FROM journal_aside"))
    database.close()
    assert b"after it" in kept and b"another row" in kept
    assert list(journal.data.glob(FILE + ".damaged.*"))
    journal.start("diffusion", "--redis", "")


def test_a_damaged_marker_costs_what_stands_behind_it_alone(journal):
    """The chain says where the journal ends: what the marker names was removed, not damaged."""
    _, receipts = fill(journal)
    publish(journal, [make_event(kind="veille")])
    done = journal.pia("journal", "retain", "--kind", "veille", "--older-than", "0s")
    assert done.returncode == 0, done.stderr
    marker = head(journal)["sequence"]
    stop(journal)
    assert flip(journal.data / FILE, b'"signature"')
    journal.start("diffusion", "--redis", "")
    now = head(journal)
    assert now["sequence"] == marker - 1 and f"after event {marker - 1}" in now["damage"]
    sequences, _, error = follow_until_error(journal)
    assert sequences == list(range(1, receipts[-1]["sequence"] + 1))
    assert f"after event {marker - 1}" in error["detail"]
    begin(journal, marker - 1)
    assert_verified(journal, None)
    again = publish(journal, [make_event()])[0]
    assert again["sequence"] == marker
    assert_verified(journal, None)


def test_a_log_that_was_cut_is_a_lost_tail(journal):
    """SQLite takes a shorter log for an older one; the mark beside it knows better."""
    first = publish(journal, [needle_event("kept")])[0]
    stop(journal)
    journal.start("diffusion", "--redis", "")
    publish(journal, [needle_event("kept, too")])
    lost = publish(journal, [needle_event("lost")])[0]
    stop(journal, checkpoint=False)
    log = journal.data / (FILE + "-wal")
    content = log.read_bytes()
    at = content.rfind(b'"text": "lost"')
    assert at > 0
    log.write_bytes(content[: at - 100])
    (journal.data / (FILE + ".commits")).unlink()  # or it would give back what was cut
    journal.start("diffusion", "--redis", "")
    good = head(journal)["sequence"]
    assert first["sequence"] <= good < lost["sequence"]
    assert_read_only(journal, good)
    begin(journal, good)
    with journal.diffusion(journal.token()) as connection:
        connection.subscribe(1, lost["cursor"], {}, 1)
        epoch = connection.expect(piad.EPOCH)[1]
    assert epoch[1].decode().startswith(f"1.{good}.")
    assert publish(journal, [make_event()])[0]["epoch"] == 2


@pytest.mark.parametrize("damage", ["missing", "unreadable"])
def test_a_marked_event_that_cannot_be_read_is_damage(journal, damage):
    """A power cut may leave an older mark, whose event stands in the middle of the journal."""
    marked = publish(journal, [make_event()])[0]["sequence"]
    mark = journal.data / (FILE + ".mark")
    old = mark.read_bytes()
    publish(journal, [make_event()])
    stop(journal)
    mark.write_bytes(old)
    database = sqlite3.connect(journal.data / FILE)
    first = database.execute("SELECT max(first_sequence) FROM journal_batch WHERE first_sequence <= ?",
                             (marked,)).fetchone()
    database.execute("DELETE FROM journal_batch WHERE first_sequence = ?" if damage == "missing" else
                     "UPDATE journal_batch SET chain_before = x'00' WHERE first_sequence = ?", first)
    database.commit()
    database.close()
    journal.start("diffusion", "--redis", "")
    now = head(journal)  # known before anything is read
    assert now["sequence"] == first[0] - 1 and "is only read" in now["damage"]
    assert_read_only(journal, first[0] - 1)


@pytest.mark.parametrize("damage", ["truncated", "zeroed", "garbled"])
def test_a_malformed_database_is_read_and_left_alone(journal, damage):
    for _ in range(60):
        publish(journal, [needle_event("x" * 3000) for _ in range(4)])
        head(journal)  # so that it is a row of its own
    end = head(journal)["sequence"]
    stop(journal)
    path = journal.data / FILE
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // PAGE * PAGE
    if damage == "truncated":
        content = content[:middle]
    else:
        for i in range(middle, middle + 10 * PAGE):
            content[i] = 0 if damage == "zeroed" else content[i] ^ 0x5A
    path.write_bytes(content)
    before = files(journal)
    process = journal.start("diffusion", "--redis", "", wait=False, expected=(0, 3))
    until = time.monotonic() + 30
    while (verified := journal.pia("journal", "verify", "--timeout", 3)).returncode != 4:
        assert time.monotonic() < until, verified
        if process.child.poll() == 3:  # its writer met the damage; the next one knows
            assert "malformed" in process.tail()
            process = journal.start("diffusion", "--redis", "")
    sequences, _, error = follow_until_error(journal)
    assert sequences == list(range(1, len(sequences) + 1)) and 0 < len(sequences) < end
    assert error["status"] == "internal"
    assert "is only read" in head(journal)["damage"]
    with journal.diffusion(journal.token()) as connection:
        assert connection.publish([make_event()])["status"] == "unavailable"
    assert_verified(journal, len(sequences) + 1)
    done = journal.pia("journal", "begin-epoch", "no use", "--timeout", 3)
    if process.child.poll() == 3:  # its writer meets pages that nobody had to read before
        assert "malformed" in process.tail()
        journal.start("diffusion", "--redis", "")
        done = journal.pia("journal", "begin-epoch", "no use")
    assert done.returncode == 3 and "restore a backup" in done.stderr
    assert files(journal)[FILE] == before[FILE]


@pytest.mark.parametrize("damage", ["no database", "empty", "gone"])
def test_what_cannot_be_read_at_all_is_not_made_anew(journal, damage):
    publish(journal, [make_event()])
    stop(journal, checkpoint=damage == "no database")
    path = journal.data / FILE
    content = bytearray(path.read_bytes())
    if damage == "gone":
        path.rename(journal.data / "elsewhere.db")
    else:
        content[:100] = bytes(100)
        path.write_bytes(b"" if damage == "empty" else content)
    before = files(journal)
    process = journal.start("diffusion", "--redis", "", wait=False, expected=(1,))
    assert process.wait() == 1
    assert FILE in process.tail()
    assert files(journal) == before


def test_what_lost_events_have_published_goes_back_with_them(journal):
    """The journal and what is listed agree: a publication of the lost tail is a draft again."""
    pole = make_key(journal, "pole", pole="cnidep")["key"]

    def create(title):
        body = {"pole": "cnidep", "kind": "guide", "title": title, "publish": True}
        answer = journal.call("diffusion.publication.create", body, key=pole)
        assert answer.status == 200, answer
        return answer.body

    kept, lost = create("gardé"), None
    publish(journal, [needle_event("the needle")])
    body = {"publication": kept["publication"], "version": kept["version"], "title": "changé"}
    assert journal.call("diffusion.publication.change", body, key=pole).status == 200
    lost = create("perdu")
    stop(journal)
    assert flip(journal.data / FILE, b"the needle")
    journal.start("diffusion", "--redis", "")
    assert journal.pia("journal", "verify").returncode == 4
    process = journal.processes[-1]
    done = journal.pia("journal", "begin-epoch", "a disk was damaged", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["publications"] == 2, done
    assert process.wait() == 0
    journal.start("diffusion", "--redis", "")
    listed = journal.call("diffusion.publication.list", {}, anonymous=True).body["items"]
    assert [item["title"] for item in listed] == ["gardé"]
    drafts = journal.call("diffusion.publication.list", {"poles": ["cnidep"], "state": "draft"}, key=pole)
    [draft] = drafts.body["items"]
    assert draft["publication"] == lost["publication"] and draft["version"] > lost["version"]
    body = {"publication": draft["publication"], "version": draft["version"]}
    assert journal.call("diffusion.publication.publish", body, key=pole).status == 200
    assert len(journal.call("diffusion.publication.list", {}, anonymous=True).body["items"]) == 2

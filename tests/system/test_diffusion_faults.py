"""The journal is killed while it works: what was acknowledged is there once, with its number and
bytes; what was not is there whole or not at all; streams go on; another instance takes over."""

import json
import os
import random
import signal
import sqlite3
import threading
import time
import uuid

import piad
import pytest
from journal import (POLE, dump, follow_to, head, make_event, make_key,
                     make_publication, new_network, publish, verify, wait_for_poles)
from mdp import Timeout
from pia import BIN, Network

ROUNDS = 12 if os.environ.get("PIA_NIGHTLY") else 4


@pytest.fixture
def journal():
    with new_network() as network:
        yield network


class Publisher(threading.Thread):
    """Publishes small batches until it is told to stop, and notes what was acknowledged."""

    def __init__(self, network, token):
        super().__init__()
        self.network, self.token = network, token
        self.acknowledged = {}  # id -> (sequence, chain, bytes)
        self.batches = []       # lists of ids
        self.stopping = threading.Event()
        self.wrong = []

    def run(self):
        try:
            while not self.stopping.is_set():
                self.publish_until_acknowledged([make_event() for _ in range(random.randint(1, 9))])
        except Exception as error:  # noqa: BLE001 - it is the test's to tell
            self.wrong.append(repr(error))

    def publish_until_acknowledged(self, events):
        texts = [dump(event) for event in events]
        self.batches.append([event["id"] for event in events])
        while not self.stopping.is_set():
            with piad.Diffusion(self.network.endpoint("diffusion"), self.token) as connection:
                try:
                    answer = connection.publish(texts, timeout=1.0)
                except Timeout:
                    continue
            if answer["status"] == "unavailable":
                continue
            assert answer["status"] == "ok", answer
            for event, text, receipt in zip(events, texts, answer["receipts"]):
                self.acknowledged[event["id"]] = (receipt["sequence"], receipt["chain"], text)
            return


def read_journal(network, token):
    """Every record with its bytes, from the beginning."""
    end, found = head(network)["sequence"], []
    with network.diffusion(token) as connection:
        connection.subscribe(1, "", {}, 60000)
        while len(found) < end:
            frames = connection.expect(piad.DATA, timeout=20)[1]
            offset, records = 0, frames[3]
            while offset < len(records):
                epoch, sequence, _, chain, size = piad.RECORD.unpack_from(records, offset)
                offset += piad.RECORD.size
                found.append((sequence, chain.hex(), records[offset : offset + size]))
                offset += size
            connection.credit(1, 1000)
    return found


def check_history(network, token, publishers):
    records = read_journal(network, token)
    assert [r[0] for r in records] == list(range(1, len(records) + 1)), "a hole or an inversion"
    by_id = {}
    for sequence, chain, text in records:
        name = json.loads(text)["id"]
        assert name not in by_id, f"{name} is there twice"
        by_id[name] = (sequence, chain, text)
    for publisher in publishers:
        assert not publisher.wrong, publisher.wrong
        for name, (sequence, chain, text) in publisher.acknowledged.items():
            assert by_id[name] == (sequence, chain[:8], text)
        for batch in publisher.batches:
            there = [name in by_id for name in batch]
            assert all(there) or not any(there), "part of a batch was stored"
            if all(there):
                first = by_id[batch[0]][0]
                assert [by_id[n][0] for n in batch] == list(range(first, first + len(batch)))


def wait_for_growth(network, count, timeout=30):
    """Until the journal has `count` events more."""
    with network.diffusion() as connection:
        until = time.monotonic() + timeout
        start = int(connection.hello(timeout)["cursor"].split(".")[1])
        while int(connection.hello(timeout)["cursor"].split(".")[1]) < start + count:
            assert time.monotonic() < until, "the journal does not grow"


def test_kill_9_while_publishing(journal):
    token = journal.token()
    publishers = [Publisher(journal, token) for _ in range(3)]
    for publisher in publishers:
        publisher.start()
    process = journal.processes[-1]
    for _ in range(ROUNDS):
        wait_for_growth(journal, random.randint(20, 200))
        process.kill()
        process = journal.start("diffusion", "--redis", "")
    wait_for_growth(journal, 20)
    for publisher in publishers:
        publisher.stopping.set()
    for publisher in publishers:
        publisher.join()
    check_history(journal, token, publishers)
    assert verify(journal) == head(journal)["sequence"]


@pytest.mark.parametrize("ring_mib", [1, 8])
def test_a_cursor_goes_on_however_small_the_ring(ring_mib):
    """A batch that the ring does not hold is in the database when its receipts are there."""
    with new_network("--diffusion.ring_mib", str(ring_mib)) as network, \
            network.diffusion(network.token()) as publisher, \
            network.diffusion(network.token()) as reader:
        reader.hello()
        for stream in range(1, 4):
            answer = publisher.publish([make_event(data="x" * 20000) for _ in range(600)])
            assert answer["status"] == "ok", answer
            receipts = answer["receipts"]
            reader.subscribe(stream, receipts[0]["cursor"], {}, 1)
            command, frames = reader.expect(piad.DATA, piad.PROGRESS, piad.EPOCH)
            assert command == piad.DATA, frames
            assert piad.read_records(frames[3])[0].sequence == receipts[1]["sequence"]


def test_checkpoints_wait_for_a_pause(journal):
    """While commits are logged none calls the connection back; when they end, there is one."""
    file = journal.data / "diffusion.db"
    start = last = time.monotonic()
    until, changed = start + 30, None
    with journal.diffusion(journal.token()) as connection:
        while last - start < 3.5:
            assert connection.publish([make_event()])["status"] == "ok"
            now = time.monotonic()
            assert now < until, "the machine pauses all the time"
            if now - last > 0.4:  # that was a pause
                start, changed = now, None
            elif now - start > 1.2 and changed is None:  # what was there before is copied
                changed = file.stat().st_mtime_ns
            last = now
            time.sleep(0.02)  # few: who follows copies by itself when the log has grown long
        assert file.stat().st_mtime_ns == changed
    until = time.monotonic() + 10
    while file.stat().st_mtime_ns == changed:
        assert time.monotonic() < until, "no checkpoint when idle"
        time.sleep(0.05)


def test_revoked_rights_stay_revoked_over_a_restart(journal):
    made = make_key(journal, "pole", pole=POLE)
    token = journal.token(made["key"])
    assert journal.call("registry.key.revoke", {"id": made["id"]}).status == 200
    with journal.diffusion(journal.token()) as connection:
        connection.subscribe(1, "", {"types": ["principal.revoked"]}, 10)
        connection.take(1)
    journal.processes[-1].kill()
    journal.start("diffusion", "--redis", "")
    with journal.diffusion(token) as connection:
        assert connection.publish([make_event()])["status"] == "unauthenticated"


def test_a_stream_goes_on_after_a_restart(journal):
    token = journal.token()
    receipts = publish(journal, [make_event() for _ in range(30)])
    with journal.diffusion(token) as connection:
        connection.subscribe(1, receipts[4]["cursor"], {}, 10)
        records, cursor = connection.take(10)
        journal.processes[-1].kill()
        journal.start("diffusion", "--redis", "")
        connection.send(piad.HEARTBEAT)
        assert connection.expect(piad.DISCONNECT)[0] == piad.DISCONNECT
        connection.subscribe(1, cursor, {}, 100)
        more, _ = follow_to(connection, receipts[-1]["sequence"])
    assert [r.sequence for r in records + more] == [r["sequence"] for r in receipts[5:]]


def test_projections_and_audiences_are_the_same_after_a_kill(journal):
    made = journal.call("diffusion.subscription.create",
                        {"contact": str(uuid.uuid4()), "filter": {"themes": ["arts"]}})
    assert made.status == 200
    sequence = publish(journal, [make_publication(themes=["arts"])])[0]["sequence"]

    def picture():
        return [journal.call(*asked).body for asked in (
            ("diffusion.publication.list", {}), ("diffusion.audience.list", {"sequence": sequence}),
            ("diffusion.subscription.list", {}), ("diffusion.journal.head", {}))]

    before = picture()
    assert len(before[1]["items"]) == 1
    journal.processes[-1].kill()
    journal.start("diffusion", "--redis", "")
    assert picture() == before
    assert publish(journal, [make_event()])[0]["sequence"] == sequence + 1


def test_a_terminated_journal_gives_its_last_receipts(journal):
    token = journal.token()
    publishers = [Publisher(journal, token) for _ in range(2)]
    for publisher in publishers:
        publisher.start()
    for _ in range(2):
        wait_for_growth(journal, 50)
        process = journal.processes[-1]
        process.signal(signal.SIGTERM)
        assert process.wait() == 0
        journal.start("diffusion", "--redis", "")
    for publisher in publishers:
        publisher.stopping.set()
    for publisher in publishers:
        publisher.join()
    check_history(journal, token, publishers)


def test_a_standby_takes_over(journal):
    """On SQLite the second instance waits; publishers and cursors notice nothing but a retry."""
    token = journal.token()
    standby = journal.start("diffusion", "--redis", "", "--instance", "second", wait=False)
    journal_id = head(journal)["journal"]
    publisher = Publisher(journal, token)
    publisher.start()
    wait_for_growth(journal, 30)
    journal.processes[-2].kill()
    wait_for_growth(journal, 30)
    publisher.stopping.set()
    publisher.join()
    check_history(journal, token, [publisher])
    now = head(journal)
    assert now["journal"] == journal_id and now["epoch"] == 1
    info = journal.call("service.info", service="diffusion").body
    assert info["instance"] == "second" and info["endpoint"] == "ipc://run/diffusion.sock"
    assert standby.child.poll() is None


def test_the_disk_fails_and_nothing_is_acknowledged(journal):
    """fdatasync says EIO: the process ends with 3, and what it had acknowledged is there."""
    token = journal.token()
    kept = publish(journal, [make_event() for _ in range(5)])
    process = journal.processes[-1]
    process.kill()
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync",
              "-e", "inject=fdatasync:error=EIO:when=12+"]

    failing = journal.spawn(
        "diffusion", [*strace, BIN / "pia-diffusion", "--data", journal.data, "--redis", ""],
        expected=(3,))
    publisher = Publisher(journal, token)
    publisher.start()
    assert failing.wait(60) == 3
    journal.start("diffusion", "--redis", "")
    wait_for_growth(journal, 5)
    publisher.stopping.set()
    publisher.join()
    check_history(journal, token, [publisher])
    assert head(journal)["sequence"] > kept[-1]["sequence"]


@pytest.mark.parametrize("call", ["pwrite64:error=ENOSPC:when=40+", "pwrite64:error=EIO:when=60+"])
def test_the_disk_is_full_and_nothing_is_acknowledged(journal, call):
    """A write fails for good: the process says so and ends with 3; with room again it goes on."""
    token = journal.token()
    journal.processes[-1].kill()
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", journal.data / "diffusion.db-wal",
              "-P", journal.data / "diffusion.db", "-e", "trace=pwrite64", "-e", f"inject={call}"]
    failing = journal.spawn(
        "diffusion", [*strace, BIN / "pia-diffusion", "--data", journal.data, "--redis", ""],
        expected=(3,))
    publisher = Publisher(journal, token)
    publisher.start()
    assert failing.wait(60) == 3
    assert "the disk failed, nothing more is acknowledged" in failing.tail()
    journal.start("diffusion", "--redis", "")
    wait_for_growth(journal, 5)
    publisher.stopping.set()
    publisher.join()
    check_history(journal, token, [publisher])
    assert verify(journal) == head(journal)["sequence"]


@pytest.mark.parametrize("call", [
    "pwrite64:error=ENOSPC:when=30+", "pwrite64:error=EIO:when=30+",
    "fdatasync:error=EIO:when=30+", "pwrite64:signal=KILL:when=30", "fdatasync:signal=KILL:when=30"])
def test_the_commit_file_fails_and_nothing_is_acknowledged(journal, call):
    """The disk fails under the file alone, or a kill comes between its steps: what was acknowledged
    is there, and it goes on."""
    token = journal.token()
    journal.processes[-1].kill()
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", journal.data / "diffusion.db.commits",
              "-e", "trace=pwrite64,fdatasync", "-e", f"inject={call}"]
    code = -9 if "KILL" in call else 3
    failing = journal.spawn(
        "diffusion", [*strace, BIN / "pia-diffusion", "--data", journal.data, "--redis", ""],
        expected=(code,))
    publisher = Publisher(journal, token)
    publisher.start()
    assert failing.wait(60) == code
    assert code != 3 or "the disk failed, nothing more is acknowledged" in failing.tail()
    journal.start("diffusion", "--redis", "")
    wait_for_growth(journal, 5)
    publisher.stopping.set()
    publisher.join()
    check_history(journal, token, [publisher])
    assert verify(journal) == head(journal)["sequence"]


def start_with(network, injection, expected=(0,)):
    """The journal, whose commit file meets a fault."""
    path = "diffusion.db.commits"
    return network.spawn("diffusion", [
        "strace", "-D", "-f", "-qq", "-o", "/dev/null", "-P", network.data / path, "-P", path,
        "-e", "trace=" + injection.split(":")[0], "-e", f"inject={injection}",
        BIN / "pia-diffusion", "--data", network.data, "--redis", ""],
        env={"ASAN_OPTIONS": "detect_leaks=0"}, expected=expected)  # which cannot look under ptrace


@pytest.mark.parametrize("grows", [True, False])
def test_a_commit_file_that_cannot_be_made_durable_ends_the_process(journal, grows):
    """Also when it only grows, or is wiped."""
    kept = publish(journal, [make_event(kind="veille")])
    head(journal)  # the database has it
    journal.processes[-1].kill()
    failing = start_with(journal, "fsync:error=EIO", expected=(3,))
    journal.wait_ready("diffusion", failing)
    publisher = Publisher(journal, journal.token())
    if grows:
        big = [make_event(data={"text": "x" * 3000}) for _ in range(700)]
        publisher.batches.append([event["id"] for event in big])
        publish(journal, [make_event()])  # from now on it knows who publishes without SQLite
        with journal.diffusion(journal.token()) as connection, pytest.raises(Timeout):
            connection.publish(big, timeout=3)
    else:
        done = journal.pia("journal", "retain", "--kind", "veille", "--older-than", "0s", "--timeout", 3)
        assert done.returncode != 0
    assert failing.wait(20) == 3
    assert "the disk failed, nothing more is acknowledged" in failing.tail()
    journal.start("diffusion", "--redis", "")
    assert head(journal)["sequence"] >= kept[-1]["sequence"]
    check_history(journal, journal.token(), [publisher])


def test_a_commit_file_that_cannot_be_read_hides_nothing_that_sqlite_has(journal):
    kept = publish(journal, [make_event() for _ in range(5)])
    head(journal)
    journal.processes[-1].kill()
    failing = start_with(journal, "pread64:error=EIO")
    journal.wait_ready("diffusion", failing)
    assert "blocks of" in failing.tail() and "cannot be read" in failing.tail()
    assert head(journal)["sequence"] == kept[-1]["sequence"] and "damage" not in head(journal)
    assert publish(journal, [make_event()])[0]["sequence"] == kept[-1]["sequence"] + 1


def test_commits_that_cannot_be_put_aside_are_not_written_over(journal):
    publish(journal, [make_event()])
    head(journal)
    publish(journal, [make_event()])
    journal.processes[-1].kill()
    commits = journal.data / "diffusion.db.commits"
    before = commits.read_bytes()
    database = sqlite3.connect(journal.data / "diffusion.db")  # as if an epoch had begun without it
    database.execute("UPDATE journal_head SET epoch = 2")
    database.execute("INSERT INTO journal_epoch SELECT 2, first_sequence, chain_before, began_at, reason"
                     " FROM journal_epoch WHERE epoch = 1")
    database.commit()
    database.close()
    (journal.data / "diffusion.db.mark").unlink()
    failing = start_with(journal, "rename:error=EIO", expected=(1,))
    assert failing.wait(20) == 1
    assert "cannot rename" in failing.tail()
    assert commits.read_bytes() == before
    journal.start("diffusion", "--redis", "")
    assert [path.read_bytes() for path in journal.data.glob("diffusion.db.commits.*")] == [before]


def test_two_instances_on_postgresql_make_one_journal(postgres):
    with Network() as network:
        database = ["--database", f"{postgres}#df{os.getpid()}"]
        network.start_broker("--drain-ms", "200")
        network.start("registry", "--redis", "", "--registry.demonstration", "true", *network.few_communes())
        network.start("diffusion", "--redis", "", "--instance", "first", *database)
        second = network.start("diffusion", "--redis", "", "--instance", "second", *database,
                               wait=False)
        network.wait_ready("diffusion#second", second)
        wait_for_poles(network)
        token = network.token()
        info, until = {}, time.monotonic() + 20
        while info.get("state") != "active":  # it reads the journal's tail first
            assert time.monotonic() < until, info
            with network.client() as client:
                info = client.call("service.info", service="diffusion#second").body
        assert info["endpoint"] == "ipc://run/diffusion.2.sock"

        publishers = [Publisher(network, token), Publisher(network, token)]
        publishers[1].network = type("Other", (), {
            "endpoint": staticmethod(lambda _: network.endpoint("diffusion.2"))})
        with piad.Diffusion(network.endpoint("diffusion"), token) as one, \
                piad.Diffusion(network.endpoint("diffusion.2"), token) as two:
            for connection in (one, two):
                connection.hello()
                connection.subscribe(1, "", {}, 60000)
            for publisher in publishers:
                publisher.start()
            wait_for_growth(network, 200)
            for publisher in publishers:
                publisher.stopping.set()
            for publisher in publishers:
                publisher.join()
            end = head(network)["sequence"]
            streams = [follow_to(connection, end)[0] for connection in (one, two)]
        names = [[record.event["id"] for record in records] for records in streams]
        assert names[0] == names[1] and len(names[0]) == end
        check_history(network, token, publishers)
        assert all(publisher.acknowledged for publisher in publishers)
        assert verify(network) == end

        live = network.live()  # it had the first instance's; the second goes on with it
        network.processes[2].kill()
        with piad.Diffusion(network.endpoint("diffusion.2"), token) as connection:
            until, seen = time.monotonic() + 20, b"head"
            while seen == b"head":
                assert time.monotonic() < until
                assert connection.publish([make_event(visibility="public")])["status"] == "ok"
                if live.poll(500):
                    seen = live.recv_multipart()[0]
        assert seen == f"-/-/44/{POLE}".encode()

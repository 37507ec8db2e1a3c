"""Many streams at once: a storm of reconnects, who does not read, who is gone, and the hand-over from
disk through memory to live while publishers are at work."""

import threading
import time

import piad
import pytest
import zmq
from journal import head, make_event, make_publication, new_network, publish, read_all
from piad import Diffusion

OUTFLOW_MAX = 512 * 1024  # services/diffusion/outflow.h
FRAME_MAX = 128 * 1024 + 65536


@pytest.fixture(scope="module")
def journal(engine):
    with new_network("--diffusion.ring-mib", "1", *engine.options) as network:
        yield network


@pytest.fixture
def crowd(journal):
    """Connections of a context that has room for a thousand."""
    context = zmq.Context()
    context.max_sockets = 3000
    connections = []

    def connect(token=b"", receive_hwm=4096):
        connection = Diffusion.__new__(Diffusion)
        connection.socket = context.socket(zmq.DEALER)
        connection.socket.linger = 0
        connection.socket.rcvhwm = receive_hwm
        connection.socket.connect(journal.endpoint("diffusion"))
        connection.token, connection.requests, connection.waiting = token, 0, []
        connection.sent = time.monotonic()
        connections.append(connection)
        return connection

    yield connect
    for connection in connections:
        connection.close()
    context.term()


def counters(journal):
    return journal.call("service.stats", service="diffusion").body["counters"]


def wait_until(condition, timeout, what):
    until = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < until, what
        time.sleep(0.02)


def raw_to(connection, end):
    """The records up to event `end` as they came, without a look at what is in them."""
    parts, last = [], 0
    while last < end:
        command, frames = connection.expect(piad.DATA, piad.PROGRESS, timeout=60)
        if command == piad.DATA:
            parts.append(frames[3])
        last = int(frames[2].decode().split(".")[1])
    return b"".join(parts)


def storm(journal, connect, cursor, end, clients):
    """All of them come back at once, from the same place; what each got."""
    token = journal.token()
    connections = [connect(token) for _ in range(clients)]
    for connection in connections:
        connection.subscribe(1, cursor, {}, 60000)
    return {raw_to(connection, end) for connection in connections}


def test_a_storm_of_reconnects_reads_nothing_from_disk(journal, crowd):
    receipts = [receipt for _ in range(10)
                for receipt in publish(journal, [make_event() for _ in range(100)])]
    before = counters(journal)["stream_rows_read_total"]
    got = storm(journal, crowd, receipts[99]["cursor"], receipts[-1]["sequence"], 1000)
    assert len(got) == 1
    records = piad.read_records(got.pop())
    assert [r.sequence for r in records] == [r["sequence"] for r in receipts[100:]]
    assert counters(journal)["stream_rows_read_total"] == before


def test_a_storm_right_after_a_restart_neither(journal, crowd):
    receipts = [receipt for _ in range(5)
                for receipt in publish(journal, [make_event() for _ in range(100)])]
    journal.processes[-1].kill()
    journal.start("diffusion", "--redis", "", *journal.options)
    got = storm(journal, crowd, receipts[99]["cursor"], receipts[-1]["sequence"], 200)
    assert [r.sequence for r in piad.read_records(got.pop())] == \
        [r["sequence"] for r in receipts[100:]]
    assert not got and counters(journal)["stream_rows_read_total"] == 0


def test_who_replays_together_reads_together(journal, crowd):
    """From disk, far behind what is kept in memory: each row is read for all, not for each."""
    start = head(journal)
    for _ in range(8):
        publish(journal, [make_event(data="x" * 2000) for _ in range(1000)])
    end = head(journal)["sequence"]
    journal.processes[-1].kill()
    journal.start("diffusion", "--redis", "", *journal.options)
    alone = storm(journal, crowd, start["cursor"], end, 1)
    rows = counters(journal)["stream_rows_read_total"]
    assert rows > 40  # of 16 MB, less than 1 MB is in memory
    together = storm(journal, crowd, start["cursor"], end, 20)
    assert together == alone
    assert counters(journal)["stream_rows_read_total"] < 10 * rows


def test_who_does_not_read_holds_a_bounded_part_of_memory(journal, crowd):
    """Three of them, with all the credit there is; the fourth gets everything meanwhile."""
    token = journal.token()
    start = head(journal)["cursor"]
    slow = [crowd(token, receive_hwm=1) for _ in range(3)]
    for connection in slow:
        connection.subscribe(1, start, {}, 65535)
    with journal.diffusion(token) as fast:
        fast.subscribe(1, start, {}, 65535)
        for _ in range(8):
            publish(journal, [make_event(data="x" * 16000) for _ in range(250)])
            for connection in [*slow, fast]:
                connection.send(piad.HEARTBEAT)
            waiting = counters(journal)["stream_bytes_waiting"]
            assert waiting <= 4 * (OUTFLOW_MAX + FRAME_MAX)
        end = head(journal)["sequence"]
        expected = raw_to(fast, end)
    assert len(expected) > 30 << 20
    assert counters(journal)["stream_bytes_waiting"] > 0  # they do wait
    for connection in slow:
        assert raw_to(connection, end) == expected
    wait_until(lambda: counters(journal)["stream_bytes_waiting"] == 0, 10, "something still waits")


def test_who_is_gone_is_dropped_when_it_is_noticed(journal, crowd):
    """Not after ten seconds of silence: its streams would be tried again and again until then."""
    token = journal.token()
    connections = [crowd(token) for _ in range(50)]
    for connection in connections:
        connection.hello()
        connection.subscribe(1, "head", {}, 1000)
        connection.next()  # it follows
    wait_until(lambda: counters(journal)["streams"] >= 50, 5, "no streams")
    for connection in connections:
        connection.close()
    gone = time.monotonic()
    while counters(journal)["streams"] >= 50:
        publish(journal, [make_event()])
        assert time.monotonic() - gone < 5, "they are still there"


FILTERS = [{}, {"kinds": ["guide"]}, {"themes": ["arts"], "kinds": ["guide"]}]
CREDITS = [1, 16, 60000]


def follow_with(journal, token, cursor, filter, credit, end):
    """Follows up to event `end`, and gives each event's credit back one by one; the sequences."""
    seen, last = [], None
    with journal.diffusion(token) as connection:
        connection.subscribe(1, cursor, filter, credit)
        while last is None or int(last.split(".")[1]) < end:
            start, to, records = connection.next(timeout=60)
            assert last is None or start == last, f"a hole: {last} then {start}"
            last = to
            seen += [record.sequence for record in records]
            if records:
                connection.credit(1, len(records))
    return seen


def matches(event, filter):
    themes = event["data"].get("themes", []) if isinstance(event["data"], dict) else []
    return (not filter.get("kinds") or event["data"].get("kind") in filter["kinds"]) and \
        (not filter.get("themes") or any(theme in themes for theme in filter["themes"]))


def mixed(number):
    if number % 3 == 0:
        return make_publication(themes=["arts"] if number % 2 else ["habitat"])
    return make_event(data={"x": "y" * 300})


def test_the_hand_over_has_no_seam_for_any_filter_and_credit(journal):
    """Each begins on disk, comes through memory, and ends live, while three publishers are at work."""
    token = journal.token()
    start = head(journal)
    for _ in range(3):
        publish(journal, [mixed(n) for n in range(900)])
    rounds, size, publishers = 20, 20, 3
    end = start["sequence"] + 2700 + rounds * size * publishers
    found, wrong = {}, []

    def work():
        with journal.diffusion(token) as connection:
            for _ in range(rounds):
                assert connection.publish([mixed(n) for n in range(size)])["status"] == "ok"

    def follow(filter, credit):
        try:
            found[str(filter), credit] = follow_with(journal, token, start["cursor"], filter, credit,
                                                     end)
        except BaseException as error:  # told in the test's thread
            wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(publishers)]
    threads += [threading.Thread(target=follow, args=(filter, credit))
                for filter in FILTERS for credit in CREDITS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong
    everything = [r for r in read_all(journal, token) if start["sequence"] < r.sequence <= end]
    assert len(everything) == end - start["sequence"]
    for filter in FILTERS:
        expected = [r.sequence for r in everything if matches(r.event, filter)]
        assert 0 < len(expected) <= len(everything)
        for credit in CREDITS:
            assert found[str(filter), credit] == expected, (filter, credit)

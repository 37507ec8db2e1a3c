"""Streams: from the beginning, the head and a cursor; credit; filters with covered ranges; the
hand-over to live; foreign cursors; nonsense; rights that end."""

import json
import struct
import threading
import time

import piad
import pytest
import zmq
from journal import (POLE, follow_to, head, make_event, make_key, make_service_event,
                     new_network, publish)


@pytest.fixture(scope="module")
def journal(engine):
    with new_network(*engine.options) as network:
        yield network


@pytest.fixture
def admin(journal):
    with journal.diffusion(journal.token()) as connection:
        connection.hello()
        yield connection


def error_of(connection, timeout=10.0):
    frames = connection.expect(piad.ERROR, timeout=timeout)[1]
    return struct.unpack(">I", frames[0])[0], json.loads(frames[1])


def next_records(connection):
    """The next frame with events."""
    while True:
        first, end, records = connection.next()
        if records:
            return first, end, records


def test_from_the_beginning(journal, admin):
    publish(journal, [make_event() for _ in range(3)])
    end = head(journal)["sequence"]
    admin.subscribe(1, "", {}, 60000)
    records, cursor = follow_to(admin, end)
    assert [r.sequence for r in records] == list(range(1, end + 1))
    assert cursor == head(journal)["cursor"]


def test_from_the_head(journal, admin):
    start = head(journal)["cursor"]
    admin.subscribe(1, "head", {}, 100)
    assert admin.next() == (start, start, [])  # it follows, and from where
    event = make_event()
    admin.publish([event])
    first, _, records = admin.next()
    assert first == start and [r.event["id"] for r in records] == [event["id"]]


def test_from_a_cursor_the_stream_just_goes_on(journal):
    receipts = publish(journal, [make_event() for _ in range(10)])
    with journal.diffusion(journal.token()) as connection:
        connection.subscribe(1, receipts[3]["cursor"], {}, 100)
        first, _, records = connection.next()
        assert first == receipts[3]["cursor"]
        got = [r.sequence for r in records]
        assert got[:1] == [receipts[4]["sequence"]]


def test_credit_is_a_brake(journal, admin):
    receipts = publish(journal, [make_event() for _ in range(20)])
    admin.subscribe(1, receipts[0]["cursor"], {}, 5)
    records, _ = admin.take(5)
    assert len(records) == 5
    admin.publish([make_event()])  # what was underway came before the receipt
    assert not admin.waiting


def test_credit_is_added(journal):
    receipts = publish(journal, [make_event() for _ in range(20)])
    with journal.diffusion(journal.token()) as connection:
        connection.subscribe(1, receipts[0]["cursor"], {}, 0)
        for more in (1, 2, 3):
            connection.credit(1, more)
        records, _ = connection.take(6)
        assert [r.sequence for r in records] == [r["sequence"] for r in receipts[1:7]]


def test_a_filter_hides_events_not_ranges(journal):
    start = head(journal)["cursor"]
    events = [make_event(themes="arts" if i % 7 == 0 else "sante") for i in range(500)]
    publish(journal, events)
    end = head(journal)["sequence"]
    with journal.diffusion(journal.token()) as connection:
        connection.subscribe(1, start, {"themes": ["arts"]}, 1000)
        records, cursor = follow_to(connection, end)
    assert [r.event["id"] for r in records] == [e["id"] for e in events if e["themes"] == "arts"]
    assert cursor == head(journal)["cursor"]


def test_progress_tells_of_hidden_events(journal):
    with journal.diffusion(journal.token()) as connection:
        start = connection.hello()["cursor"]
        connection.subscribe(1, "head", {"kinds": ["veille"]}, 10)
        assert connection.next() == (start, start, [])
        end = connection.publish([make_event(), make_event()])["receipts"][-1]
        assert connection.next() == (start, end["cursor"], [])


@pytest.mark.parametrize("wanted,hits", [
    ({"types": ["essai.un"]}, "a"),
    ({"sources": ["/poles/cerfav"]}, "b"),
    ({"poles": ["cerfav"]}, "b"),
    ({"kinds": ["guide", "formation"]}, "cd"),
    ({"themes": ["habitat"]}, "ce"),
    ({"sectors": ["batiment"]}, "d"),
    ({"topics": ["marches"]}, "f"),
    ({"scopes": ["national"]}, "g"),
    ({"departements": ["54"]}, "cdg"),
    ({"regions": ["44"]}, "cdg"),
    ({"regions": ["52"]}, "eg"),
    ({"departements": ["72"]}, "eg"),
    ({"kinds": ["guide"], "departements": ["54"]}, "c"),
    ({"kinds": []}, ""),
    ({}, "abcdefg"),
])
def test_filters(journal, wanted, hits):
    start = head(journal)["cursor"]
    publish(journal, [
        make_event(event_type="essai.un", subject="a"),
        make_event("cerfav", subject="b"),
        {**make_event(subject="c", themes="habitat,arts", departements="54"), "kind": "guide"},
        {**make_event(subject="d", sectors="batiment", regions="44"), "kind": "formation"},
        make_event(subject="e", themes="habitat", departements="72"),
        make_event(subject="f", topics="technologie,marches"),
        make_event(subject="g", scope="national"),
    ])
    with journal.diffusion(journal.token()) as connection:
        connection.subscribe(1, start, wanted, 100)
        records, _ = follow_to(connection, head(journal)["sequence"])
    assert "".join(r.event["subject"] for r in records) == hits


@pytest.mark.parametrize("cursor", ["1.1.00000000", "1.999999999.12345678", "7.3.12345678"])
def test_a_cursor_of_another_history_is_told_epoch(journal, admin, cursor):
    admin.subscribe(1, cursor, {}, 10)
    frames = admin.expect(piad.EPOCH)[1]
    assert frames[0] == struct.pack(">I", 1) and frames[1] == b"1.0.00000000"
    assert json.loads(frames[2])["epoch"] == 1
    admin.subscribe(1, frames[1].decode(), {}, 10)
    assert admin.next()[0] == "1.0.00000000"


@pytest.mark.parametrize("options,pointer", [
    ({"cursor": "tail"}, "/cursor"), ({"cursor": 5}, "/cursor"), ({"credit": -1}, "/credit"),
    ({"credit": 65536}, "/credit"), ({"filter": {"colours": ["red"]}}, "/colours"),
    ({"filter": {"themes": ["cuisine"]}}, "/themes/0"), ({"colour": "red"}, ""),
])
def test_a_bad_subscribe_is_refused(admin, options, pointer):
    admin.send(piad.SUBSCRIBE, struct.pack(">I", 3), admin.token, json.dumps(options).encode())
    stream, problem = error_of(admin)
    assert stream == 3 and problem["status"] == "invalid" and problem["pointer"] == pointer
    admin.subscribe(3, "head", {}, 1)  # the number is free again
    admin.publish([make_event()])
    assert next_records(admin)[2]


def test_a_stream_is_opened_once_and_closed(journal, admin):
    admin.subscribe(1, "head", {}, 10)
    admin.subscribe(1, "head", {}, 10)
    assert error_of(admin)[1]["status"] == "conflict"  # and both have ended
    admin.publish([make_event()])
    admin.subscribe(1, "head", {}, 10)
    admin.unsubscribe(1)
    admin.publish([make_event()])
    admin.subscribe(2, "head", {}, 10)
    last = admin.publish([make_event()])["receipts"][0]
    frames = admin.expect(piad.DATA)[1]
    assert frames[0] == struct.pack(">I", 2) and frames[2].decode() == last["cursor"]


def test_a_connection_has_at_most_64_streams(admin):
    for stream in range(1, 66):
        admin.subscribe(stream, "head", {}, 1)
    stream, problem = error_of(admin)
    assert stream == 65 and problem["status"] == "rate_limited"


def test_a_bad_token_opens_no_stream(journal):
    with journal.diffusion() as connection:
        connection.subscribe(1, "", {}, 10, token=b"x" * 100)
        assert error_of(connection)[1]["status"] == "unauthenticated"


def test_many_streams_of_one_connection_are_apart(journal, admin):
    start = head(journal)["cursor"]
    for stream, theme in enumerate(["arts", "sante", "habitat"], 1):
        admin.subscribe(stream, start, {"themes": [theme]}, 100)
    publish(journal, [make_event(themes=t) for t in ("arts", "sante", "habitat", "arts")])
    got = {1: 0, 2: 0, 3: 0}
    while sum(got.values()) < 4:
        frames = admin.expect(piad.DATA)[1]
        got[struct.unpack(">I", frames[0])[0]] += len(piad.read_records(frames[3]))
    assert got == {1: 2, 2: 1, 3: 1}


NONSENSE = [
    [b""], [b"", b"PIAD01", b"\x01"], [b"PIAD01"], [b"PIAD99", b"\x01"], [b"PIAD01", b"\x00"],
    [b"PIAD01", b"\x81"], [b"PIAD01", b"\xff"], [b"PIAD01", b""], [b"PIAD01", b"\x02"],
    [b"PIAD01", b"\x02", b"x", b"", b""],
    [b"PIAD01", b"\x02", bytes(8), b"", b"\xff\xff\xff\xff"],
    [b"PIAD01", b"\x02", bytes(8), b"t" * 2000, b"\0\0\0\2{}"],
    [b"PIAD01", b"\x02", bytes(8), b"", b"\0\0\0\2{}" * 1001],
    [b"PIAD01", b"\x03", bytes(4), b"", b"{}"], [b"PIAD01", b"\x04", b"\0\0\0\1", b"\0\1\0\0"],
    [b"PIAD01", b"\x05"], [b"PIAD01", b"\x06", b"x"], [b"x"] * 40, [b"PIAD01", *[b"\x06"] * 30],
]


@pytest.mark.parametrize("frames", NONSENSE, ids=range(len(NONSENSE)))
def test_who_talks_nonsense_is_dropped_and_others_feel_nothing(journal, admin, frames):
    admin.subscribe(1, "head", {}, 10)
    with journal.diffusion(journal.token()) as other:
        other.hello()
        other.subscribe(1, "head", {}, 10)
        other.socket.send_multipart(frames)
        assert error_of(other)[1]["status"] == "invalid"
        admin.publish([make_event()])
        other.send(piad.HEARTBEAT)
        other.waiting.clear()
        assert other.receive()[0] == piad.DISCONNECT  # its stream is gone, and it is told
    assert next_records(admin)[2]


def test_a_frame_that_is_too_large_cuts_its_sender_only(journal, admin):
    admin.subscribe(1, "head", {}, 10)
    admin.next()
    with journal.diffusion(journal.token()) as other:
        other.hello()
        other.send(piad.PUBLISH, bytes(8), other.token, bytes(17 << 20))
        assert admin.publish([make_event()])["status"] == "ok"
        assert other.hello()["epoch"] == 1  # on a connection of its own making, anew
    assert next_records(admin)[2]


def test_nonsense_is_counted(journal):
    counters = journal.call("service.stats", service="diffusion").body["counters"]
    assert counters["peer_nonsense_total"] >= len(NONSENSE)


def test_heartbeats_of_a_stranger_are_answered_with_disconnect(journal):
    with journal.diffusion() as connection:
        connection.send(piad.HEARTBEAT)
        assert connection.receive()[0] == piad.DISCONNECT
        connection.credit(1, 5)
        assert connection.receive()[0] == piad.DISCONNECT
        assert connection.hello()["epoch"] == 1


def test_a_peer_that_is_silent_is_dropped(journal):
    with journal.diffusion() as connection:
        connection.hello()
        connection.socket.setsockopt(zmq.RCVTIMEO, 15000)
        beats = 0
        while (frames := connection.socket.recv_multipart())[1] == piad.BEAT:
            beats += 1
        assert frames[1] == piad.DISCONNECT and beats >= 3


def test_the_hand_over_to_live_has_no_seam(journal):
    """Streams that begin at random places while publishers are at work."""
    start = head(journal)
    rounds, size, publishers = 60, 7, 3
    token = journal.token()

    def work():
        with journal.diffusion(token) as connection:
            for _ in range(rounds):
                assert connection.publish([make_event() for _ in range(size)])["status"] == "ok"

    threads = [threading.Thread(target=work) for _ in range(publishers)]
    for thread in threads:
        thread.start()
    end = start["sequence"] + rounds * size * publishers
    cursor = start["cursor"]
    for _ in range(8):  # read a little, go away, come back, while it grows
        with journal.diffusion(token) as connection:
            connection.subscribe(1, cursor, {}, 50)
            records, cursor = connection.take(50)
            first = start["sequence"] + 1
            assert [r.sequence for r in records] == list(range(first, first + len(records)))
            start["sequence"] = records[-1].sequence
    with journal.diffusion(token) as connection:
        connection.subscribe(1, cursor, {}, 60000)
        records, _ = follow_to(connection, end)
    assert [r.sequence for r in records] == list(range(start["sequence"] + 1, end + 1))
    for thread in threads:
        thread.join()
    assert head(journal)["sequence"] == end


def test_a_slow_subscriber_costs_nobody_anything(journal):
    with journal.diffusion(journal.token()) as slow, journal.diffusion(journal.token()) as fast:
        start = head(journal)["cursor"]
        slow.subscribe(1, start, {}, 1)
        fast.subscribe(1, start, {}, 60000)
        for _ in range(20):
            publish(journal, [make_event() for _ in range(50)])
        assert len(fast.take(1000)[0]) == 1000
        assert len(slow.take(1)[0]) == 1


def test_a_subscriber_that_does_not_read_misses_nothing(journal):
    """Its queue and its kernel buffers fill up; others get theirs; later it reads all of it."""
    slow = journal.diffusion(journal.token())
    slow.socket.close()
    slow.socket = zmq.Context.instance().socket(zmq.DEALER)
    slow.socket.rcvhwm = 1
    slow.socket.connect(journal.endpoint("diffusion"))
    start = slow.hello()["cursor"]
    slow.subscribe(1, start, {}, 65535)
    with journal.diffusion(journal.token()) as fast:
        fast.subscribe(1, start, {}, 65535)
        for _ in range(20):
            publish(journal, [make_event(data="x" * 2000) for _ in range(200)])
            slow.send(piad.HEARTBEAT)
            fast.send(piad.HEARTBEAT)
        expected = [r.sequence for r in fast.take(4000, timeout=30)[0]]
    assert [r.sequence for r in slow.take(4000, timeout=30)[0]] == expected


def test_revoked_rights_end_streams(journal):
    made = make_key(journal, "pole", pole=POLE)
    with journal.diffusion(journal.token(made["key"])) as connection:
        connection.hello()
        connection.subscribe(1, "head", {}, 10)
        assert journal.call("registry.key.revoke", {"id": made["id"]}).status == 200
        stream, problem = error_of(connection, timeout=20)
        assert stream == 1 and problem["status"] == "unauthenticated"
        publish(journal, [make_service_event(visibility="network")])
        assert connection.publish([make_event()])["status"] == "unauthenticated"
        connection.subscribe(2, "head", {}, 10)
        assert error_of(connection)[1]["status"] == "unauthenticated"


def test_a_cold_replay_waits_for_nothing(journal):
    """Page after page from disk without a word from the subscriber; a page a tick would be 10 s."""
    with journal.diffusion(journal.token()) as connection:
        start = connection.hello()["cursor"]
        for _ in range(6):
            connection.publish([make_event(data="x" * 900) for _ in range(1000)], timeout=30)
    journal.processes[-1].kill()
    journal.start("diffusion", "--redis", "", "--diffusion.ring-mib", "1", *journal.options)
    with journal.diffusion(journal.token()) as connection:
        began = time.monotonic()
        connection.subscribe(1, start, {}, 60000)
        assert len(connection.take(6000)[0]) >= 6000
        assert time.monotonic() - began < 5

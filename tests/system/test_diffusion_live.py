"""The live feed, and a client written from the page alone."""

import json
import pathlib
import subprocess
import sys
import time

import pytest
from journal import (POLE, head, make_event, make_publication, make_service_event,
                     new_network, publish)

HERE = pathlib.Path(__file__).parent


@pytest.fixture(scope="module")
def journal():
    with new_network() as network:
        yield network


def receive(socket, timeout=10000):
    """The next event: (topic, cursor, event); heads are left out."""
    while True:
        assert socket.poll(timeout), "nothing on the live feed"
        topic, cursor, body = socket.recv_multipart()
        if topic != b"head":
            return topic.decode(), cursor.decode(), json.loads(body)


def wait_for_head(socket):
    """A subscription of "head" that is answered proves that the ones before it have arrived."""
    while True:
        assert socket.poll(10000)
        topic, cursor, body = socket.recv_multipart()
        if topic == b"head":
            assert body == b""
            return cursor.decode()


def test_the_head_is_told_while_nothing_happens(journal):
    socket = journal.live(b"head")
    assert wait_for_head(socket) == head(journal)["cursor"]


def test_topics_choose(journal):
    guides = journal.live(b"guide/", b"head")
    region = journal.live(b"formation/habitat/44/", b"head")
    everything = journal.live()
    for socket in (guides, region, everything):
        wait_for_head(socket)
    publish(journal, [
        make_publication(title="Guide", themes=["habitat", "arts"]),
        make_publication("cerfav", title="Autre guide"),
        {**make_event(themes="habitat"), "kind": "formation"},
        make_event(),
        make_service_event(visibility="network"),
    ])
    topics = [receive(everything)[0] for _ in range(4)]
    assert topics == [f"guide/habitat/44/{POLE}", "guide/-/44/cerfav",
                      f"formation/habitat/44/{POLE}", f"-/-/44/{POLE}"]
    assert [receive(guides)[0] for _ in range(2)] == topics[:2]
    topic, cursor, event = receive(region)
    assert topic == topics[2] and event["kind"] == "formation"
    with journal.diffusion(journal.token()) as connection:  # its cursor is a cursor
        connection.subscribe(1, cursor, {}, 10)
        assert connection.take(1)[0][0].sequence == int(cursor.split(".")[1]) + 1


def test_topics_that_are_too_long_are_refused(journal):
    before = refused(journal)
    bad = journal.live(b"x" * 201, b"y" * 230, b"z" * 300, b"head")
    wait_for_head(bad)
    assert refused(journal) == before + 3


def test_topics_of_200_bytes_are_taken(journal):
    before = refused(journal)
    wait_for_head(journal.live(b"x" * 200, b"head"))
    assert refused(journal) == before


def test_the_head_comes_once_a_second(journal):
    socket = journal.live(b"head")
    wait_for_head(socket)
    began = time.monotonic()
    for _ in range(3):
        wait_for_head(socket)
    assert 2 < time.monotonic() - began < 6


def test_who_subscribes_to_nothing_good_gets_nothing(journal):
    """A refused topic is none, not one that is shorter."""
    bad, good = journal.live(b"guide/" + b"x" * 250, b"head"), journal.live(b"guide/", b"head")
    wait_for_head(bad), wait_for_head(good)
    publish(journal, [make_publication(title="Guide")])
    receive(good)
    wait_for_head(bad)
    assert not bad.poll(0) or bad.recv_multipart()[0] == b"head"


def refused(journal):
    counters = journal.call("service.stats", service="diffusion").body["counters"]
    return counters["live_refused_total"]


def test_forty_lines(journal):
    """Publishes, follows and resumes with what the page says, and nothing else of ours."""
    script = HERE / "forty_lines.py"
    lines = [line for line in script.read_text().splitlines() if line.strip()]
    assert len(lines) <= 40
    done = subprocess.run([sys.executable, script, journal.data, POLE], capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "resumed without a hole" in done.stdout

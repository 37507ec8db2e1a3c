"""What is there already stays known: while runs of fingerprints are made, when the journal is killed
in the midst of it, and from runs alone. Long, since a run begins with 131,072 events."""

import sqlite3
import struct
import uuid

import piad
import pytest
from journal import POLE, new_network, verify, wait_for_poles

FRAME = 1000  # events
RUN = 131072


@pytest.fixture
def journal():
    with new_network() as network:
        yield network


def make_frame(number, payload="x"):
    """The events' frame of a publish; the same number has the same ids."""
    parts = []
    for i in range(FRAME):
        event = (
            f'{{"specversion":"1.0","id":"{uuid.UUID(int=(number << 64) + i * 7919)}",'
            f'"source":"/poles/{POLE}","type":"mesure.faite","data":"{payload}"}}'
        ).encode()
        parts += [struct.pack(">I", len(event)), event]
    return b"".join(parts)


def publish_frame(connection, frame):
    connection.requests += 1
    request = struct.pack(">Q", connection.requests)
    connection.send(piad.PUBLISH, request, connection.token, frame)
    command, (echo, body) = connection.expect(piad.RECEIPT, piad.REFUSED, timeout=30)
    assert echo == request
    return command, body


def publish_frames(network, numbers, frames):
    """Publishes new frames and keeps their receipts in `frames`."""
    with network.diffusion(network.token()) as connection:
        for number in numbers:
            command, body = publish_frame(connection, make_frame(number))
            assert command == piad.RECEIPT, body
            receipts = piad.read_receipts(body)["receipts"]
            assert not any(r["duplicate"] for r in receipts)
            frames[number] = [(r["epoch"], r["sequence"], r["chain"]) for r in receipts]


def expect_known(network, numbers, frames):
    """The same events get their first receipts; other content is refused."""
    with network.diffusion(network.token()) as connection:
        for number in numbers:
            command, body = publish_frame(connection, make_frame(number))
            assert command == piad.RECEIPT, body
            receipts = piad.read_receipts(body)["receipts"]
            assert all(r["duplicate"] for r in receipts)
            assert [(r["epoch"], r["sequence"], r["chain"]) for r in receipts] == frames[number]
            command, body = publish_frame(connection, make_frame(number, "other"))
            assert command == piad.REFUSED and b"conflict" in body, (command, body[:200])


def count(network, table):
    """Rows of a table of the journal's own database, whose process may be dead."""
    with sqlite3.connect(f"file:{network.data}/diffusion.db?mode=ro", uri=True) as database:
        return database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]


def kill_and_start(network, process):
    process.kill()
    found = count(network, "journal_run_page"), count(network, "journal_run")
    process = network.start("diffusion", "--redis", "")
    wait_for_poles(network)
    return process, found


def test_what_is_there_stays_known_through_kills_and_runs(journal):
    process = journal.processes[-1]
    frames = {}
    publish_frames(journal, range(RUN // FRAME + 20), frames)
    process, (pages, runs) = kill_and_start(journal, process)
    assert pages > 0 and runs == 0, "it was to be killed in the midst of writing a run"
    sample = [0, 1, 60, 130, 131, max(frames)]
    expect_known(journal, sample, frames)
    publish_frames(journal, range(len(frames), len(frames) + 90), frames)
    process, (pages, runs) = kill_and_start(journal, process)
    assert runs == 1
    expect_known(journal, [*sample, 140, max(frames)], frames)
    assert verify(journal) >= len(frames) * FRAME

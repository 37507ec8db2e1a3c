"""Damage where several instances write (PostgreSQL): what one has found, all know, and none appends; a new
epoch clears it for all."""

import os
import time

import piad
import pytest
from journal import head, make_event
from pair import Pair


@pytest.fixture
def pair(postgres, request):
    with Pair(postgres, f"damage{os.getpid()}_{request.node.name[5:25]}") as network:
        network.start_both()
        yield network


def damage(pair):
    """The row of an event in the middle; its number, and the last one's."""
    for number in (1, 2):
        assert pair.publish_by(number, make_event(data={"text": "the needle"}))["status"] == "ok"
    bad = pair.publish_by(1, make_event(data={"text": "a needle in a row"}))["receipts"][0]["sequence"]
    last = pair.publish_by(2, make_event())["receipts"][0]["sequence"]
    assert last == bad + 1
    pair.sql("UPDATE journal_batch SET bytes = set_byte(bytes, length(bytes) - 3, 1)"
             f" WHERE first_sequence = {bad}")
    return bad, last


def wait_until_refused(pair, number, text):
    """An instance that waits for nothing else looks for what others have stored every 100 ms."""
    until = time.monotonic() + 20
    while True:
        answer = pair.publish_by(number, make_event())
        if answer["status"] != "ok":
            assert answer["status"] == "unavailable" and text in answer["detail"], answer
            return
        assert time.monotonic() < until, f"instance {number} goes on"


def test_all_instances_stop_at_what_one_has_found(pair):
    bad, _ = damage(pair)
    with pair.connect(2) as reader:  # the first has the events in memory, and so has the second
        reader.subscribe(1, "", {}, 60000)
        reader.next()
    assert pair.pia("journal", "verify").returncode == 4  # by whichever instance
    for number in (1, 2):
        wait_until_refused(pair, number, f"after event {bad - 1}")
    after = int(pair.sql("SELECT sequence FROM journal_head"))
    assert pair.sql("SELECT damaged_after FROM journal_head") == str(bad - 1)

    # who starts later knows it, too, and gives out what is good
    for process in pair.both:
        process.kill()
    pair.start_again()
    for number in (1, 2):
        wait_until_refused(pair, number, f"after event {bad - 1}")
        with pair.connect(number) as connection:
            connection.subscribe(1, "", {}, 60000)
            sequences = []
            while True:
                command, frames = connection.expect(piad.DATA, piad.ERROR)
                if command == piad.ERROR:
                    break
                sequences += [record.sequence for record in piad.read_records(frames[3])]
        assert sequences == list(range(1, bad))
    assert int(pair.sql("SELECT sequence FROM journal_head")) == after  # nothing was appended


def test_an_epoch_leads_all_instances_out(pair):
    bad, last = damage(pair)
    assert pair.pia("journal", "verify").returncode == 4
    wait_until_refused(pair, 1, "is only read")
    wait_until_refused(pair, 2, "is only read")
    done = pair.pia("journal", "begin-epoch", "a disk was damaged", "--json")
    assert done.returncode == 0, done.stderr
    for process in pair.both:  # also the one that was not asked
        assert process.wait() == 0
    pair.start_again()
    now = head(pair)
    assert (now["epoch"], now["sequence"]) == (2, bad - 1) and "damage" not in now
    for number in (1, 2):
        [receipt] = pair.publish_by(number, make_event())["receipts"]
        assert (receipt["epoch"], receipt["sequence"]) == (2, bad - 1 + number)
    assert pair.pia("journal", "verify").returncode == 0
    assert int(pair.sql("SELECT COUNT(*) FROM journal_aside")) >= 1 and last > bad

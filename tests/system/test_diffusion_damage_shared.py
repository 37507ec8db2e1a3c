"""Damage where several instances write (PostgreSQL): what one has found, all know, and none appends; a new
epoch clears it for all."""

import os
import subprocess
import time

import piad
import pytest
from journal import end_network, head, make_event, start_journal
from pia import Network


class Pair(Network):
    """Two instances on one database."""

    def __init__(self, url, schema):
        super().__init__()
        self.url, self.schema = url, schema
        self.options = ("--database", f"{url}#{schema}")

    def sql(self, text):
        done = subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", self.url, "-c",
                               f"SET search_path TO {self.schema}; {text}"],
                              capture_output=True, text=True, check=True, timeout=30)
        return done.stdout.strip()

    def start_second(self):
        self.both = [self.processes[-1], self.start("diffusion", "--redis", "", *self.options)]

    def connect(self, number):
        name = "diffusion" if number == 1 else f"diffusion.{number}"
        connection = piad.Diffusion(self.endpoint(name), self.token())
        self.peers.append(connection)
        return connection


@pytest.fixture
def pair(postgres, request):
    network = Pair(postgres, f"shared{os.getpid()}_{abs(hash(request.node.name)) % 10000}")
    try:
        start_journal(network, *network.options)
        network.start_second()
        yield network
    finally:
        end_network(network)


def publish_by(pair, number, *events):
    with pair.connect(number) as connection:
        return connection.publish(list(events))


def damage(pair):
    """The row of an event in the middle; its number, and the last one's."""
    for number in (1, 2):
        assert publish_by(pair, number, make_event(data={"text": "the needle"}))["status"] == "ok"
    bad = publish_by(pair, 1, make_event(data={"text": "a needle in a row"}))["receipts"][0]["sequence"]
    last = publish_by(pair, 2, make_event())["receipts"][0]["sequence"]
    assert last == bad + 1
    pair.sql("UPDATE journal_batch SET bytes = set_byte(bytes, length(bytes) - 3, 1)"
             f" WHERE first_sequence = {bad}")
    return bad, last


def wait_until_refused(pair, number, text):
    """An instance that waits for nothing else looks for what others have stored every 100 ms."""
    until = time.monotonic() + 20
    while True:
        answer = publish_by(pair, number, make_event())
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
    pair.both = [pair.start("diffusion", "--redis", "", *pair.options) for _ in range(2)]
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
    pair.both = [pair.start("diffusion", "--redis", "", *pair.options) for _ in range(2)]
    now = head(pair)
    assert (now["epoch"], now["sequence"]) == (2, bad - 1) and "damage" not in now
    for number in (1, 2):
        [receipt] = publish_by(pair, number, make_event())["receipts"]
        assert (receipt["epoch"], receipt["sequence"]) == (2, bad - 1 + number)
    assert pair.pia("journal", "verify").returncode == 0
    assert int(pair.sql("SELECT COUNT(*) FROM journal_aside")) >= 1 and last > bad

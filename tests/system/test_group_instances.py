"""Groups where two instances share a database: one has a group, the other says so or takes over."""

import json
import os
import struct

import pytest

import group
import piad
from group import FENCED, Member
from group_journal import OURS, add, name  # noqa: F401
from journal import start_journal
from pia import Network


# Two instances on one database


@pytest.fixture
def pair(postgres):
    with Network() as network:
        options = ("--database", postgres + f"#dm{os.getpid()}")
        start_journal(network, *options)
        network.second = network.start("diffusion", "--redis", "", *options)
        network.options = options
        yield network


def endpoint(network, number):
    return network.endpoint("diffusion" if number == 1 else f"diffusion.{number}")


def test_a_member_that_asks_elsewhere_is_told_where(pair, name):
    with Member(endpoint(pair, 1), pair.token()) as here, Member(endpoint(pair, 2),
                                                                 pair.token()) as there:
        here.joined(name, credit=5, filter=OURS, **{"from": "head"})
        there.join(name)
        stream, said = there.expect(group.MOVED)[1]
        assert stream == struct.pack(">I", 1)
        assert json.loads(said) == {"endpoint": "ipc://run/diffusion.sock"}
        sequences = add(pair, "ab")  # by whichever instance
        assert sorted(t.sequence for t in here.take(2)) == sequences


def test_another_instance_takes_over_when_the_owner_dies(pair, name):
    with Member(endpoint(pair, 2), pair.token()) as there:
        there.joined(name, credit=5, filter=OURS, **{"from": "head"})
        sequences = add(pair, "abc")
        tasks = there.take(3)
        there.done(tasks[0])
        highest = max(t.fence for t in tasks)
    pair.second.kill()
    with Member(endpoint(pair, 1), pair.token()) as here:
        here.joined(name, credit=5)
        again = here.take(2)
        assert {t.sequence for t in again} == set(sequences) - {tasks[0].sequence}
        assert min(t.fence for t in again) > highest
        here.done(*again)


def test_an_owner_that_slept_is_fenced(pair, name):
    """It acknowledges nothing for a group that another has taken over meanwhile."""
    there = Member(endpoint(pair, 2), pair.token())
    there.joined(name, credit=5, filter=OURS, **{"from": "head"})
    add(pair, "a")
    [task] = there.take()
    pair.second.signal(19)
    with Member(endpoint(pair, 1), pair.token()) as here:
        here.joined(name, credit=5)
        [again] = here.take()
        assert again.sequence == task.sequence and again.fence > task.fence
        there.ack(task)
        pair.second.signal(18)
        command, frames = there.expect(group.MOVED, piad.DISCONNECT, group.SETTLED, timeout=20)
        if command == group.SETTLED:
            assert all(o[2] == FENCED for o in group.read_outcomes(frames[1]))
        here.done(again)
    there.close()

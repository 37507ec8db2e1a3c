"""Groups where several instances share PostgreSQL: an owner that cannot reach it gives nothing out, and one that
drains leaves no lease behind."""

import json
import os

import group
import pytest
from group import Member
from journal import POLE, make_event
from pair import Pair

OURS = {"sources": [f"/poles/{POLE}"]}


@pytest.fixture
def pair(postgres, request):
    with Pair(postgres, f"groups{os.getpid()}_{request.node.name[5:25]}") as network:
        network.start_both()
        yield network


def member(pair, number):
    connection = Member(pair.where(number), pair.token())
    pair.peers.append(connection)
    return connection


def add(pair, count):
    """Events of as many keys; by the first instance."""
    events = [make_event(partitionkey=f"key {i}") for i in range(count)]
    return [r["sequence"] for r in pair.publish_by(1, *events)["receipts"]]


def test_an_owner_that_is_cut_off_gives_out_nothing_that_another_has(pair):
    there = member(pair, 2)
    there.joined("essai", credit=1, filter=OURS, **{"from": "head"})
    sequences = add(pair, 10)
    [task] = there.take()
    late = member(pair, 2)
    with pair.unreachable(2):
        here = member(pair, 1)
        here.joined("essai", credit=20)  # when the lease has stood still
        assert sorted(t.sequence for t in here.take(10)) == sequences
        late.joined("essai", credit=20)  # of an owner that does not know yet that it is none
        assert late.nothing(1.5)
    for loser in (there, late):
        said = json.loads(loser.expect(group.MOVED, timeout=20)[1][1])
        assert said in ({"endpoint": ""}, {"endpoint": "ipc://run/diffusion.sock"})
    assert task.sequence in sequences


def test_an_owner_that_was_cut_off_goes_on_when_it_still_has_the_lease(pair):
    there = member(pair, 2)
    there.joined("essai", credit=1, filter=OURS, **{"from": "head"})
    sequences = add(pair, 10)
    [task] = there.take()
    late = member(pair, 2)
    with pair.unreachable(2):
        assert there.nothing(3.5)  # so long that another instance might have it
        late.joined("essai", credit=20)
        assert late.nothing(1)
    assert sorted([task.sequence] + [t.sequence for t in late.take(9)]) == sequences
    there.done(task)


def test_a_group_that_opens_during_a_drain_leaves_no_lease(pair):
    with member(pair, 2) as there:
        there.joined("essai", credit=1, filter=OURS, **{"from": "head"})
    lease = "SELECT holder FROM lease WHERE name = 'group.essai'"
    assert pair.sql(lease) != ""
    pair.both[1].kill()
    pair.sql("UPDATE lease SET holder = '' WHERE name = 'group.essai'")
    process = pair.start("diffusion", "--redis", "", *pair.options(2))
    held = pair.lock("SELECT 1 FROM worker_group FOR UPDATE")
    again = member(pair, 2)
    again.join("essai", credit=1)
    pair.wait_for("SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                  f" AND application_name = '{pair.schema}_2'", "1")  # it has the lease, not yet for others
    process.signal(15)
    pair._wait_line(process, "drains")
    held.stdin.close()
    held.wait()
    assert process.wait(30) == 0
    assert pair.sql(lease) == ""

"""Groups: workers that come, go, are silent and wake up again, or lose their rights."""

import struct
import time

import group
import piad
from group import FENCED
from group_journal import OURS, add, another, error_of, journal, member, name  # noqa: F401
from journal import POLE, make_event, make_key, publish
from mdp import Timeout


def test_who_joins_gets_work_at_once_and_who_leaves_finishes(journal, name, member):
    member.joined(name, credit=2, **{"from": "head"})
    add(journal, "abcdef")
    first = member.take(2)
    with another(journal) as other:
        other.joined(name, credit=2)
        second = other.take(2)
        member.leave()
        member.ack(first[0])
        assert member.outcomes() == [(first[0].sequence, first[0].fence, 0)]
        assert member.nothing()
        member.ack(first[1])
        assert member.expect(group.LEFT)[1] == [struct.pack(">I", 1)]
        other.done(*second)
        other.take(2)
    member.joined(name)  # the number is free again


def test_the_keys_of_one_that_goes_move_at_once(journal, name, member):
    member.joined(name, credit=2, **{"from": "head"})
    add(journal, "ab")
    first = member.take(2)
    with another(journal) as other:
        other.joined(name, credit=2)
        assert other.nothing()
        member.unsubscribe(1)
        second = other.take(2)
        assert {t.sequence for t in second} == {t.sequence for t in first}
        assert min(t.fence for t in second) > max(t.fence for t in first)
        assert [t.attempt for t in second] == [1, 1]
        member.ack(first[0])
        assert member.outcomes() == [(first[0].sequence, first[0].fence, FENCED)]


def test_the_keys_of_one_that_is_silent_move_and_it_is_fenced(journal, name):
    with another(journal) as zombie, another(journal) as other:
        zombie.joined(name, lease_ms=1000, **{"from": "head"})
        other.joined(name)
        add(journal, "a")
        first = None
        while not first:  # whoever gets it: the zombie shall
            try:
                [first] = zombie.take(timeout=0.5)
            except Timeout:
                other.done(*other.take())
                add(journal, "a")
        [second] = other.take()  # while the zombie says nothing
        assert second.sequence == first.sequence and second.fence > first.fence
        assert second.attempt == 2  # it may have died of it
        zombie.ack(first)
        assert zombie.outcomes() == [(first.sequence, first.fence, FENCED)]
        assert error_of(zombie)["status"] == "gone"
        other.done(second)
        zombie.joined(name)


def test_who_is_not_known_any_more_is_fenced_and_told(journal, name):
    with another(journal) as zombie, another(journal) as other:
        zombie.joined(name, **{"from": "head"})
        add(journal, "a")
        [first] = zombie.take()
        other.joined(name)
        [second] = other.take(timeout=20)
        assert second.sequence == first.sequence
        zombie.ack(first)
        assert (first.sequence, first.fence, FENCED) in zombie.outcomes()
        other.done(second)


def test_a_server_that_slept_takes_nobody_for_dead(journal, name, member):
    """What its members said meanwhile is in its queue: it reads that before it counts their leases."""
    member.joined(name, lease_ms=1000, **{"from": "head"})
    add(journal, "a")
    [task] = member.take()
    process = next(p for p in reversed(journal.processes) if p.name == "diffusion")
    process.signal(19)
    until = time.monotonic() + 2.5
    while time.monotonic() < until:
        member.send(piad.HEARTBEAT)
        member.socket.poll(200)
    process.signal(18)
    member.done(task)


def test_revoked_rights_end_a_membership(journal, name):
    made = make_key(journal, "pole", pole=POLE)
    with another(journal, journal.token(made["key"])) as member:
        member.joined(name, filter=OURS, **{"from": "head"})
        add(journal, "a")
        [task] = member.take()
        assert journal.call("registry.key.revoke", {"id": made["id"]}).status == 200
        assert error_of(member, timeout=20)["status"] == "unauthenticated"
        member.ack(task)
        assert member.outcomes()[0][2] == FENCED


def test_a_removed_group_tells_its_members(journal, name, member):
    member.joined(name, **{"from": "head"})
    assert journal.call("diffusion.group.end", {"group": name}).status == 200
    assert error_of(member)["status"] == "not_found"
    assert journal.call("diffusion.group.get", {"group": name}).status == 404
    member.joined(name)


def test_removed_events_count_as_settled(journal, name, member):
    journal.call("diffusion.group.create", {"group": name, "from": "head", "filter": OURS})
    publish(journal, [{**make_event(partitionkey="a"), "kind": kind}
                      for kind in ("veille", "guide", "veille", "veille", "guide")])
    done = journal.pia("journal", "retain", "--kind", "veille", "--older-than", "0s", "--json")
    assert done.returncode == 0, done.stderr

    def removed():
        counters = journal.call("service.stats", service="diffusion").body["counters"]
        return counters["group_events_removed_total"]

    before = removed()
    member.joined(name, credit=10, run=10)
    tasks = member.take(2)
    assert [t.event["kind"] for t in tasks] == ["guide", "guide"]
    member.done(*tasks)
    assert member.nothing()
    assert removed() - before == 3
    wait_for_rest(journal, name)


def wait_for_rest(journal, name, timeout=20):
    until = time.monotonic() + timeout
    while journal.call("diffusion.group.get", {"group": name}).body["lag"]:
        assert time.monotonic() < until, "the group's place does not move"

"""Groups: poison parks its key and no other; what a group has settled over restarts."""

import time

from group import PARKED, RETURNED
from group_journal import add, another, journal, member, name, restart  # noqa: F401


def parked(journal, name, state="parked"):
    answer = journal.call("diffusion.parked.list", {"group": name, "state": state})
    assert answer.status == 200, answer
    return {item["key"]: item for item in answer.body["items"]}


def test_poison_parks_its_key_and_no_other(journal, name, member):
    member.joined(name, credit=10, attempts=3, **{"from": "head"})
    sequences = add(journal, "abab")
    for attempt in (1, 2, 3):
        tasks = member.take(2 if attempt == 1 else 1)
        [bad] = [t for t in tasks if t.key == "a"]
        assert bad.attempt == attempt
        if attempt == 1:
            good = tasks[1 - tasks.index(bad)]
        member.nack(bad, "ne se lit pas")
        assert member.outcomes() == [(bad.sequence, bad.fence, PARKED if attempt == 3 else RETURNED)]
    member.done(good)
    [last] = member.take()
    assert last.sequence == sequences[3]
    member.done(last)
    assert member.nothing()
    [entry] = parked(journal, name).values()
    assert (entry["key"], entry["sequence"], entry["attempts"]) == ("a", sequences[0], 3)
    assert entry["error"] == "ne se lit pas"
    state = journal.call("diffusion.group.get", {"group": name}).body
    assert state["keys"]["parked"] == 1 and state["lag"] <= 3
    counters = journal.call("service.stats", service="diffusion").body["counters"]
    assert counters[f"group_parked_keys{{group={name}}}"] == 1
    assert counters[f"group_lag_events{{group={name}}}"] <= 3
    assert counters["group_parkings_total"] >= 1 and counters["group_keys_parked"] >= 1


def park(journal, name, member, keys="a"):
    """Parks one event of each key."""
    sequences = add(journal, keys)
    for _ in keys:
        [task] = member.take()
        member.nack(task)
        assert member.outcomes() == [(task.sequence, task.fence, PARKED)]
    return sequences


def test_retry_restores_the_order(journal, name, member):
    member.joined(name, credit=1, attempts=1, **{"from": "head"})
    sequences = park(journal, name, member)
    more = add(journal, "aba")
    [task] = member.take()
    assert task.key == "b"
    member.done(task)
    assert member.nothing()
    answer = journal.call("diffusion.parked.retry", {"group": name, "key": "a"})
    assert answer.status == 200 and answer.body["sequence"] == sequences[0], answer
    later = add(journal, "a")
    for sequence in (sequences[0], more[0], more[2], later[0]):
        [task] = member.take()
        assert (task.sequence, task.attempt) == (sequence, 1)
        member.done(task)
    assert journal.call("diffusion.parked.retry", {"group": name, "key": "a"}).status in (404, 409)


def test_skip_goes_on_behind_the_event(journal, name, member):
    member.joined(name, credit=1, attempts=1, **{"from": "head"})
    park(journal, name, member)
    [more] = add(journal, "a")
    assert journal.call("diffusion.parked.skip", {"group": name, "key": "a"}).status == 200
    [task] = member.take()
    assert task.sequence == more
    member.done(task)


def test_what_is_parked_stays_so_over_a_restart(journal, name):
    with another(journal) as member:
        member.joined(name, credit=1, attempts=1, **{"from": "head"})
        sequences = park(journal, name, member)
        more = add(journal, "ab")
        [task] = member.take()
        member.done(task)
    restart(journal)
    with another(journal) as member:
        member.joined(name, credit=10)
        assert member.nothing()
        assert journal.call("diffusion.parked.retry", {"group": name, "key": "a"}).status == 200
        [task] = member.take()
        assert task.sequence == sequences[0]
        member.done(task)
        [task] = member.take()
        assert task.sequence == more[0]


def test_only_what_is_not_acknowledged_comes_again(journal, name):
    with another(journal) as member:
        member.joined(name, credit=100, **{"from": "head"})
        sequences = add(journal, "abcdefgh")
        tasks = member.take(8)
        member.done(*tasks[1:6:2])
        kept = {t.sequence for t in tasks} - {t.sequence for t in tasks[1:6:2]}
        highest = max(t.fence for t in tasks)
    restart(journal)
    with another(journal) as member:
        member.joined(name, credit=100)
        again = member.take(len(kept))
        assert {t.sequence for t in again} == kept and kept < set(sequences)
        assert min(t.fence for t in again) > highest
        assert member.nothing()


def test_attempts_are_counted_over_a_restart(journal, name):
    with another(journal) as member:
        member.joined(name, attempts=2, **{"from": "head"})
        [sequence] = add(journal, "a")
        [task] = member.take()
        member.nack(task)
        assert member.outcomes()[0][2] == RETURNED
        assert parked(journal, name, "failing")["a"]["attempts"] == 1
    restart(journal)
    with another(journal) as member:
        member.joined(name)
        [task] = member.take()
        assert (task.sequence, task.attempt) == (sequence, 2)
        member.nack(task)
        assert member.outcomes()[0][2] == PARKED


def test_a_delay_is_kept(journal, name, member):
    member.joined(name, **{"from": "head"})
    add(journal, "a")
    [task] = member.take()
    start = time.monotonic()
    member.nack(task, delay_ms=700)
    member.take()
    assert 0.7 <= time.monotonic() - start < 5

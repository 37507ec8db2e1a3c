"""Groups: order per key among workers that come, go, die and wake up again; poison; what a group has
settled over restarts; on both engines."""

import json
import os
import random
import struct
import threading
import time

import group
import piad
import pytest
from group import FENCED, PARKED, RETURNED, History, Member, Worker
from journal import (POLE, end_network, head, make_event, make_key, new_network,
                     publish, start_journal)
from mdp import Timeout
from pia import Network

OURS = {"sources": [f"/poles/{POLE}"]}  # services announce things at any time
ROUNDS = int(os.environ.get("PIA_TEST_ROUNDS", "4"))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def journal(request):
    options = ()
    if request.param == "postgresql":
        options = ("--database", request.getfixturevalue("postgres") + f"#dg{os.getpid()}")
    network = new_network(*options)
    network.options = options
    yield network
    end_network(network)


@pytest.fixture
def name(request):
    """A group of its own for each test."""
    return f"g{abs(hash(request.node.nodeid)) % 10**9}"


@pytest.fixture
def member(journal):
    with Member(journal.endpoint("diffusion"), journal.token()) as connection:
        connection.hello()
        yield connection


def another(journal, token=None):
    return Member(journal.endpoint("diffusion"), journal.token() if token is None else token)


def error_of(connection, timeout=10.0):
    return json.loads(connection.expect(piad.ERROR, timeout=timeout)[1][1])


def add(journal, keys, **members):
    """One event a letter; its sequences."""
    receipts = publish(journal, [make_event(partitionkey=k, **members) for k in keys])
    return [r["sequence"] for r in receipts]


def parked(journal, name, state="parked"):
    answer = journal.call("diffusion.parked.list", {"group": name, "state": state})
    assert answer.status == 200, answer
    return {item["key"]: item for item in answer.body["items"]}


def restart(journal, kill=True):
    process = next(p for p in reversed(journal.processes) if p.name == "diffusion")
    if kill:
        process.kill()
    else:
        process.signal(15)
        process.wait()
    return journal.start("diffusion", "--redis", "", *journal.options)


def test_order_per_key_and_others_flow(journal, name, member):
    said = member.joined(name, credit=10, **{"from": "head"})
    assert said["group"] == name and said["attempts"] == 5 and said["credit"] == 10
    first = add(journal, "aab")
    tasks = member.take(2)
    assert [(t.key, t.sequence) for t in tasks] == [("a", first[0]), ("b", first[2])]
    assert [t.attempt for t in tasks] == [1, 1] and tasks[0].fence != tasks[1].fence
    member.done(tasks[1])
    assert member.nothing()
    member.done(tasks[0])
    [last] = member.take()
    assert last.sequence == first[1] and last.fence > tasks[0].fence


def test_the_key_is_the_source_if_there_is_no_other(journal, name, member):
    member.joined(name, credit=10, **{"from": "head"})
    publish(journal, [make_event(), make_event("cerfav"), make_event()])
    tasks = member.take(2)
    assert sorted(t.key for t in tasks) == ["/poles/cerfav", f"/poles/{POLE}"]
    assert member.nothing()


def test_credit_and_runs(journal, name, member):
    member.joined(name, credit=3, run=2, **{"from": "head"})
    sequences = add(journal, "aaabb")
    tasks = member.take(3)
    assert [t.sequence for t in tasks] == [sequences[0], sequences[1], sequences[3]]
    assert tasks[0].fence == tasks[1].fence
    member.ack(tasks[1])  # not before the one before it
    assert member.outcomes() == [(tasks[1].sequence, tasks[1].fence, FENCED)]
    member.done(*tasks)
    assert [t.sequence for t in member.take(2)] == [sequences[2], sequences[4]]


def test_filter_and_rights_hide_events(journal, name, member):
    member.joined(name, credit=10, filter={"themes": ["arts"]}, **{"from": "head"})
    add(journal, "a", themes="sante")
    wanted = add(journal, "a", themes="arts")
    assert [t.sequence for t in member.take()] == wanted


def test_a_group_keeps_its_filter(journal, name, member):
    member.joined(name, filter={"themes": ["arts"], "kinds": ["guide"]})
    with another(journal) as other:
        other.join(name, filter={"themes": ["sante"]})
        problem = error_of(other)
        assert problem["status"] == "conflict" and problem["pointer"] == "/filter"
        other.joined(name, filter={"kinds": ["guide"], "themes": ["arts"]})
    with another(journal) as other:
        assert other.joined(name)["filter"] == {"themes": ["arts"], "kinds": ["guide"]}


@pytest.mark.parametrize("options,pointer", [
    ({"group": "UPPER"}, "/group"), ({"credit": 0}, "/credit"), ({"credit": 10001}, "/credit"),
    ({"run": 0}, "/run"), ({"lease_ms": 999}, "/lease_ms"), ({"lease_ms": 10001}, "/lease_ms"),
    ({"filter": {"themes": ["cuisine"]}}, "/filter/themes/0"), ({"roles": ["king"]}, "/roles/0"),
    ({"from": "tail"}, "/from"), ({"colour": "red"}, "/colour"), ({"attempts": 0}, "/attempts"),
])
def test_a_bad_join_is_refused(journal, name, member, options, pointer):
    member.send(group.JOIN, struct.pack(">I", 1), member.token,
                json.dumps({"group": name, **options}).encode())
    problem = error_of(member)
    assert (problem["status"], problem["pointer"]) == ("invalid", pointer)
    assert journal.call("diffusion.group.get", {"group": name}).status == 404


def test_a_place_of_another_history_is_refused(journal, name, member):
    member.join(name, **{"from": "1.1.00000000"})
    assert error_of(member)["status"] == "gone"


def test_whose_a_group_is(journal, name):
    own = journal.token(make_key(journal, "pole", pole=POLE)["key"])
    colleague = journal.token(make_key(journal, "pole", pole=POLE)["key"])
    stranger = journal.token(make_key(journal, "pole", pole="cerfav")["key"])
    with another(journal, own) as first, another(journal, colleague) as second:
        first.joined(name)
        second.joined(name)
        for token, status in ((stranger, "forbidden"), (b"", "unauthenticated")):
            with another(journal, token) as other:
                other.join(name)
                assert error_of(other)["status"] == status
    assert journal.call("diffusion.group.get", {"group": name}).status == 200  # an operator


def test_who_would_see_less_than_the_group_does_not_join(journal, name, member):
    member.joined(name, roles=["pole"])  # of the administrator, who sees more
    with another(journal, journal.token(make_key(journal, "pole", pole=POLE)["key"])) as other:
        other.join(name)
        assert error_of(other)["status"] == "forbidden"


def test_a_role_may_join_if_the_group_says_so(journal, name):
    roles = ("secretariat", "reviewer")
    first = journal.token(make_key(journal, "reviewer")["key"])
    other = journal.token(make_key(journal, *roles)["key"])
    with another(journal, first) as owner, another(journal, other) as joiner:
        owner.joined(name, roles=["secretariat"])
        joiner.joined(name)


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


def test_groups_by_message(journal, name):
    body = {"group": name, "filter": {"themes": ["arts"]}, "attempts": 7, "from": "head"}
    made = journal.call("diffusion.group.create", body)
    assert made.status == 200 and made.body["attempts"] == 7, made
    assert journal.call("diffusion.group.create", body).body["created_at"] == made.body["created_at"]
    other = journal.call("diffusion.group.create", {**body, "filter": {}})
    assert other.status == 409 and other.body["pointer"] == "/filter", other
    names = [g["group"] for g in journal.call("diffusion.group.list", {"limit": 200}).body["items"]]
    assert name in names and names == sorted(names)
    page = journal.call("diffusion.group.list", {"limit": 1}).body
    assert len(page["items"]) == 1
    stranger = make_key(journal, "pole", pole="cerfav")["key"]
    assert journal.call("diffusion.group.get", {"group": name}, key=stranger).status == 403
    assert journal.call("diffusion.parked.list", {"group": name}, key=stranger).status == 403
    for message in ("retry", "skip"):
        ask = {"group": name, "key": "k"}
        assert journal.call(f"diffusion.parked.{message}", ask, key=stranger).status == 403
        assert journal.call(f"diffusion.parked.{message}", ask).status == 404
    assert journal.call("diffusion.group.end", {"group": name}, key=stranger).status == 403


NONSENSE = [
    [group.JOIN, b"\0\0\0\0", b"", b"{}"], [group.JOIN, b"\0\0\0\1", b""],
    [group.ACK, b"\0\0\0\1", b""], [group.ACK, b"\0\0\0\1", bytes(15)],
    [group.ACK, b"\0\0\0\1", bytes(16 * 10001)],
    [group.NACK, b"\0\0\0\1", bytes(8), bytes(8), bytes(4), b"\xff"],
    [group.NACK, b"\0\0\0\1", bytes(8), bytes(8), b"\xff" * 4, b""],
    [group.NACK, b"\0\0\0\1", bytes(8), bytes(8), bytes(4), b"x" * 256],
    [group.LEAVE, b""],
]


@pytest.mark.parametrize("frames", NONSENSE, ids=range(len(NONSENSE)))
def test_who_talks_nonsense_is_dropped(journal, name, member, frames):
    with another(journal) as other:
        other.joined(name)
        other.send(*frames)
        assert error_of(other)["status"] == "invalid"


class Load(threading.Thread):
    """Publishes events of many keys, and knows in which order they are."""

    def __init__(self, journal, keys, count, batch=20):
        super().__init__(daemon=True)
        self.journal, self.keys, self.count, self.batch = journal, keys, count, batch
        self.token = journal.token
        self.wanted = {}
        self.sequences = []

    def run(self):
        left = self.count
        while left > 0:
            events = [make_event(partitionkey=random.choice(self.keys)) for _ in range(self.batch)]
            receipts = self.publish(events)
            for event, receipt in zip(events, receipts):
                self.sequences.append(receipt["sequence"])
                self.wanted.setdefault(event["partitionkey"], []).append(receipt["sequence"])
            left -= len(events)

    def publish(self, events):
        """Until there is a receipt, over restarts of the server."""
        while True:
            try:
                with self.journal.diffusion(self.token()) as connection:
                    receipt = connection.publish(events, timeout=3)
                if receipt["status"] == "ok":
                    return receipt["receipts"]
            except Timeout:
                pass


def workers(journal, name, history, load, count, first=0):
    made = [Worker(f"w{first + i}", journal.endpoint("diffusion"), journal.token, name, history,
                   load.wanted, credit=8, **{"from": "head"}) for i in range(count)]
    for worker in made:
        worker.start()
    return made


def wait_for_rest(journal, name, timeout=20):
    until = time.monotonic() + timeout
    while journal.call("diffusion.group.get", {"group": name}).body["lag"]:
        assert time.monotonic() < until, "the group's place does not move"


def wait_until_settled(journal, name, history, load, timeout=90):
    """Until every event was acknowledged, and the group has nothing left. (What a worker has
    acknowledged just before it died is settled, and nobody was told.)"""
    until = time.monotonic() + timeout
    while True:
        state = journal.call("diffusion.group.get", {"group": name}).body
        if state["lag"] == 0:
            break
        assert time.monotonic() < until and not history.wrong, (state, history.wrong[:3])
        history.wait(lambda: True)
    acked = set().union(*history.acked.values())
    assert acked.issuperset(load.sequences), sorted(set(load.sequences) - acked)[:10]
    assert state["keys"] == {"parked": 0, "aside": 0, "failing": 0}


def test_one_to_eight_to_one_workers_under_load(journal, name):
    history = History()
    load = Load(journal, [f"k{i}" for i in range(40)], 2000)
    journal.call("diffusion.group.create", {"group": name, "from": "head"})
    one = workers(journal, name, history, load, 1)
    load.start()
    history.wait(lambda: len(history.confirmed) > 200)
    more = workers(journal, name, history, load, 7, 1)
    history.wait(lambda: len(history.by_worker) == 8 and len(history.confirmed) > 800)
    for worker in more[:3]:
        worker.dying.set()  # with whatever it has in its hands
    for worker in more[3:]:
        worker.leaving.set()
    for worker in more:
        worker.join(20)
    load.join(60)
    wait_until_settled(journal, name, history, load)
    one[0].leaving.set()
    one[0].join(20)
    assert not history.wrong, history.wrong[:5]
    assert len(load.sequences) == 2000


def test_kill_9_of_server_and_workers_at_random(journal, name):
    history = History()
    load = Load(journal, [f"k{i}" for i in range(20)], 300 * ROUNDS)
    journal.call("diffusion.group.create", {"group": name, "from": "head"})
    crew = workers(journal, name, history, load, 4)
    load.start()
    for number in range(ROUNDS):
        seen = len(history.confirmed)
        history.wait(lambda: len(history.confirmed) > seen + random.randint(20, 150)
                     or not load.is_alive())
        restart(journal)
        victim = crew.pop(0)
        victim.dying.set()
        victim.join(10)
        crew += workers(journal, name, history, load, 1, 10 + number)
    load.join(60)
    wait_until_settled(journal, name, history, load)
    for worker in crew:
        worker.leaving.set()
    for worker in crew:
        worker.join(20)
    assert not history.wrong, history.wrong[:5]


def test_a_drained_server_keeps_what_was_settled(journal, name):
    with another(journal) as member:
        member.joined(name, credit=10, **{"from": "head"})
        sequences = add(journal, "abc")
        tasks = member.take(3)
        member.done(tasks[1])
    restart(journal, kill=False)
    with another(journal) as member:
        member.joined(name, credit=10)
        assert {t.sequence for t in member.take(2)} == {sequences[0], sequences[2]}


def test_services_have_groups_too(journal, name):
    with another(journal, journal.token(journal.key("labellisation"))) as member:
        member.joined(name, credit=5, filter={"types": ["pole.labelled"]})
        for _ in range(3):  # they have one source, which is their key
            [task] = member.take()
            assert task.event["type"] == "pole.labelled" and task.key == "/services/registry"
            member.done(task)


# Two instances on one database


@pytest.fixture
def pair(postgres):
    network = Network()
    options = ("--database", postgres + f"#dm{os.getpid()}")
    try:
        start_journal(network, *options)
        network.second = network.start("diffusion", "--redis", "", *options)
        network.options = options
        yield network
    finally:
        end_network(network)


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

"""Groups under load: workers join and leave, servers and workers are killed and drained."""

import os
import random
import threading
import time

from group import History, Worker
from group_journal import add, another, journal, member, name, restart  # noqa: F401
from journal import make_event
from mdp import Timeout

ROUNDS = int(os.environ.get("PIA_TEST_ROUNDS", "4"))


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

"""Members of groups, written with pyzmq from proto/README.md alone: a connection that says what it is
told to, and a worker in a thread of its own that records what it did."""

import json
import struct
import threading
import time

import piad
from mdp import Timeout

JOIN, ACK, NACK, LEAVE = (bytes([n]) for n in range(0x10, 0x14))
JOINED, WORK, SETTLED, MOVED, LEFT = (bytes([n]) for n in range(0x90, 0x95))
ACKNOWLEDGED, FENCED, RETURNED, PARKED = range(4)
STREAM = 1


class Task:
    """An event in a member's hands."""

    def __init__(self, fence, attempt, record):
        self.fence, self.attempt, self.record = fence, attempt, record
        self.sequence, self.event = record.sequence, record.event
        self.key = self.event.get("partitionkey") or self.event["source"]

    def __repr__(self):
        return f"Task({self.sequence} {self.key} attempt {self.attempt} fence {self.fence:x})"


def read_work(frame):
    tasks, offset = [], 0
    while offset < len(frame):
        fence, attempt = struct.unpack_from(">QH", frame, offset)
        offset += 10
        size = piad.RECORD.size + struct.unpack_from(">I", frame, offset + 24)[0]
        [record] = piad.read_records(frame[offset : offset + size])
        tasks.append(Task(fence, attempt, record))
        offset += size
    return tasks


def read_outcomes(frame):
    assert len(frame) % 17 == 0
    return [struct.unpack_from(">QQB", frame, i) for i in range(0, len(frame), 17)]


class Member(piad.Diffusion):
    """A connection that is a member of one group."""

    def join(self, group, token=None, **options):
        body = json.dumps({"group": group, **options}).encode()
        self.send(JOIN, struct.pack(">I", STREAM), self.token if token is None else token, body)

    def joined(self, group, timeout=20.0, **options):
        """Joins; the server's answer. As long as a dead instance seems to have the group, it is asked
        again."""
        until = time.monotonic() + timeout
        while True:
            self.join(group, **options)
            command, frames = self.expect(JOINED, piad.ERROR, MOVED)
            if command == JOINED:
                return json.loads(frames[1])
            assert command == MOVED and time.monotonic() < until, (command, frames)
            try:
                self.waiting.append(self.receive(0.2))
            except Timeout:
                pass

    def take(self, count=1, timeout=10.0):
        """The next tasks, at least `count` of them."""
        tasks, until = [], time.monotonic() + timeout
        while len(tasks) < count:
            tasks += read_work(self.expect(WORK, timeout=until - time.monotonic())[1][1])
        return tasks

    def nothing(self, timeout=0.5):
        """True if no work comes for a while."""
        try:
            return not self.take(1, timeout)
        except Timeout:
            return True

    def ack(self, *tasks):
        acks = b"".join(struct.pack(">QQ", t.sequence, t.fence) for t in tasks)
        self.send(ACK, struct.pack(">I", STREAM), acks)

    def nack(self, task, reason="no", delay_ms=0):
        self.send(NACK, struct.pack(">I", STREAM), struct.pack(">Q", task.sequence),
                  struct.pack(">Q", task.fence), struct.pack(">I", delay_ms), reason.encode())

    def outcomes(self, count=1, timeout=10.0):
        found, until = [], time.monotonic() + timeout
        while len(found) < count:
            found += read_outcomes(self.expect(SETTLED, timeout=until - time.monotonic())[1][1])
        return found

    def done(self, *tasks):
        """Acknowledges, and waits until that is durable."""
        self.ack(*tasks)
        assert sorted(self.outcomes(len(tasks))) == sorted(
            (t.sequence, t.fence, ACKNOWLEDGED) for t in tasks)

    def leave(self):
        self.send(LEAVE, struct.pack(">I", STREAM))


class History:
    """What the workers of a group did, in the order in which they did it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.acked = {}  # key: sequences whose acknowledgement was sent
        self.confirmed = set()
        self.fences = {}  # key: the highest seen
        self.wrong = []
        self.worked = 0
        self.by_worker = {}
        self.changed = threading.Condition(self.lock)

    def begin(self, worker, task, wanted):
        """`wanted`: {key: sequences in order}, as published."""
        with self.lock:
            self.worked += 1
            self.by_worker[worker] = self.by_worker.get(worker, 0) + 1
            done = self.acked.setdefault(task.key, set())
            earlier = [s for s in wanted.get(task.key, ()) if s < task.sequence and s not in done]
            if earlier:
                self.wrong.append(f"{task} while {earlier} were not acknowledged")
            if task.sequence in self.confirmed:
                self.wrong.append(f"{task} came again after its confirmation")
            if task.fence < self.fences.get(task.key, 0):
                self.wrong.append(f"{task}: its token went back")
            self.fences[task.key] = task.fence

    def end(self, task):
        with self.lock:
            self.acked[task.key].add(task.sequence)

    def confirm(self, sequence):
        with self.lock:
            self.confirmed.add(sequence)
            self.changed.notify_all()

    def wait(self, condition, timeout=60):
        with self.lock:
            assert self.changed.wait_for(condition, timeout), (
                f"{len(self.confirmed)} confirmed; {self.wrong[:3]}")


class Worker(threading.Thread):
    """Works until it is told to leave (it drains) or to die (it says nothing more)."""

    def __init__(self, name, endpoint, token, group, history, wanted, **options):
        super().__init__(name=name, daemon=True)
        self.endpoint, self.token, self.group = endpoint, token, group
        self.history, self.wanted, self.options = history, wanted, options
        self.leaving, self.dying = threading.Event(), threading.Event()

    def run(self):
        while not self.dying.is_set() and not (self.leaving.is_set() and self.left):
            self.left = False
            with Member(self.endpoint, self.token()) as member:
                self.connection(member)

    left = False

    def connection(self, member):
        """Until the server does not know it any more."""
        member.join(self.group, **self.options)
        asked = False
        while not self.dying.is_set():
            if self.leaving.is_set() and not asked:
                member.leave()
                asked = True
            try:
                command, frames = member.receive(0.1)
            except Timeout:
                continue
            if command == WORK:
                self.work(member, read_work(frames[1]))
            elif command == SETTLED:
                for sequence, _, outcome in read_outcomes(frames[1]):
                    if outcome == ACKNOWLEDGED:
                        self.history.confirm(sequence)
            elif command in (LEFT, piad.ERROR, piad.DISCONNECT, MOVED):
                self.left = command == LEFT
                return

    def work(self, member, tasks):
        for task in tasks:
            if self.dying.is_set():
                return
            self.history.begin(self.name, task, self.wanted)
            self.history.end(task)
            member.ack(task)

"""A member of a group in a history run: it takes work, says that it is done, fails now and then, leaves
properly or dies and comes back. Started by history_clients.py."""

import json
import struct
import time

import group
import piad
from history_record import hash_of
from mdp import Timeout

REST_S = 0.5  # without work at the end: then all is settled


class Working:
    """What Client (history_clients.py) is given to be a member; `self.connection` is a group.Member."""

    def join(self):
        """Asks to be a member, at the endpoint that it was told last."""
        self.record("join", group=self.config["group"], filter=self.config["filter"],
                    run=self.config["run"], sees=self.config["sees"], subject=self.config["subject"])
        self.connection.join(self.config["group"], filter=self.config["filter"], attempts=100,
                             credit=self.config["credit"], run=self.config["run"], lease_ms=2000)
        self.joined = False

    def connect(self, endpoint=None):
        if self.connection:
            self.connection.close()
        self.connection = group.Member(endpoint or self.random.choice(self.config["endpoints"]),
                                       self.token())
        self.connection.socket.linger = 0
        self.heard = time.monotonic()
        self.leave_at = self.heard + self.random.uniform(*self.config["session_s"])
        self.join()

    def take(self, command, frames):
        if command == group.WORK:
            self.work(group.read_work(frames[1]))
        elif command == group.SETTLED:
            self.record("settled", group=self.config["group"],
                        items=group.read_outcomes(frames[1]))
        elif command == group.MOVED:
            self.wait(0.1)
            endpoint = json.loads(frames[1])["endpoint"].replace(
                "ipc://", f"ipc://{self.directory.parent}/")
            self.connect(endpoint if self.random.random() < 0.7 else None)
        elif command in (group.LEFT, piad.ERROR, piad.DISCONNECT):
            self.wait(0.1)
            self.connect()

    def wait(self, seconds):
        """So that who has no group yet is not asked all the time."""
        try:
            self.connection.receive(seconds)
        except Timeout:
            pass

    def work(self, tasks):
        self.record("work", group=self.config["group"], items=[
            [task.fence, task.attempt, task.sequence, hash_of(task.record.raw)] for task in tasks])
        self.worked_at = time.monotonic()
        failed = set()
        for task in tasks:
            if task.key in failed:
                continue  # the rest of its run comes again behind it
            if self.random.random() < self.config["fails"]:
                self.connection.nack(task)
                failed.add(task.key)
            else:
                self.record("ack", group=self.config["group"], sequence=task.sequence,
                            fence=task.fence)
                self.connection.ack(task)

    def run(self):
        self.worked_at = time.monotonic()
        self.connect()
        while True:
            now = time.monotonic()
            if self.told("end") is not None:
                if now - self.worked_at > REST_S and self.told("rest") is not None:
                    return 0
            elif now > self.leave_at:
                self.leave_at = now + 3600
                if self.random.random() < 0.5:
                    self.connection.send(group.LEAVE, struct.pack(">I", group.STREAM))
                else:  # as if it had died: its keys move when its lease is over
                    self.connect()
            command, frames = self.receive(0.1)
            if command is not None:
                self.take(command, frames)

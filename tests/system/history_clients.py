#!/usr/bin/python3
"""The clients of a history run, a process each: they publish, follow and listen, and note in their
file what they sent, were told and saw (history_record.py). Their ends are the run's to say: files in
the run's directory, `stop` for publishers, `end` (with a sequence) for who reads.

usage: history_clients.py ROLE CONFIG    (see ROLES; CONFIG: JSON, see DEFAULTS)
"""

import base64
import json
import os
import pathlib
import random
import struct
import sys
import time

import zmq

import piad
import tokens
from history_members import Working
from history_record import Recorder, hash_of
from mdp import Timeout

TYPES = ("essai.un", "essai.deux", "essai.trois")
THEMES = ("arts", "habitat", "sante")
KEYS = 8             # partition keys of a publisher
SILENCE_S = 6.0      # of the server, after which a connection is given up: it beats every 2 s
QUIET_END_S = 30.0   # how long a client may take to see or finish everything in the end
TOKEN_S = 20.0
DEFAULTS = {
    "name": "", "seed": "", "directory": "", "endpoints": [],
    "subject": "/services/admin", "roles": 511, "token": None, "signs": "",
    # publishers
    "source": "/poles/cnidep", "pause_s": 0.015, "window": 16, "batch": 12, "retry_s": 1.0,
    "again": 0.05, "forge": 0.03, "give_up": 0.1, "size": 400,
    "patience_s": QUIET_END_S,  # for the last receipts
    # subscribers
    "mode": "resume", "filter": {}, "credit": 400, "session_s": [0.3, 3.0], "lag_s": 0, "hello": 0.5,
    "sees": None,
    # members of a group
    "group": "", "run": 1, "fails": 0.02,
}


class Client:
    """What all have: a configuration, an own random sequence, a file, a token that is renewed."""

    def __init__(self, config):
        self.config = {**DEFAULTS, **config}
        self.name = self.config["name"]
        self.random = random.Random(f"{self.config['seed']}/{self.name}")
        self.directory = pathlib.Path(self.config["directory"])
        self.record = Recorder(self.directory / f"{self.name}.jsonl", self.name)
        self.signed, self.signed_at = b"", -TOKEN_S
        self.connection = None
        self.heard = 0.0

    def token(self):
        """Given, or signed with the registry's seed: so load goes on while a registry is away."""
        if self.config["token"] is not None:
            return base64.b64decode(self.config["token"])
        if time.monotonic() - self.signed_at > TOKEN_S:
            claims = tokens.payload(sub=self.config["subject"], roles=self.config["roles"])
            self.signed = tokens.sign(bytes.fromhex(self.config["signs"]), claims)
            self.signed_at = time.monotonic()
        return self.signed

    def connect(self):
        if self.connection:
            self.connection.close()
        self.connection = piad.Diffusion(self.random.choice(self.config["endpoints"]), self.token())
        self.connection.socket.linger = 0
        self.heard = time.monotonic()

    def receive(self, timeout):
        """The next message, or (None, []); DISCONNECT if the server has been silent for too long."""
        try:
            command, frames = self.connection.receive(timeout, beats=True)
        except Timeout:
            silent = time.monotonic() - self.heard > SILENCE_S
            return (piad.DISCONNECT if silent else None), []
        self.heard = time.monotonic()
        return (None if command == piad.BEAT else command), frames

    def told(self, name):
        """The text of a file of the run, None before it is there."""
        try:
            return (self.directory / name).read_text()
        except FileNotFoundError:
            return None


class Waiting:
    """A publish that has no receipt yet."""

    def __init__(self, events, members):
        self.events, self.members = events, members
        self.tries, self.due = 0, 0.0


class Publisher(Client):
    """Keeps a window of publishes in flight; repeats what has no receipt, or gives it up; repeats now
    and then what has one; forges another content under a known name."""

    def __init__(self, config):
        super().__init__(config)
        self.requests = 0
        self.events = 0
        self.waiting = {}  # request -> Waiting
        self.known = []    # lists of acknowledged events

    def make_event(self):
        self.events += 1
        event = {
            "specversion": "1.0", "id": f"h-{self.name}-{self.events}",
            "source": self.config["source"], "type": self.random.choice(TYPES),
            "visibility": self.random.choice(("public", "public", "network")),
            "themes": self.random.choice(THEMES),
            "partitionkey": f"{self.name}-{self.random.randrange(KEYS)}",
            "data": {"n": self.events, "fill": "x" * self.random.randrange(self.config["size"])},
        }
        if event["type"] == TYPES[2]:
            event["kind"] = "veille"  # what retention is for
        return (f"{event['source']} {event['id']}", json.dumps(event, ensure_ascii=False).encode())

    def begin(self):
        """A new publish, a repetition of an acknowledged one, or a forged one."""
        chance = self.random.random()
        if self.known and chance < self.config["forge"]:
            events = [(name, text.replace(b'"data"', b'"dataschema": "urn:essai", "data"', 1))
                      for name, text in self.random.choice(self.known)]
            self.send(events, forged=True)
        elif self.known and chance < self.config["forge"] + self.config["again"]:
            self.send(self.random.choice(self.known))
        else:
            self.send([self.make_event() for _ in range(self.random.randint(1, self.config["batch"]))])

    def send(self, events, **members):
        self.requests += 1
        self.waiting[self.requests] = Waiting(events, members)
        self.send_again(self.requests)

    def send_again(self, request):
        """Later and later, so that who is slow is not asked for more."""
        waiting = self.waiting[request]
        events, members = waiting.events, waiting.members
        waiting.due = time.monotonic() + self.config["retry_s"] * 2 ** waiting.tries
        waiting.tries = min(waiting.tries + 1, 2)
        self.record("send", request=request, events=[[n, hash_of(e)] for n, e in events], **members)
        self.connection.send(piad.PUBLISH, struct.pack(">Q", request), self.token(),
                             piad.pack_events([text for _, text in events]))

    def take(self, command, frames):
        request, = struct.unpack(">Q", frames[0])
        answer = (piad.read_receipts if command == piad.RECEIPT else json.loads)(frames[1])
        if answer["status"] == "ok":
            self.record("receipt", request=request, receipts=[
                [r["epoch"], r["sequence"], r["chain"], r["duplicate"]] for r in answer["receipts"]])
        else:
            self.record("refused", request=request, status=answer["status"])
        if request not in self.waiting or answer["status"] in ("unavailable", "rate_limited",
                                                               "unauthenticated"):
            return  # a second receipt, or to be repeated when its time has come
        waiting = self.waiting.pop(request)
        if answer["status"] == "ok" and not waiting.members:
            self.known.append(waiting.events)

    def repeat(self):
        """What has waited for too long: again, or given up; or all of it over a new connection."""
        late = [r for r, waiting in self.waiting.items() if time.monotonic() > waiting.due]
        if late and self.random.random() < 0.3:
            self.connect()
            late = list(self.waiting)
        for request in late:
            if self.random.random() < self.config["give_up"]:
                del self.waiting[request]
            else:
                self.send_again(request)

    def run(self):
        self.connect()
        following, deadline = 0.0, None
        while True:
            if deadline is None and self.told("stop") is not None:
                deadline = time.monotonic() + self.config["patience_s"]
            if deadline and (not self.waiting or time.monotonic() > deadline):
                return 0
            if not deadline and time.monotonic() >= following and \
                    len(self.waiting) < self.config["window"]:
                self.begin()
                following = time.monotonic() + self.random.expovariate(1) * self.config["pause_s"]
            command, frames = self.receive(min(0.02, max(0, following - time.monotonic())))
            if command in (piad.RECEIPT, piad.REFUSED):
                self.take(command, frames)
            elif command == piad.DISCONNECT:
                self.connect()
                for waiting in self.waiting.values():
                    waiting.due = 0.0
            self.repeat()


class Subscriber(Client):
    """Follows in sessions. mode `resume`: each goes on where the last one ended; `replay`: each begins
    at the beginning; `head`: each begins now. Beside the main stream, nothing."""

    def __init__(self, config):
        super().__init__(config)
        self.cursor = ""
        self.stream = 0
        self.open = False
        self.credit = 0
        self.hurries = False

    def subscribe(self):
        resumes = self.config["mode"] == "resume"
        if self.connection is None or self.random.random() < 0.7:
            self.connect()
            if self.random.random() < self.config["hello"]:
                self.connection.send(piad.HELLO)
        self.stream += 1
        self.cursor = {"resume": self.cursor, "replay": "", "head": "head"}[self.config["mode"]]
        self.credit = self.random.randint(1, self.config["credit"])
        token = self.token()
        self.record("subscribe", stream=self.stream, cursor=self.cursor, resumes=resumes,
                    filter=self.config["filter"], credit=self.credit, sees=self.config["sees"],
                    subject=self.config["subject"])
        self.connection.subscribe(self.stream, self.cursor, self.config["filter"], self.credit, token)
        self.open = True

    def close(self):
        self.record("closed", stream=self.stream)
        self.open = False

    def take(self, command, frames):
        """One message; those of a stream that we have left say nothing."""
        if command == piad.WELCOME:
            self.record("head", cursor=json.loads(frames[0])["cursor"])
        elif command == piad.DISCONNECT:
            self.close()
            self.connect()
        elif struct.unpack(">I", frames[0])[0] == self.stream:
            self.take_stream(command, frames)

    def take_stream(self, command, frames):
        if command in (piad.DATA, piad.PROGRESS):
            records = piad.read_records(frames[3]) if command == piad.DATA else []
            self.note(frames, "data" if records else "progress", records=[
                [r.epoch, r.sequence, r.recorded_ms, r.chain.hex(), hash_of(r.raw)] for r in records])
            self.grant(len(records))
            if records and self.config["lag_s"] and not self.hurries:
                time.sleep(self.random.random() * self.config["lag_s"])  # a slow consumer, not a wait
        elif command == piad.GAP:
            self.note(frames, "gap", reason=frames[3].decode())
        elif command == piad.EPOCH:
            self.record("epoch", stream=self.stream, common=frames[1].decode())
            self.open = False
            self.cursor = frames[1].decode()
        elif command == piad.ERROR:
            status = json.loads(frames[1])["status"]
            self.record("error", stream=self.stream, status=status)
            self.open = False
            if status == "unauthenticated":  # somebody who may goes on at this place
                self.config.update(token=None, sees=None, subject=DEFAULTS["subject"])

    def note(self, frames, op, **members):
        self.cursor = frames[2].decode()
        self.record(op, stream=self.stream, **{"from": frames[1].decode(), "to": self.cursor}, **members)

    def grant(self, used):
        self.credit -= used
        if self.credit < self.config["credit"] // 2:
            amount = self.random.randint(1, self.config["credit"])
            self.credit += amount
            self.record("credit", stream=self.stream, amount=amount)
            self.connection.credit(self.stream, amount)

    def reached(self):
        if not self.open or self.cursor in ("", "head"):
            return -1
        return int(self.cursor.split(".")[1])

    def run(self):
        until = leave = 0.0
        end = None
        while True:
            now = time.monotonic()
            if end is None and (text := self.told("end")):
                end, until, self.hurries = int(text), now + QUIET_END_S, True
            if end is not None and (self.reached() >= end or now > until):
                self.record("end", until=end, reached=max(0, self.reached()))
                return 0
            if self.open and now > leave and end is None:
                if self.random.random() < 0.5:
                    self.connection.unsubscribe(self.stream)
                self.close()
            if not self.open:
                self.subscribe()
                leave = now + self.random.uniform(*self.config["session_s"])
            command, frames = self.receive(0.1)
            if command is not None:
                self.take(command, frames)


class Listener(Client):
    """A SUB socket on the live feed."""

    def run(self):
        socket = zmq.Context.instance().socket(zmq.SUB)
        socket.linger = 0
        socket.rcvhwm = 0
        socket.subscribe(b"")
        for endpoint in self.config["endpoints"]:
            socket.connect(endpoint)
        while self.told("end") is None:
            if socket.poll(100):
                topic, cursor, event = socket.recv_multipart()
                self.record("live", connection=1, topic=topic.decode(), cursor=cursor.decode(),
                            hash=hash_of(event))
        socket.close()
        return 0


class Member(Working, Client):
    """A worker of a group."""


ROLES = {"publisher": Publisher, "subscriber": Subscriber, "listener": Listener, "member": Member}


def main(arguments):
    if len(arguments) != 2 or arguments[0] not in ROLES:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    client = ROLES[arguments[0]](json.loads(arguments[1]))
    status = client.run()
    client.record.close()
    os._exit(status)  # sockets of a server that is gone would hold the context


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""MDP 0.2, the PIA header and PIAW01, written with pyzmq from proto/README.md alone."""

import json
import os
import struct
import time

import zmq

REQUEST, PARTIAL, FINAL = b"\x01", b"\x02", b"\x03"  # client's commands
READY, W_REQUEST, W_PARTIAL, W_FINAL, HEARTBEAT, DISCONNECT = (bytes([n]) for n in range(1, 7))
HEADER = struct.Struct(">4sBBH16sQ")
REDELIVER, ANSWER = 1, 128
HEARTBEAT_MS = 1000


class Timeout(Exception):
    """Nothing came in time."""


def header(number, identifier, flags=0, value=5000):
    """The 32 bytes before a request's token."""
    return HEADER.pack(b"PIA1", 1, flags, number, identifier, value)


def read_header(frame):
    """(flags, number, id, value), or None if it is not a header."""
    if len(frame) != HEADER.size or frame[:5] != b"PIA1\x01":
        return None
    return HEADER.unpack(frame)[2:]


class Answer:
    """An answer with our header: HTTP status, JSON body, version of the resource."""

    def __init__(self, status, body, version):
        self.status, self.body, self.version = status, body, version

    def __repr__(self):
        return f"Answer({self.status}, {self.body})"


class Peer:
    """A DEALER at the broker."""

    def __init__(self, endpoint, identity=None):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 1000
        self.socket.sndhwm = self.socket.rcvhwm = 0
        self.socket.reconnect_ivl = 20
        if identity:
            self.socket.identity = identity
        self.socket.connect(endpoint)

    def send(self, *frames):
        self.socket.send_multipart(frames)

    def receive(self, timeout=10.0):
        """The frames of the next message."""
        if not self.socket.poll(max(0, timeout) * 1000):
            raise Timeout(f"nothing in {timeout} s")
        return self.socket.recv_multipart()

    def is_silent(self):
        """Whether nothing has arrived yet (ask something that must be answered later first)."""
        return not self.socket.poll(0)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Client(Peer):
    """Asks services; plain MDP, or with our header."""

    def __init__(self, endpoint, identity=None, messages=None):
        super().__init__(endpoint, identity)
        self.messages = messages or {}
        self.answers = {}

    def ask(self, service, *body):
        self.send(b"MDPC02", REQUEST, service, *body)

    def reply(self, timeout=10.0):
        """(command, service, body frames) of the next message."""
        frames = self.receive(timeout)
        assert frames[0] == b"MDPC02" and len(frames) >= 4, frames
        return frames[1], frames[2], frames[3:]

    def request(self, service, *body, timeout=10.0):
        """Asks and returns the body of the FINAL; there must be no PARTIAL."""
        self.ask(service, *body)
        command, name, answer = self.reply(timeout)
        assert (command, name) == (FINAL, service), (command, name, answer)
        return answer

    def send_call(self, message, body=None, token=b"", timeout=5.0, service=None, flags=0):
        """Sends a request with our header; returns its id. `message`: a name of proto/, or a number."""
        number = self.messages[message] if isinstance(message, str) else message
        name = service or message.split(".")[0]
        identifier = os.urandom(16)
        self.ask(
            name.encode(),
            header(number, identifier, flags, int(timeout * 1000)),
            token,
            json.dumps(body or {}).encode(),
        )
        return identifier

    def answer(self, identifier, timeout=10.0):
        """The answer to one request; others that come meanwhile are kept."""
        until = time.monotonic() + timeout
        while identifier not in self.answers:
            command, _, body = self.reply(until - time.monotonic())
            assert command == FINAL and len(body) == 2, body
            flags, status, other, version = read_header(body[0])
            assert flags & ANSWER
            self.answers[other] = Answer(status, json.loads(body[1]), version)
        return self.answers.pop(identifier)

    def call(self, message, body=None, token=b"", timeout=5.0, service=None, flags=0):
        identifier = self.send_call(message, body, token, timeout, service, flags)
        return self.answer(identifier, timeout + 5)

    def stats(self):
        return json.loads(self.request(b"mmi.stats", b"")[0])

    def services(self):
        return json.loads(self.request(b"mmi.services", b"")[0])


class Worker(Peer):
    """Serves requests; MDPW02, or PIAW01 if it has a window."""

    def __init__(self, endpoint, service=None, window=None, identity=None):
        super().__init__(endpoint, identity)
        self.magic = b"PIAW01" if window else b"MDPW02"
        self.heard = time.monotonic()
        if service:
            self.ready(service, window)

    def ready(self, service, window=None):
        extra = [json.dumps({"window": window, "version": "test"}).encode()] if window else []
        self.send(self.magic, READY, service, *extra)

    def command(self, timeout=10.0):
        """The next command but HEARTBEAT, with its frames; sends heartbeats meanwhile."""
        until = time.monotonic() + timeout
        while True:
            left = until - time.monotonic()
            try:
                frames = self.receive(min(left, HEARTBEAT_MS / 2000))
            except Timeout:
                if left <= 0:
                    raise
                self.heartbeat()
                continue
            assert frames[0] == self.magic, frames
            if frames[1] != HEARTBEAT:
                return frames[1], frames[2:]

    def take(self, timeout=10.0):
        """(client, body frames) of the next request."""
        command, frames = self.command(timeout)
        assert command == W_REQUEST and frames[1] == b"", (command, frames)
        return frames[0], frames[2:]

    def has_no_request(self):
        """Whether nothing but heartbeats has arrived yet."""
        while not self.is_silent():
            if self.receive()[1] != HEARTBEAT:
                return False
        return True

    def final(self, client, *body):
        self.send(self.magic, W_FINAL, client, b"", *body)

    def partial(self, client, *body):
        self.send(self.magic, W_PARTIAL, client, b"", *body)

    def answer(self, client, request, body=None, status=200):
        """Answers a request that has our header."""
        identifier = read_header(request[0])[2]
        self.final(client, header(status, identifier, ANSWER, 0), json.dumps(body or {}).encode())

    def heartbeat(self):
        self.send(self.magic, HEARTBEAT)

    def disconnect(self):
        self.send(self.magic, DISCONNECT)

    def expect_disconnect(self, timeout=10.0):
        command, frames = self.command(timeout)
        assert (command, frames) == (DISCONNECT, []), (command, frames)

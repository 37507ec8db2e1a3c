"""PIAD01, publishing and streams, written with pyzmq from proto/README.md alone."""

import functools
import json
import struct
import time
import uuid

import zmq

from mdp import Timeout

MAGIC = b"PIAD01"
HELLO, PUBLISH, SUBSCRIBE, CREDIT, UNSUBSCRIBE, HEARTBEAT, RENEW = (bytes([n]) for n in range(1, 8))
WELCOME, RECEIPT, DATA, PROGRESS, GAP, EPOCH, ERROR, BEAT, DISCONNECT = (
    bytes([n]) for n in range(0x81, 0x8A)
)
REFUSED = b"\x8a"
RECORD = struct.Struct(">IQQ4sI")
RECEIPT_ENTRY = struct.Struct(">IQ32s?")
TOKEN_MAX = 1024  # bytes


class Record:
    """One event of a data frame, with where it stands in the journal."""

    def __init__(self, epoch, sequence, recorded_ms, chain, raw):
        self.epoch, self.sequence, self.recorded_ms, self.chain = epoch, sequence, recorded_ms, chain
        self.raw = raw  # the event's bytes

    @functools.cached_property
    def event(self):
        return json.loads(self.raw)

    def __repr__(self):
        return f"Record({self.epoch}.{self.sequence} {self.event.get('type')})"


def read_records(frame):
    records, offset = [], 0
    while offset < len(frame):
        epoch, sequence, recorded, chain, length = RECORD.unpack_from(frame, offset)
        offset += RECORD.size
        records.append(Record(epoch, sequence, recorded, chain, frame[offset : offset + length]))
        offset += length
    assert offset == len(frame)
    return records


def read_receipts(frame):
    """What a receipt frame says, as the message diffusion.event.append says it."""
    journal = str(uuid.UUID(bytes=frame[:16]))
    receipts = []
    for epoch, sequence, chain, duplicate in RECEIPT_ENTRY.iter_unpack(frame[16:]):
        receipts.append(
            {
                "journal": journal,
                "epoch": epoch,
                "sequence": sequence,
                "chain": chain.hex(),
                "cursor": f"{epoch}.{sequence}.{chain[:4].hex()}",
                "duplicate": duplicate,
            }
        )
    return {"status": "ok", "receipts": receipts}


def pack_events(events):
    texts = [e if isinstance(e, bytes) else json.dumps(e).encode() for e in events]
    return b"".join(struct.pack(">I", len(text)) + text for text in texts)


class Diffusion:
    """A connection to the diffusion's socket: publish in batches, follow streams."""

    def __init__(self, endpoint, token=b""):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 1000
        self.socket.reconnect_ivl = 20
        self.socket.connect(endpoint)
        self.token = token
        self.requests = 0
        self.waiting = []  # messages put aside by expect
        self.sent = time.monotonic()

    def send(self, *frames):
        self.socket.send_multipart([MAGIC, *frames])
        self.sent = time.monotonic()

    def receive(self, timeout=10.0, beats=False):
        """(command, frames) of the next message, beats only if asked; sends heartbeats meanwhile."""
        until = time.monotonic() + timeout
        while True:
            left = until - time.monotonic()
            if time.monotonic() - self.sent > 1.5:
                self.send(HEARTBEAT)
            if self.socket.poll(max(0, min(left, 1.0)) * 1000):
                magic, command, *frames = self.socket.recv_multipart()
                assert magic == MAGIC
                if beats or command != BEAT:
                    return command, frames
            elif left <= 0:
                raise Timeout(f"nothing in {timeout} s")

    def expect(self, *commands, timeout=10.0):
        """The next message that is one of `commands`; others are put aside for later."""
        for i, (command, frames) in enumerate(self.waiting):
            if command in commands:
                del self.waiting[i]
                return command, frames
        until = time.monotonic() + timeout
        while True:
            command, frames = self.receive(until - time.monotonic())
            if command in commands:
                return command, frames
            self.waiting.append((command, frames))

    def hello(self, timeout=10.0):
        self.send(HELLO)
        return json.loads(self.expect(WELCOME, timeout=timeout)[1][0])

    def publish(self, events, token=None, timeout=10.0, after=None):
        """The receipts, or the problem, of events (dicts or bytes) published as one batch."""
        self.requests += 1
        request = struct.pack(">Q", self.requests)
        goes_on = [] if after is None else [after if isinstance(after, bytes) else after.encode()]
        token = self.token if token is None else token
        self.send(PUBLISH, request, token, *goes_on, pack_events(events))
        while True:
            command, (echo, body) = self.expect(RECEIPT, REFUSED, timeout=timeout)
            if echo == request:
                return read_receipts(body) if command == RECEIPT else json.loads(body)

    def subscribe(self, stream=1, cursor="", filter=None, credit=1000, token=None):
        options = {"cursor": cursor, "filter": filter or {}, "credit": credit}
        self.send(
            SUBSCRIBE,
            struct.pack(">I", stream),
            self.token if token is None else token,
            json.dumps(options).encode(),
        )

    def credit(self, stream, amount):
        self.send(CREDIT, struct.pack(">I", stream), struct.pack(">I", amount))

    def unsubscribe(self, stream):
        self.send(UNSUBSCRIBE, struct.pack(">I", stream))

    def renew(self, stream, token):
        self.send(RENEW, struct.pack(">I", stream), token)

    def next(self, timeout=10.0):
        """(from, to, records) of the next data or progress frame of any stream."""
        command, frames = self.expect(DATA, PROGRESS, timeout=timeout)
        records = read_records(frames[3]) if command == DATA else []
        return frames[1].decode(), frames[2].decode(), records

    def take(self, count, timeout=10.0):
        """The next `count` records, and the cursor after them; ranges must join."""
        records, cursor, until = [], None, time.monotonic() + timeout
        while len(records) < count:
            start, end, more = self.next(until - time.monotonic())
            assert cursor is None or start == cursor, f"a hole: {cursor} then {start}"
            cursor = end
            records += more
        return records, cursor

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

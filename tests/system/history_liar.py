"""Proxies of messages between a client of the journal and the journal, each with one lie of its own:
what a wrong journal would say. The checker must find each out (test_history_wrong.py)."""

import json
import random
import struct
import threading
import uuid

import zmq

import piad
from history_record import next_chain

LIES = {}  # name -> (class, the role of its client, what the checker must find)


def lie(name, role, kind):
    def add(liar):
        LIES[name] = (liar, role, kind)
        return liar
    return add


def split_records(frame):
    """A data frame's records, each as its bytes."""
    records, offset = [], 0
    while offset < len(frame):
        *_, length = piad.RECORD.unpack_from(frame, offset)
        records.append(frame[offset : offset + piad.RECORD.size + length])
        offset += piad.RECORD.size + length
    return records


class Liar(threading.Thread):
    """Passes messages on, one DEALER for each client that comes; may change them on their way."""

    def __init__(self, listen, connect, seed=0):
        super().__init__(daemon=True)
        self.endpoint, self.connect = f"ipc://{listen}", connect
        self.random = random.Random(seed)
        self.lies = 0
        self.ending = threading.Event()
        self.front = zmq.Context.instance().socket(zmq.ROUTER)
        self.front.linger = 0
        self.front.bind(self.endpoint)
        self.backs = {}  # identity -> socket
        self.start()

    def run(self):
        poller = zmq.Poller()
        poller.register(self.front, zmq.POLLIN)
        identities = {}
        while not self.ending.is_set():
            for socket, _ in poller.poll(100):
                if socket is not self.front:
                    self.answer(identities[socket], socket.recv_multipart())
                    continue
                identity, *message = socket.recv_multipart()
                if identity not in self.backs:
                    back = zmq.Context.instance().socket(zmq.DEALER)
                    back.linger = 0
                    back.connect(self.connect)
                    poller.register(back, zmq.POLLIN)
                    self.backs[identity], identities[back] = back, identity
                self.ask(identity, message)
        for socket in (self.front, *identities):
            socket.close()

    def stop(self):
        self.ending.set()
        self.join()

    def chance(self, one_in=4):
        """Whether to lie now."""
        now = self.random.randrange(one_in) == 0
        self.lies += now
        return now

    def ask(self, identity, message):
        """What a client says, to the journal."""
        for sent in self.of_client(identity, message):
            self.backs[identity].send_multipart(sent)

    def answer(self, identity, message):
        for sent in self.of_journal(identity, message):
            self.front.send_multipart([identity, *sent])

    def of_client(self, identity, message):
        return [message]

    def of_journal(self, identity, message):
        """What is said instead of a message of the journal."""
        if message[1] == piad.DATA:
            stream, start, end, records = message[2:]
            records = self.of_stream(identity + stream, [start, end], split_records(records))
            if records is not None:
                return [[*message[:5], b"".join(records)]] if records else \
                    [[message[0], piad.PROGRESS, *message[2:5]]]
        return [message]

    def of_stream(self, stream, bounds, records):
        """The records that are given instead; None: the same."""
        return None


@lie("drops", "subscriber", "a silent hole")
class Drops(Liar):
    """Leaves one event out of a frame that says that it covers it."""

    def of_stream(self, stream, bounds, records):
        if self.chance():
            records.pop(self.random.randrange(len(records)))
            return records
        return None


@lie("drops-at-hand-over", "subscriber", "a silent hole")
class DropsAtHandOver(Liar):
    """The first event after what a new stream was given at once."""

    def __init__(self, *arguments):
        self.frames = {}
        super().__init__(*arguments)

    def of_stream(self, stream, bounds, records):
        self.frames[stream] = self.frames.get(stream, 0) + 1
        if self.frames[stream] != 2:
            return None
        self.lies += 1
        return records[1:]


@lie("repeats", "subscriber", "delivered twice")
class Repeats(Liar):
    """An event comes once more in the next frame."""

    def __init__(self, *arguments):
        self.last = {}
        super().__init__(*arguments)

    def of_stream(self, stream, bounds, records):
        before, self.last[stream] = self.last.get(stream), records[-1]
        return [before, *records] if before and self.chance() else None


@lie("swaps", "subscriber", "an inversion")
class Swaps(Liar):
    """Two events of a frame change places."""

    def of_stream(self, stream, bounds, records):
        if len(records) < 2 or not self.chance():
            return None
        at = self.random.randrange(len(records) - 1)
        records[at : at + 2] = records[at + 1], records[at]
        return records


@lie("changes", "subscriber", "delivered otherwise")
class Changes(Liar):
    """A byte of an event."""

    def of_stream(self, stream, bounds, records):
        if not self.chance():
            return None
        at = self.random.randrange(len(records))
        records[at] = records[at][:-2] + bytes([records[at][-2] ^ 1]) + records[at][-1:]
        return records


@lie("forgets-a-frame", "subscriber", "ranges do not join")
class ForgetsAFrame(Liar):
    """A whole frame does not arrive; not too many, since their credit is gone with them."""

    def of_journal(self, identity, message):
        lost = message[1] == piad.DATA and self.lies < 3 and self.chance(6)
        return [] if lost else [message]


@lie("invents", "publisher", "acknowledged, then lost")
class Invents(Liar):
    """Gives receipts, and passes nothing on."""

    def __init__(self, *arguments):
        self.sequence = 10**6
        super().__init__(*arguments)

    def of_client(self, identity, message):
        if message[1] != piad.PUBLISH or not self.chance():
            return [message]
        count, offset, receipts = 0, 0, b""
        while offset < len(message[4]):
            offset += 4 + struct.unpack_from(">I", message[4], offset)[0]
            count += 1
        for i in range(count):
            receipts += piad.RECEIPT_ENTRY.pack(1, self.sequence + i, next_chain(bytes(32), b""), False)
        self.sequence += count
        self.front.send_multipart([identity, message[0], piad.RECEIPT, message[2],
                                   uuid.UUID(int=0).bytes + receipts])
        return []


@lie("halves", "publisher", "partly stored")
class Halves(Liar):
    """Only the first event of a publish gets through; it says that it does not know."""

    def of_client(self, identity, message):
        if message[1] != piad.PUBLISH:
            return [message]
        first = 4 + struct.unpack_from(">I", message[4])[0]
        if first == len(message[4]) or not self.chance():
            return [message]
        problem = {"status": "invalid", "detail": "", "pointer": ""}
        self.front.send_multipart([identity, message[0], piad.REFUSED, message[2],
                                   json.dumps(problem).encode()])
        return [[*message[:2], bytes(8), message[3], message[4][:first]]]

    def of_journal(self, identity, message):
        silent = message[1] in (piad.RECEIPT, piad.REFUSED) and message[2] == bytes(8)
        return [] if silent else [message]


@lie("misnumbers", "publisher", "acknowledged under another number")
class Misnumbers(Liar):
    """A receipt has the number of another event."""

    def of_journal(self, identity, message):
        if message[1] != piad.RECEIPT or not self.chance():
            return [message]
        entries = [list(e) for e in piad.RECEIPT_ENTRY.iter_unpack(message[3][16:])]
        entries[0][1] += 1
        packed = b"".join(piad.RECEIPT_ENTRY.pack(*e) for e in entries)
        return [[*message[:3], message[3][:16] + packed]]


@lie("accepts-forgeries", "publisher", "another content was acknowledged")
class AcceptsForgeries(Liar):
    """A refusal becomes a receipt."""

    def of_journal(self, identity, message):
        if message[1] != piad.REFUSED:
            return [message]
        self.lies += 1
        receipt = piad.RECEIPT_ENTRY.pack(1, 1, bytes(32), True)
        return [[message[0], piad.RECEIPT, message[2], bytes(16) + receipt]]

"""Histories made by hand, for the tests of the checker: good ones, of which a test breaks one thing."""

import copy

import history_check
from history_record import CHAIN_0, hash_of, next_chain

SOURCE = "/poles/cnidep"


def row(event):
    """A stored event as a data frame has it."""
    return [event[n] for n in ("epoch", "sequence", "recorded", "chain", "hash")]


class Book:
    """A good history: what clients did, with the journal that follows from it."""

    def __init__(self):
        self.records = []
        self.t = 0
        self.chain = CHAIN_0
        self.stored = []
        self.request = 0

    def add(self, client, op, **members):
        self.t += 1
        self.records.append({"t": self.t, "client": client, "op": op, **members})
        return self.records[-1]

    def store(self, name, epoch=1, **members):
        """Appends an event to the journal; its stored record."""
        event_hash = hash_of(name.encode())
        self.chain = next_chain(self.chain, bytes.fromhex(event_hash))
        attributes = {"type": "essai.fait", "source": SOURCE, "visibility": "public",
                      **members.pop("attributes", {})}
        event = {"op": "stored", "t": 0, "client": "journal", "epoch": epoch,
                 "sequence": len(self.stored) + 1, "recorded": 1000 + len(self.stored),
                 "chain": self.chain.hex()[:8], "hash": event_hash, "name": f"{SOURCE} {name}",
                 "attributes": attributes, "whole": self.chain.hex(), **members}
        self.stored.append(event)
        return event

    def send(self, names, client="p1", **members):
        self.request += 1
        events = [[f"{SOURCE} {name}", hash_of(name.encode())] for name in names]
        return self.add(client, "send", request=self.request, events=events, **members)

    def receive(self, send, events, duplicate=False):
        receipts = [[e["epoch"], e["sequence"], e["whole"], duplicate] for e in events]
        return self.add(send["client"], "receipt", request=send["request"], receipts=receipts)

    def publish(self, names, client="p1", **members):
        """Sent, stored, acknowledged."""
        send = self.send(names, client)
        events = [self.store(name, **copy.deepcopy(members)) for name in names]
        self.receive(send, events)
        return send

    def cursor(self, sequence):
        if not sequence:
            return "1.0.00000000"
        event = self.stored[sequence - 1]
        return f"{event['epoch']}.{sequence}.{event['chain']}"

    def subscribe(self, client="s1", stream=1, cursor="", credit=1000, **members):
        return self.add(client, "subscribe", stream=stream, cursor=cursor, credit=credit,
                        **{"filter": {}, "sees": None, "subject": "", **members})

    def frame(self, first, last, client="s1", stream=1, shown=lambda event: True):
        """The events of (first, last] as a stream should give them."""
        records = [row(e) for e in self.stored[first:last] if shown(e)]
        return self.add(client, "data" if records else "progress", stream=stream,
                        **{"from": self.cursor(first), "to": self.cursor(last)}, records=records)

    def all(self):
        verify = {"op": "verify", "t": 0, "client": "journal", "ok": True, "to": len(self.stored)}
        return [*self.records, *self.stored, verify]

    def kinds(self):
        return {anomaly.kind for anomaly in history_check.check(self.all())}

"""What happened in a run, as records: one JSON object a line, a file a client.

Every record has `t` (ns, CLOCK_MONOTONIC: one clock for all processes), `client` and `op`. A name
is "SOURCE ID", a hash BLAKE2b-256 of an event's bytes in hexadecimal, a cursor as on the wire.

publishers
    send        request, events [[name, hash]…], forged: another content under known names
    receipt     request, receipts [[epoch, sequence, chain, duplicate]…]
    refused     request, status
subscribers
    head        cursor: what a welcome said
    subscribe   stream (unique for the client), cursor, resumes, filter, credit, subject, sees:
                [visibilities], or null for all
    credit      stream, amount
    data        stream, from, to, records [[epoch, sequence, recorded, chain, hash]…]; progress: none
    gap         stream, from, to, reason
    epoch       stream, common
    error       stream, status
    closed      stream: by the client, or its connection was lost
    end         until, reached: sequences; the client was told to end once it had seen all
members of groups (`group` in each record)
    join        filter, run, sees, subject
    work        items [[fence, attempt, sequence, hash]…]: now in its hands
    ack         sequence, fence: it is about to say so
    settled     items [[sequence, fence, outcome]…]: it was told
live feed
    live        connection, topic, cursor, hash
who looks at it in the end
    stored      epoch, sequence, recorded, chain, hash, name, attributes {…}, revokes: a subject
    verify      ok, to: what the journal's own walk over the chain said
    lost        epoch, after: the tail of an epoch is gone, by a restored backup
    retained    kind, before: events that may be removed from now on
    revoked     subject
    rest        of: a group that has settled all there is
    fault       what: for people who read it
"""

import hashlib
import json
import os
import time
from collections import namedtuple

Anomaly = namedtuple("Anomaly", "kind client detail")  # what the checker finds
CHAIN_0 = bytes(32)


def hash_of(event):
    return hashlib.blake2b(event, digest_size=32).hexdigest()


def next_chain(chain, event_hash):
    """chain(n) from chain(n-1) and the hash of event n, all 32 bytes."""
    return hashlib.blake2b(chain + event_hash, digest_size=32).digest()


class Recorder:
    """Appends records to a client's file; each is written whole, at once, so that a killed client
    leaves all that it knew."""

    def __init__(self, path, client):
        self.client = client
        self.descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def __call__(self, op, **members):
        record = {"t": time.monotonic_ns(), "client": self.client, "op": op, **members}
        line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        written = os.write(self.descriptor, line)
        assert written == len(line), "the disk of the histories is full"

    def close(self):
        os.close(self.descriptor)


def load(paths):
    """The records of all files; those of one client in its order. A last line that a killed client
    left half-written is none."""
    records = []
    for path in sorted(paths):
        with open(path, "rb") as lines:
            records += [json.loads(line) for line in lines if line.endswith(b"\n")]
    return records

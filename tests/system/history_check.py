"""Whether a history is one that the journal promises. Pure: records in (history_record.py says which),
anomalies out. It believes nobody: what the journal holds in the end is compared with what everybody
was told and saw meanwhile, and the chain is computed again from the events."""

import bisect
from collections import defaultdict

import history_groups
import history_streams
from history_record import CHAIN_0, Anomaly, next_chain

OWN_IDS = "h-"  # ids of the publishers under test; others in the journal are its services'

# Refusals after which nothing was stored by that very message. `unavailable` and `rate_limited` leave
# it open here: what is repeated on a connection that doubles messages can meet both.
DEFINITE = {"conflict", "invalid", "forbidden", "unauthenticated", "too_large"}


class Journal:
    """What was read back in the end."""

    def __init__(self, stored, lost=(), retained=()):
        self.lost = {record["epoch"]: record["after"] for record in lost}
        self.decided = {record["epoch"]: record["t"] for record in lost}
        self.events = sorted(stored, key=lambda e: e["sequence"])
        for event in self.events:
            if any(event["sequence"] < rule["before"] and
                   event["attributes"].get("kind") == rule["kind"] for rule in retained):
                event["removed"] = True
        self.by_sequence = {e["sequence"]: e for e in self.events}
        self.by_name = {}
        self.chains = {0: CHAIN_0}
        for event in self.events:
            self.by_name.setdefault(event["name"], event)
            before = self.chains.get(event["sequence"] - 1)
            if before is not None:
                after = next_chain(before, bytes.fromhex(event["hash"]))
                self.chains[event["sequence"]] = after
        self.last = self.events[-1]["sequence"] if self.events else 0

    def is_lost(self, epoch, sequence):
        """Whether it stood in a tail that was lost with its epoch, to everybody's knowledge."""
        return sequence > self.lost.get(epoch, sequence)

    def knows(self, epoch, sequence, chain):
        """Whether a cursor is a place of this journal, or was one."""
        return self.is_lost(epoch, sequence) or self.has_cursor(epoch, sequence, chain)

    def has_cursor(self, epoch, sequence, chain):
        """Whether a cursor is a place of this journal."""
        if sequence == 0:
            return chain == "00000000"
        event = self.by_sequence.get(sequence)
        return bool(event) and (event["epoch"], event["chain"]) == (epoch, chain)


def check(records):
    """Every anomaly of a history; [] if it is a good one."""
    by_op = defaultdict(list)
    by_client = defaultdict(list)
    for record in records:
        by_op[record["op"]].append(record)
        by_client[record["client"]].append(record)
    journal = Journal(by_op["stored"], by_op["lost"], by_op["retained"])
    found = check_journal(journal, by_op["stored"], by_op["verify"])
    requests = read_requests(by_op)
    found += check_origins(journal, requests)
    for request in requests.values():
        found += check_request(journal, request)
    found += check_receipts_agree(journal, requests)
    found += check_time(journal, requests)
    for client, own in by_client.items():
        found += history_streams.check_client(journal, client, own)
    found += history_streams.check_revocations(journal, records)
    found += history_groups.check_groups(journal, records)
    return found


def report(anomalies, each=3):
    """For people: how many of each kind, and the first ones."""
    kinds = defaultdict(list)
    for anomaly in anomalies:
        kinds[anomaly.kind].append(anomaly)
    lines = []
    for kind, found in kinds.items():
        lines.append(f"{kind}: {len(found)}")
        lines += [f"    {a.client}: {a.detail}" for a in found[:each]]
    return "\n".join(lines)


def check_journal(journal, stored, verifications):
    """In itself: every number once, from 1, no name twice, the chain that of the bytes."""
    found = []
    sequences = [e["sequence"] for e in stored]
    if sequences != list(range(1, len(sequences) + 1)):
        at = next(i for i, s in enumerate(sequences, 1) if s != i)
        found.append(Anomaly("journal: numbers", "journal",
                             f"event {at} of the replay has number {sequences[at - 1]}"))
    epoch = 0
    names = {}
    for event in journal.events:
        where = f"{event['epoch']}.{event['sequence']}"
        if event["epoch"] < epoch:
            found.append(Anomaly("journal: epoch", "journal", f"{where} follows epoch {epoch}"))
        epoch = event["epoch"]
        chain = journal.chains.get(event["sequence"])
        if chain is not None and chain.hex()[:8] != event["chain"]:
            found.append(Anomaly("journal: chain", "journal",
                                 f"{where} has {event['chain']}, its bytes make {chain.hex()[:8]}"))
        if event["name"] in names:
            found.append(Anomaly("stored twice", "journal",
                                 f"{event['name']} is {names[event['name']]} and {where}"))
        names.setdefault(event["name"], where)
    for verification in verifications:
        if not verification["ok"] or verification["to"] != journal.last:
            found.append(Anomaly("journal: verify", "journal",
                                 f"{verification} of {journal.last} events"))
    return found


class Request:
    """One publish with all its repetitions."""

    def __init__(self, key):
        self.client, self.number = key
        self.events = []
        self.forged = False
        self.sent = []      # times
        self.receipts = []  # (time, receipts)
        self.refused = []   # statuses

    def __repr__(self):
        return f"publish {self.number} ({self.events[0][0] if self.events else '?'}…)"


def read_requests(by_op):
    requests = {}
    for record in by_op["send"]:
        key = (record["client"], record["request"])
        request = requests.setdefault(key, Request(key))
        if request.events and request.events != record["events"]:
            raise ValueError(f"{request} was repeated with other events: no fault of the journal")
        request.events = record["events"]
        request.forged = record.get("forged", False)
        request.sent.append(record["t"])
    for record in by_op["receipt"]:
        request = requests[record["client"], record["request"]]
        request.receipts.append((record["t"], record["receipts"]))
    for record in by_op["refused"]:
        requests[record["client"], record["request"]].refused.append(record["status"])
    return requests


def check_origins(journal, requests):
    """Nothing is there that nobody sent, nor with other bytes."""
    sent = defaultdict(set)
    for request in requests.values():
        for name, event_hash in request.events:
            if not request.forged:
                sent[name].add(event_hash)
    found = []
    for event in journal.events:
        name = event["name"]
        if not name.split(" ", 1)[1].startswith(OWN_IDS):
            continue
        if name not in sent:
            found.append(Anomaly("stored, not sent", "journal", f"{name}, {event['sequence']}"))
        elif event["hash"] not in sent[name]:
            found.append(Anomaly("stored with other bytes", "journal",
                                 f"{name}, {event['sequence']}"))
    return found


def check_request(journal, request):
    found = []
    if request.forged:
        if request.receipts:
            found.append(Anomaly("another content was acknowledged", request.client, str(request)))
        return found
    found += check_whole(journal, request)
    for _, receipts in request.receipts:
        found += check_receipts(journal, request, receipts)
    there = [name for name, _ in request.events if name in journal.by_name]
    if there and len(request.refused) == len(request.sent) and DEFINITE.issuperset(request.refused):
        found.append(Anomaly("refused, yet stored", request.client,
                             f"{request}: {request.refused}, {there[0]} is there"))
    return found


def check_whole(journal, request):
    """All of it or nothing, with consecutive numbers in its order."""
    events = [journal.by_name.get(name) for name, _ in request.events]
    there = [event["sequence"] for event in events if event]
    if not there:
        return []
    if len(there) < len(events):
        return [Anomaly("partly stored", request.client,
                        f"{request}: {len(there)} of {len(events)} events")]
    if there != list(range(there[0], there[0] + len(there))):
        return [Anomaly("stored apart", request.client, f"{request}: {there}")]
    return []


def check_receipts(journal, request, receipts):
    if len(receipts) != len(request.events):
        return [Anomaly("receipts missing", request.client,
                        f"{request}: {len(receipts)} for {len(request.events)} events")]
    found = []
    for (name, _), (epoch, sequence, chain, _) in zip(request.events, receipts):
        event = journal.by_name.get(name)
        if journal.is_lost(epoch, sequence):
            continue
        if not event:
            found.append(Anomaly("acknowledged, then lost", request.client,
                                 f"{name} was {epoch}.{sequence}"))
        elif (event["epoch"], event["sequence"]) != (epoch, sequence):
            found.append(Anomaly("acknowledged under another number", request.client,
                                 f"{name} was {epoch}.{sequence}, is {event['sequence']}"))
        elif sequence in journal.chains and journal.chains[sequence].hex() != chain:
            found.append(Anomaly("acknowledged with another chain", request.client,
                                 f"{name}, {epoch}.{sequence}"))
    return found


def check_receipts_agree(journal, requests):
    """A repetition gets the first receipt, and only one receipt is not of a duplicate."""
    found = []
    first = {}
    fresh = set()
    for request in requests.values():
        if request.forged:
            continue
        for _, receipts in request.receipts:
            for (name, _), (epoch, sequence, chain, duplicate) in zip(request.events, receipts):
                receipt = (epoch, sequence, chain)
                if journal.is_lost(epoch, sequence):
                    continue
                if first.setdefault(name, receipt) != receipt:
                    found.append(Anomaly("receipts differ", request.client,
                                         f"{name}: {first[name]}, then {receipt}"))
                if not duplicate and name in fresh:
                    found.append(Anomaly("appended twice by its receipts", request.client, name))
                if not duplicate:
                    fresh.add(name)
    return found


def is_true(journal, request, receipts):
    """Whether the last receipt names the place of the last event."""
    event = journal.by_name.get(request.events[-1][0])
    return bool(receipts and event) and event["sequence"] == receipts[-1][1]


def check_time(journal, requests):
    """What was sent after another's receipt had come has a higher number than that."""
    acknowledged = sorted((t, receipts[-1][1], str(request)) for request in requests.values()
                          for t, receipts in request.receipts if is_true(journal, request, receipts))
    times, highest = [], []
    for t, sequence, name in acknowledged:
        times.append(t)
        best = (sequence, name)
        highest.append(max(highest[-1], best) if highest else best)
    found = []
    first_sent = {}
    for request in requests.values():
        if not request.forged:
            for name, _ in request.events:
                first_sent[name] = min(first_sent.get(name, request.sent[0]), request.sent[0])
    for name, t in first_sent.items():
        event = journal.by_name.get(name)
        before = bisect.bisect_left(times, t)
        if event and before and event["sequence"] < highest[before - 1][0]:
            found.append(Anomaly("before what was acknowledged earlier", name.split(" ", 1)[1],
                                 f"{name} is {event['sequence']}, though sent after the receipt of"
                                 f" {highest[before - 1]}"))
    return found

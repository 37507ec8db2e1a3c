"""Whether the members of a group worked as the journal promises them: in order per key, nothing twice
after it was settled, nothing forgotten, and no slow one's word counts any more. Part of
history_check.py, and as pure."""

from collections import defaultdict

from history_record import Anomaly
from history_streams import is_shown

ACKNOWLEDGED = 0


class Group:
    """What all members of one group did."""

    def __init__(self, journal, name):
        self.journal, self.name = journal, name
        self.members = set()
        self.join = None
        self.runs = False                 # members take several events of a key at once
        self.given = []                   # (t, client, sequence, fence), in time
        self.acked = {}                   # sequence -> time of the first acknowledgement
        self.confirmed = defaultdict(set)  # sequence -> fences
        self.found = []

    def say(self, kind, client, detail):
        self.found.append(Anomaly(kind, client, f"group {self.name}: {detail}"))

    def take(self, record):
        client, op = record["client"], record["op"]
        self.members.add(client)
        if op == "join":
            self.join = self.join or record
            self.runs = self.runs or record["run"] > 1
        elif op == "work":
            for fence, _, sequence, event_hash in record["items"]:
                event = self.journal.by_sequence.get(sequence)
                if not event:
                    self.say("delivered, then gone", client, f"{sequence}")
                elif event["hash"] != event_hash:
                    self.say("delivered otherwise", client, f"{sequence}")
                elif not is_shown(self.join, event["attributes"]):
                    self.say("delivered though hidden", client, f"{sequence}")
                else:
                    self.given.append((record["t"], client, sequence, fence))
        elif op == "ack":
            self.acked.setdefault(record["sequence"], record["t"])
        elif op == "settled":
            for sequence, fence, outcome in record["items"]:
                if outcome == ACKNOWLEDGED:
                    self.confirmed[sequence].add(fence)

    def key_of(self, sequence):
        attributes = self.journal.by_sequence[sequence]["attributes"]
        return attributes.get("partitionkey") or attributes["source"]

    def settled(self, sequence):
        """When the event was acknowledged first; an event that retention has removed counts as settled."""
        never = 0 if self.journal.by_sequence[sequence].get("removed") else float("inf")
        return self.acked.get(sequence, never)

    def keys(self):
        """key -> the group's events in order."""
        keys = defaultdict(list)
        for event in self.journal.events:
            if is_shown(self.join, event["attributes"]):
                keys[self.key_of(event["sequence"])].append(event["sequence"])
        return keys

    def check(self, ended):
        keys = self.keys()
        self.check_order(keys)
        self.check_fences(keys)
        given = {sequence for _, _, sequence, _ in self.given}
        for key, sequences in keys.items() if ended else ():
            for sequence in sequences:
                if self.journal.by_sequence[sequence].get("removed"):
                    continue
                if sequence not in given:
                    self.say("forgotten", "group", f"{sequence} of key {key} was nobody's work")
                elif sequence not in self.acked:
                    self.say("forgotten", "group", f"{sequence} of key {key} was never settled")
        return self.found

    def check_order(self, keys):
        """An event is given out when all earlier ones of its key are settled, so acknowledged; but for
        those that the same member has in its hands, in a run, under the same fence."""
        settled_at, place = {}, {}
        for sequences in keys.values():
            latest = 0  # when all events of the key before this one had been acknowledged
            for i, sequence in enumerate(sequences):
                settled_at[sequence], place[sequence] = latest, i
                latest = max(latest, self.settled(sequence))
        hands = defaultdict(set)  # (client, fence) -> sequences
        for t, client, sequence, fence in sorted(self.given):
            hands[client, fence].add(sequence)
            if settled_at[sequence] > t:
                key = self.key_of(sequence)
                open_ones = {s for s in keys[key][: place[sequence]] if self.settled(s) > t}
                if not self.runs or open_ones - hands[client, fence]:
                    self.say("not in order of its key", client, f"{sequence} of {key} before"
                             f" {min(open_ones)} was acknowledged")
            later = [f for f in self.confirmed.get(sequence, ()) if fence > f]
            if later:
                self.say("given out again though settled", client,
                         f"{sequence} with fence {fence:x}, was settled with {later[0]:x}")

    def check_fences(self, keys):
        holders = {}  # (key, fence) -> client
        for _, client, sequence, fence in self.given:
            holder = holders.setdefault((self.key_of(sequence), fence), client)
            if holder != client:
                self.say("one fence for two", client, f"{fence:x} of {self.key_of(sequence)} was"
                                                      f" {holder}'s")
        for key, sequences in keys.items():
            highest = 0
            for sequence in sequences:
                for fence in self.confirmed.get(sequence, ()):
                    if fence < highest:
                        self.say("a stale fence counted", "group",
                                 f"{sequence} of {key} with {fence:x} after {highest:x}")
                    highest = max(highest, fence)


def check_groups(journal, records):
    groups, ended = {}, set()
    for record in records:
        name = record.get("group")
        if name is not None:
            group = groups.setdefault(name, Group(journal, name))
            group.take(record)
        if record["op"] == "rest":
            ended.add(record["of"])
    found = []
    for name, group in groups.items():
        found += group.check(name in ended)
    return found

"""Whether what subscribers and listeners of the live feed saw is what the journal promises them: every
range joins the one before, holds all that its reader may see and wants, in order, once, and nothing
else. Part of history_check.py, and as pure."""

from history_record import Anomaly

LISTS = {"themes": "themes", "sectors": "sectors", "topics": "topics"}  # comma-separated in an event
SINGLE = {"types": "type", "sources": "source", "kinds": "kind", "poles": "pole"}


def parse_cursor(text):
    epoch, sequence, chain = text.split(".")
    return int(epoch), int(sequence), chain


def passes(filter, attributes):
    """The filter of proto/README.md, as far as the subscribers under test use it."""
    for member, wanted in (filter or {}).items():
        if member in LISTS:
            has = attributes.get(LISTS[member], "").split(",")
        else:
            has = [attributes.get(SINGLE[member])]
        if not set(has) & set(wanted):
            return False
    return True


def is_shown(subscription, attributes):
    """Whether a subscriber gets an event."""
    visibility, sees = attributes["visibility"], subscription.get("sees")
    if sees is not None and visibility not in sees:
        person = f"person:{subscription.get('subject', '').rpartition('/')[2]}"
        if visibility != "restricted" or person not in attributes["restrictedto"].split(","):
            return False
    return passes(subscription.get("filter"), attributes)


class Session:
    """One stream from its subscribe to its end."""

    def __init__(self, journal, client, subscribe):
        self.journal, self.client, self.subscribe = journal, client, subscribe
        self.last = None  # the cursor that is covered, as text
        self.credit = subscribe["credit"]
        self.seen = set()  # sequences of its records
        self.found = []

    def say(self, kind, detail):
        self.found.append(Anomaly(kind, self.client, f"stream {self.subscribe['stream']}: {detail}"))

    def cover(self, record):
        """A frame's range; (from, to) as sequences, or None if it is nonsense."""
        start, end = record["from"], record["to"]
        asked = self.subscribe["cursor"]
        if self.last is not None:
            if start != self.last:
                self.say("ranges do not join", f"{self.last} then {start}")
        elif asked == "" and parse_cursor(start)[1] != 0 or asked not in ("", "head", start):
            self.say("begins elsewhere", f"asked {asked!r}, begins at {start}")
        for cursor in (start, end):
            if not self.journal.knows(*parse_cursor(cursor)):
                self.say("a cursor of nowhere", f"{cursor} in ({start}, {end}]")
        self.last = end
        first, last = parse_cursor(start)[1], parse_cursor(end)[1]
        if last < first:
            self.say("range backwards", f"({start}, {end}]")
        return first, last

    def take(self, record):
        """A data or progress frame."""
        first, last = self.cover(record)
        records = record.get("records", [])
        self.credit -= len(records)
        if self.credit < 0:
            self.say("more than its credit", f"{-self.credit} too many up to {record['to']}")
            self.credit = 0
        before = first
        for got in records:
            self.place(got[1], before, (first, last))
            self.compare(tuple(got))
            if first < got[1] <= last:
                before = max(before, got[1])
        epoch = parse_cursor(record["to"])[0]
        for sequence in range(first + 1, last + 1):
            event = self.journal.by_sequence.get(sequence)
            if event and event["epoch"] <= epoch and sequence not in self.seen and \
                    is_shown(self.subscribe, event["attributes"]):
                self.say("a silent hole", f"{sequence} is not in ({record['from']}, {record['to']}]")

    def place(self, sequence, before, bounds):
        """A record's number after `before`, in a frame of these bounds."""
        first, last = bounds
        if sequence in self.seen:
            self.say("delivered twice", str(sequence))
        elif not first < sequence <= last:
            self.say("outside its range", f"{sequence} in ({first}, {last}]")
        elif sequence < before:
            self.say("an inversion", f"{sequence} after {before}")
        self.seen.add(sequence)

    def compare(self, got):
        epoch, sequence = got[:2]
        event = self.journal.by_sequence.get(sequence)
        if self.journal.is_lost(epoch, sequence):
            return
        if not event:
            self.say("delivered, then gone", f"{epoch}.{sequence}")
            return
        names = ("epoch", "sequence", "recorded", "chain", "hash")
        if got != tuple(event[name] for name in names):
            self.say("delivered otherwise", f"{got}, stored {[event[n] for n in names]}")
        elif not is_shown(self.subscribe, event["attributes"]):
            self.say("delivered though hidden", f"{sequence} {event['attributes']}")

    def take_gap(self, record):
        first, last = self.cover(record)
        removed = [self.journal.by_sequence.get(s, {}).get("removed")
                   for s in range(first + 1, last + 1)]
        if not all(removed):
            self.say("a gap for what is there", f"{record['from']} to {record['to']}:"
                                                f" {record['reason']}")

    def take_epoch(self, record):
        """Only who saw what was lost since is told so, and where the common part ends; before an operator
        has said that it is lost, nothing but the beginning is common for sure."""
        place, common = self.last or self.subscribe["cursor"], record["common"]
        lost_after = None
        if place and place != "head":
            epoch, sequence, chain = parse_cursor(place)
            if self.journal.is_lost(epoch, sequence):
                lost_after = self.journal.lost[epoch]
            elif not self.journal.has_cursor(epoch, sequence, chain):
                self.say("delivered, then gone", f"its cursor {place} is of no place any more")
                return
        if lost_after is None:
            self.say("told EPOCH without reason", f"at {place!r}, common {common}")
        elif parse_cursor(common)[1] == 0 and record["t"] < self.journal.decided[epoch]:
            return
        elif parse_cursor(common)[1] != lost_after or \
                not self.journal.has_cursor(*parse_cursor(common)):
            self.say("told EPOCH with a wrong place", f"{common}, the common part ends at {lost_after}")

    def run(self, record):
        op = record["op"]
        if op in ("data", "progress"):
            self.take(record)
        elif op == "credit":
            self.credit += record["amount"]
        elif op == "gap":
            self.take_gap(record)
        elif op == "epoch":
            self.take_epoch(record)


def check_client(journal, client, records):
    """Everything that one client saw, stream after stream and over its reconnections."""
    found, sessions, reached = [], {}, None
    live = LiveFeed(journal, client)
    for record in records:
        op = record["op"]
        if op == "subscribe":
            if record.get("resumes") and reached is not None and record["cursor"] != reached:
                raise ValueError(f"{client} resumes at {record['cursor']}, its place is {reached}:"
                                 " no fault of the journal")
            sessions[record["stream"]] = Session(journal, client, record)
        elif "stream" in record:
            session = sessions[record["stream"]]
            session.run(record)
            if session.subscribe.get("resumes"):
                reached = record["common"] if op == "epoch" else session.last or reached
        elif op == "live":
            live.take(record)
        elif op == "head" and not journal.knows(*parse_cursor(record["cursor"])):
            found.append(Anomaly("a cursor of nowhere", client, f"welcome says {record['cursor']}"))
        elif op == "end" and record["reached"] < record["until"]:
            found.append(Anomaly("stuck", client, f"at {record['reached']} of {record['until']}"))
    for session in sessions.values():
        found += session.found
    return found + live.found


class LiveFeed:
    """At most once, in order, public, and only what is stored."""

    def __init__(self, journal, client):
        self.journal, self.client = journal, client
        self.found = []
        self.places = {}  # connection -> (epoch, sequence) of the last

    def say(self, kind, detail):
        self.found.append(Anomaly(kind, self.client, detail))

    def take(self, record):
        epoch, sequence, chain = parse_cursor(record["cursor"])
        event = self.journal.by_sequence.get(sequence)
        if not self.journal.knows(epoch, sequence, chain):
            self.say("delivered, then gone", f"live {record['cursor']}")
        elif record["topic"] != "head":
            last = self.places.get(record["connection"], (0, 0))
            if (epoch, sequence) <= last:
                self.say("live feed: not in order", f"{epoch}.{sequence} after {last}")
            self.places[record["connection"]] = (epoch, sequence)
            if self.journal.is_lost(epoch, sequence):
                return
            if event["hash"] != record["hash"]:
                self.say("delivered otherwise", f"live {record['cursor']}")
            elif event["attributes"]["visibility"] != "public":
                self.say("delivered though hidden", f"live {record['cursor']}")


def check_revocations(journal, records):
    """Who was revoked gets nothing that follows its revocation, and is told. What stood before it and
    was not delivered yet is for who comes back to that place with rights: check_client sees to it."""
    subjects = {r["subject"] for r in records if r["op"] == "revoked"}
    places = {}
    for event in journal.events:
        if event.get("revokes") in subjects:
            places.setdefault(event["revokes"], event["sequence"])
    found = [Anomaly("revocation: not in the journal", "journal", s) for s in subjects - set(places)]
    sessions, order = {}, []
    for record in records:
        key = (record["client"], record.get("stream"))
        if record["op"] == "subscribe" and record.get("subject") in places:
            sessions[key] = {"subscribe": record, "to": None, "end": None}
            order.append(key)
        elif key in sessions and record["op"] in ("data", "progress", "gap"):
            sessions[key]["to"] = parse_cursor(record["to"])[1]
        elif key in sessions and record["op"] in ("error", "closed", "epoch"):
            sessions[key]["end"] = sessions[key]["end"] or record
    for key in order:
        session = sessions[key]
        place = places[session["subscribe"]["subject"]]
        if session["to"] is not None and session["to"] > place:
            found.append(Anomaly("revocation: not cut", key[0],
                                 f"stream {key[1]} reached {session['to']}, revoked at {place}"))
        if not session["end"]:
            found.append(Anomaly("revocation: not told", key[0], f"stream {key[1]} went on"))
    return found

"""The people of a campaign and how they act: candidates over HTTP, those who work for the network by
messages, each with a key of its own; and legal time, which they share."""

import collections
import datetime as dt
import http.client
import json
import time

from campaign import PARIS, Campaign

STAFF = {  # who: roles
    "secretariat": ["secretariat"],
    "instructing service": ["instructeur"],
    "minister": ["signatory"],
    "next minister": ["signatory"],
    "ism": ["signatory"],
    **{f"rapporteure {n}": ["reviewer"] for n in range(1, 9)},
}
Answer = collections.namedtuple("Answer", "status body")


class Troupe(Campaign):
    """As a campaign, but each candidate is of a structure of its own, and asks over HTTP."""

    def __init__(self, network, candidates):
        self.network = network
        self.client = network.client()
        self.web = http.client.HTTPConnection("127.0.0.1", network.gateway.port, timeout=30)
        self.persons, self.keys, self.structures = {}, {}, {}
        for who, roles in STAFF.items():
            self.add(who, roles)
        for candidate in candidates:
            structure = self.ok("admin", "registry.structure.create", {
                "name": candidate.structure, "departement": candidate.departement, "demonstration": True})["id"]
            self.structures[candidate.who] = structure
            self.add(candidate.who, ["candidat"], structure)

    def call(self, who, message, body=None, **options):
        token = b"" if who is None else self.network.token(None if who == "admin" else self.keys[who])
        until = time.monotonic() + 20
        while True:  # 503: who was just registered is not known there yet
            answer = self.client.call(message, body, token, timeout=20, **options)
            if answer.status != 503 or time.monotonic() > until:
                return answer

    def ask(self, who, method, path, body=None, status=200):
        """What the gateway answers someone (None: anyone)."""
        headers = {"Authorization": f"Bearer {self.keys[who]}"} if who else {}
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = "application/octet-stream" if data is body else "application/json"
        until = time.monotonic() + 20
        while True:
            self.web.request(method, path, data, headers)
            answer = self.web.getresponse()
            content = answer.read()
            if answer.status != 503 or time.monotonic() > until:
                break
        assert answer.status == status, (who, method, path, answer.status, content)
        return json.loads(content) if answer.headers["Content-Type"].endswith("json") else content

    def pages(self, who, message, body):
        """All items of a list."""
        items, after = [], {}
        while True:
            page = self.ok(who, message, {**body, "limit": 200, **after})
            items += page["items"]
            if "next" not in page:
                return items
            after = {"after": page["next"]}

    def eventually(self, ask, what):
        """Asks until the answer is as wanted: what is decided in one service comes to others by the journal."""
        until = time.monotonic() + 20
        while not (answer := ask()):
            assert time.monotonic() < until, what
        return answer

    # Legal time

    def pass_to(self, day, hour=10):
        """It is then `hour` o'clock in Paris on that day, and every service knows."""
        instant = dt.datetime.combine(day, dt.time(hour), PARIS).astimezone(dt.timezone.utc)
        to = instant.strftime("%Y-%m-%dT%H:%M:%SZ")
        shift = self.ok("admin", "registry.clock.advance", {"to": to})["shift_ms"]
        until = time.monotonic() + 20
        while self.ok("admin", "service.info", {}, service="labellisation").get("shift_ms", 0) < shift:
            assert time.monotonic() < until, "the clock does not come through"


def local_day(instant):
    """The day in Paris of an instant that a service gives."""
    return dt.datetime.fromisoformat(instant.replace("Z", "+00:00")).astimezone(PARIS).date()

"""Every message of proto/ and everything that may be wrong with it: a clear error at the right
place, and nothing changes. The schemas say what is wrong; who may ask stands here once more."""

import contextlib
import json
import os
import sqlite3
import time

import pytest
from bodies import Bodies, read_schemas
from gateway import whole_network
from journal import make_key, make_person
from mdp import header

BODIES = Bodies()
ROLES = ("candidat", "pole", "secretariat", "instructeur", "reviewer", "committee", "signatory",
         "operator", "service")
PUBLIC, ANYONE = {*ROLES, "nobody"}, {*ROLES}
STAFF = {"secretariat", "operator"}
BODY = {"secretariat", "instructeur", "committee", "signatory", "service"}
MAY_ASK = {
    "service.ping": PUBLIC, "service.info": PUBLIC, "service.stats": PUBLIC,
    "service.level": {"operator"}, "service.drain": {"operator"},
    "registry.authenticate": PUBLIC,
    "registry.key.create": STAFF, "registry.key.revoke": STAFF, "registry.key.list": STAFF,
    "registry.person.create": STAFF, "registry.person.update": STAFF, "registry.person.get": ANYONE,
    "registry.person.list": {*STAFF, "service"},
    "registry.structure.create": STAFF, "registry.structure.update": STAFF,
    "registry.structure.get": ANYONE, "registry.structure.list": ANYONE - {"candidat"},
    "registry.pole.get": PUBLIC, "registry.pole.list": PUBLIC, "registry.pole.update": STAFF,
    "registry.pole.suspend": STAFF, "registry.pole.reactivate": STAFF,
    "registry.reference.list": PUBLIC, "registry.commune.get": PUBLIC, "registry.commune.list": PUBLIC,
    "registry.clock.get": PUBLIC, "registry.clock.advance": {"operator"},
    "labellisation.dossier.create": ANYONE, "labellisation.dossier.get": ANYONE,
    "labellisation.dossier.list": ANYONE, "labellisation.dossier.transition": ANYONE,
    "labellisation.dossier.transitions": ANYONE, "labellisation.dossier.history": ANYONE,
    "labellisation.dossier.texts": ANYONE,
    "labellisation.dossier.verify": {"secretariat", "instructeur", "operator"},
    "labellisation.dossier.reviews": {"secretariat", "instructeur", "committee", "signatory",
                                      "reviewer", "service", "candidat"},
    "labellisation.label.get": PUBLIC, "labellisation.label.list": PUBLIC,
    "labellisation.label.transition": ANYONE, "labellisation.label.transitions": ANYONE,
    "labellisation.label.history": ANYONE,
    "labellisation.process.get": PUBLIC, "labellisation.process.list": PUBLIC,
    "labellisation.dossier.deadline": ANYONE, "labellisation.dossier.proof": ANYONE, "labellisation.label.proof": ANYONE,
    "labellisation.evidence.head": PUBLIC, "labellisation.evidence.consistency": PUBLIC,
    "labellisation.evidence.verify": {"secretariat", "instructeur", "operator"},
    "labellisation.section.list": ANYONE, "labellisation.section.get": ANYONE,
    "labellisation.section.save": ANYONE, "labellisation.section.versions": ANYONE,
    "labellisation.piece.list": ANYONE, "labellisation.upload.create": ANYONE,
    "labellisation.upload.get": ANYONE, "labellisation.upload.put": ANYONE,
    "labellisation.upload.finish": ANYONE, "labellisation.upload.remove": ANYONE,
    "labellisation.attachment.read": ANYONE, "labellisation.attachment.remove": ANYONE,
    "labellisation.completion.list": ANYONE, "labellisation.receipt.get": ANYONE,
    "labellisation.message.list": ANYONE, "labellisation.message.send": ANYONE,
    "labellisation.message.read": ANYONE,
    "labellisation.note.list": {"secretariat", "instructeur"},
    "labellisation.note.add": {"secretariat", "instructeur"},
    "labellisation.process.check": ANYONE,
    "labellisation.process.simulate": {"secretariat", "instructeur", "operator"},
    "labellisation.specification.create": {"secretariat", "instructeur"},
    "labellisation.specification.get": PUBLIC, "labellisation.specification.list": PUBLIC,
    "labellisation.appel.create": ANYONE, "labellisation.appel.get": PUBLIC,
    "labellisation.certificate.get": PUBLIC, "labellisation.label.certificate": ANYONE,
    "labellisation.dossier.export": ANYONE,
    "labellisation.appel.list": PUBLIC, "labellisation.appel.transition": ANYONE,
    "labellisation.appel.transitions": ANYONE, "labellisation.appel.history": ANYONE,
    "labellisation.appel.texts": ANYONE,
    "labellisation.appel.verify": {"secretariat", "instructeur", "operator"},
    **{f"labellisation.reviewer.{name}": {"secretariat", "instructeur", "reviewer"} for name in ("put", "get")},
    "labellisation.review.propose": {"secretariat", "instructeur"}, "labellisation.review.create": ANYONE,
    **{f"labellisation.review.{name}": {"secretariat", "instructeur", "committee", "signatory", "reviewer",
                                        "service"} for name in ("get", "list", "history", "texts")},
    **{f"labellisation.draft.{name}": {"reviewer"} for name in ("get", "save")},
    "labellisation.review.transition": ANYONE, "labellisation.review.transitions": ANYONE,
    "labellisation.review.verify": {"secretariat", "instructeur", "operator"},
    **{f"labellisation.{kind}.{name}": BODY for kind in ("committee", "authority", "session")
       for name in ("get", "list", "history", "texts")},
    **{f"labellisation.{kind}.{name}": ANYONE for kind in ("committee", "authority", "session", "remedy")
       for name in ("create", "transition", "transitions")},
    **{f"labellisation.{kind}.verify": {"secretariat", "instructeur", "operator"}
       for kind in ("committee", "authority", "session", "remedy")},
    **{f"labellisation.remedy.{name}": ANYONE for name in ("get", "list", "history", "texts", "deadline")},
    **{f"labellisation.{name}": BODY for name in ("session.convocation", "session.minutes", "decision.batch")},
    "labellisation.decision.get": ANYONE, "labellisation.label.texts": ANYONE,
    "labellisation.label.verify": {"secretariat", "instructeur", "operator"},
    "labellisation.deadline.compute": PUBLIC, "labellisation.deadline.rules": PUBLIC,
    "diffusion.publication.create": {"pole"}, "diffusion.publication.publish": {"pole"},
    "diffusion.publication.change": {"pole"}, "diffusion.publication.cancel": {"pole"},
    "diffusion.publication.get": PUBLIC, "diffusion.publication.list": PUBLIC,
    "diffusion.event.append": {"pole", "service"}, "diffusion.event.list": PUBLIC,
    "diffusion.subscription.create": {"service", "operator"},
    "diffusion.subscription.get": {"service", "operator"},
    "diffusion.subscription.list": {"service", "operator"},
    "diffusion.subscription.end": {"service", "operator"},
    "diffusion.subscription.explain": {"service", "operator"},
    "diffusion.audience.list": {"service"},
    "diffusion.audience.preview": {"pole", "secretariat", "operator"},
    "diffusion.group.create": ANYONE, "diffusion.group.get": ANYONE,
    "diffusion.group.list": ANYONE, "diffusion.group.end": ANYONE,
    "diffusion.parked.list": ANYONE, "diffusion.parked.retry": ANYONE, "diffusion.parked.skip": ANYONE,
    "diffusion.journal.head": PUBLIC, "diffusion.journal.verify": {"operator"},
    "diffusion.journal.begin": {"operator"}, "diffusion.journal.retain": {"operator"},
    "diffusion.journal.backed_up": {"operator"},
    "diffusion.journal.usage": {"operator"},
    "notifications.contact.create": ANYONE, "notifications.contact.get": ANYONE,
    "notifications.contact.list": ANYONE, "notifications.contact.remove": ANYONE,
    "notifications.contact.unsubscribe": PUBLIC,
    "notifications.inbox.list": ANYONE, "notifications.inbox.read": ANYONE,
    "notifications.delivery.list": {"operator", "secretariat"},
}
STORES = ("registry", "labellisation", "diffusion", "notifications")
MOVES_BY_ITSELF = {"lease", "consumer_cursor", "outbox", "commune"}
KNOWN_POLE = "cnidep"


class Asker:
    """A network in which somebody has each role, and one connection to its broker."""

    def __init__(self, network):
        self.network = network
        self.client = network.client()
        self.keys = {role: make_key(network, role, **({"pole": KNOWN_POLE} if role == "pole" else {}))["key"]
                     for role in ROLES if role != "service"}
        self.keys["service"] = network.key("notifications")
        gateway = json.loads(self.client.request(b"mmi.services", b"")[0])["control"]
        self.gateway = next(name for name in gateway if name.startswith("gateway#"))
        self._wait_quiet()

    def token(self, role):
        return b"" if role == "nobody" else self.network.token(self.keys.get(role))

    def targets(self, name):
        service = name.split(".")[0]
        return (*STORES, self.gateway) if service == "service" else (service,)

    def send(self, name, frames, target=None, number=None):
        """Sends a body of any frames after the header; the id of the request."""
        identifier = os.urandom(16)
        number = BODIES.messages[name][1]["x-number"] if number is None else number
        self.client.ask((target or name.split(".")[0]).encode(), header(number, identifier), *frames)
        return identifier

    def ask(self, name, frames, target=None, number=None):
        return self.client.answer(self.send(name, frames, target, number))

    def ask_all(self, requests):
        """Many requests at once: [(name, frames, target)] to their answers."""
        sent = [self.send(*request) for request in requests]
        return [self.client.answer(identifier, 30) for identifier in sent]

    def rows(self):
        """Everything that is stored, but what moves by itself."""
        assert self.network.call("diffusion.journal.head").status == 200  # who is asked has the database complete: SQLite follows
        found = {}
        for service in STORES:
            with contextlib.closing(self._open(service)) as database:
                tables = {row[0] for row in database.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table'")}
                for table in sorted(tables - MOVES_BY_ITSELF):
                    found[service, table] = sorted(map(repr, database.execute(f'SELECT * FROM "{table}"')))
        return found

    def _open(self, service):
        return sqlite3.connect(f"file:{self.network.data}/{service}.db?mode=ro", uri=True)

    def _wait_quiet(self):
        """Until every follower has applied what the making of the keys announced. Authenticates
        everyone first: the registry notes the day of a key's use."""
        for role in (*ROLES, "admin"):
            self.token(role)
        last = make_person(self.network, "pole")
        until = time.monotonic() + 20
        while not all(self._knows(service, last) for service in ("labellisation", "notifications")):
            assert time.monotonic() < until
            self.client.call("service.ping", service="labellisation")

    def _knows(self, service, person):
        with contextlib.closing(self._open(service)) as database:
            return any(person in row for row in database.execute("SELECT * FROM person"))


@pytest.fixture(scope="module")
def asker():
    with whole_network() as network:
        yield Asker(network)


def refused(answer, status, what, pointer=None):
    assert answer.status == status, (what, answer)
    assert answer.body["detail"], (what, answer)
    if pointer is not None:
        assert answer.body["pointer"] == pointer, (what, answer)


def dump(body):
    return json.dumps(body).encode()


def test_every_message_is_in_the_table():
    assert set(MAY_ASK) == set(BODIES.messages)


@pytest.mark.parametrize("name", sorted(MAY_ASK))
def test_who_may_not_ask_is_refused(asker, name):
    """Before a look at the body: a role that may not ask learns nothing."""
    before = asker.rows()
    cases = [(who, target) for who in sorted(PUBLIC - MAY_ASK[name]) for target in asker.targets(name)]
    answers = asker.ask_all([(name, (asker.token(who), b"no JSON"), target) for who, target in cases])
    for case, answer in zip(cases, answers):
        refused(answer, 401 if case[0] == "nobody" else 403, case)
    assert asker.rows() == before


@pytest.mark.parametrize("name", sorted(MAY_ASK))
def test_what_the_schema_forbids_is_refused_at_its_place(asker, name):
    before, token = asker.rows(), asker.token("admin")
    cases = [(body, pointer) for body, pointer in BODIES.bad(name)]
    assert cases
    for target in asker.targets(name):
        answers = asker.ask_all([(name, (token, dump(body)), target) for body, _ in cases])
        for (body, pointer), answer in zip(cases, answers):
            refused(answer, 400, str(body)[:300], pointer)
    assert asker.rows() == before


BAD_TEXTS = {
    "nothing": b"",
    "no JSON": b"{",
    "more than one": b"{}{}",
    "an array": b"[]",
    "a text": b'"x"',
    "null": b"null",
    "a member twice": b'{"a": 1, "a": 1}',
    "a member twice, escaped": b'{"a": 1, "\\u0061": 1}',
    "a deep array": b'{"a": ' + b"[" * 100000 + b"]" * 100000 + b"}",
    "deep objects": b'{"a": ' * 17 + b"1" + b"}" * 17,
    "bad UTF-8": b'{"a": "\xff"}',
    "overlong UTF-8": b'{"a": "\xc0\xaf"}',
    "a surrogate": b'{"a": "\xed\xa0\x80"}',
    "half a surrogate pair": b'{"a": "\\ud800"}',
    "NUL": b'{"a": "\\u0000"}',
    "a NUL byte": b'{}\x00',
    "a number too large": b'{"a": 1e999}',
    "an integer too large": b'{"a": 99999999999999999999}',
    "not a number": b'{"a": NaN}',
    "a comment": b'{} // x',
    "another encoding": '{"a": 1}'.encode("utf-16"),
}


@pytest.mark.parametrize("name", sorted(MAY_ASK))
def test_what_is_no_body_is_refused(asker, name):
    before, token, good = asker.rows(), asker.token("admin"), dump(BODIES.good(name))
    frames = {what: (token, text) for what, text in BAD_TEXTS.items()}
    frames |= {"no body": (token,), "no token frame": (), "a frame more": (token, good, b"")}
    for target in asker.targets(name):
        answers = asker.ask_all([(name, body, target) for body in frames.values()])
        for what, answer in zip(frames, answers):
            refused(answer, 400, what)
        too_large = dump({"a": "x" * (1 << 20)})
        assert asker.ask(name, (token, too_large), target).status in (400, 413)
    assert asker.rows() == before


@pytest.mark.parametrize("name", sorted(MAY_ASK))
def test_a_bad_token_is_refused_also_where_none_is_needed(asker, name):
    token, good = asker.token("admin"), dump(BODIES.good(name))
    before = asker.rows()
    bad = {"changed": token[:-1] + bytes([token[-1] ^ 1]), "cut": token[:-1], "longer": token + b"}",
           "noise": os.urandom(200), "one byte": b"\x01", "too long": token + bytes(1024 - len(token) + 1)}
    for target in asker.targets(name):
        answers = asker.ask_all([(name, (text, good), target) for text in bad.values()])
        for what, answer in zip(bad, answers):
            refused(answer, 401, what)
    assert asker.rows() == before


def test_numbers_of_no_message_and_of_others_are_refused(asker):
    token, before = asker.token("admin"), asker.rows()
    known = {rule["x-number"] for _, rule in BODIES.messages.values()}
    own = {service: {rule["x-number"] for name, (_, rule) in BODIES.messages.items()
                     if name.split(".")[0] in (service, "service")} for service in STORES}
    for service in STORES:
        for number in sorted({0, 65535, *known, *(n + 1 for n in known)} - own[service]):
            refused(asker.ask("service.ping", (token, b"{}"), service, number), 400, (service, number))
    assert asker.rows() == before


GOOD = {  # what the smallest body that the schema allows gets, where it is not 404 or 200
    "service.drain": None, "diffusion.journal.begin": None,  # they would end the service
    "registry.authenticate": 401, "registry.key.create": 400, "registry.clock.advance": 403,
    "registry.commune.get": 200, "notifications.contact.unsubscribe": (400, 401, 403, 404),
    "labellisation.dossier.create": (400, 404), "labellisation.appel.create": 400,
    "labellisation.process.simulate": 400,
    "labellisation.authority.create": 400, "labellisation.decision.batch": 400,
    "labellisation.remedy.create": 400, "labellisation.remedy.deadline": 400,
    "labellisation.evidence.consistency": (200, 400),
    "diffusion.event.append": 400,
    "diffusion.audience.preview": 400, "diffusion.journal.retain": (200, 400),
    "diffusion.journal.backed_up": 400,
    "diffusion.group.create": (200, 403), "labellisation.deadline.compute": (400, 404),
    "diffusion.publication.create": 403, "notifications.contact.create": 400,
    "notifications.inbox.read": (403, 404), "notifications.inbox.list": (200, 403),
}


@pytest.mark.parametrize("name", sorted(MAY_ASK))
def test_what_the_schema_allows_reaches_the_handler(asker, name):
    """The last of these tests, because some of it is done."""
    expected = GOOD.get(name, (200, 404))
    if expected is None:
        return
    for target in asker.targets(name):
        answer = asker.ask(name, (asker.token("admin"), dump(BODIES.good(name))), target)
        assert answer.status in (expected if isinstance(expected, tuple) else (expected,)), answer
        if answer.status == 400:  # the handler's rule, not the schema's: it says which member
            assert answer.body["pointer"], answer


def test_lists_are_filtered_by_the_words_of_the_event_filter():
    """kinds=guide everywhere, not kind=guide here and kinds=guide there."""
    files = read_schemas()
    words = set(files["event.schema.json"]["filter"]["properties"])
    lists = {name: rule["properties"] for file in files.values() for name, rule in file.items()
             if name.startswith(("diffusion.", "registry.pole.")) and "limit" in rule.get("properties", {})}
    assert {"diffusion.event.list", "diffusion.publication.list", "registry.pole.list"} <= set(lists)
    assert {f"{name}: {member}" for name, members in lists.items() for member in members
            if f"{member}s" in words or f"{member[:-1]}ies" in words} == set()

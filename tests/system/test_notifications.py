"""People are told what concerns them: contacts, inboxes, e-mails, webhooks; once, whatever is killed."""

import base64
import email
import email.policy
import hashlib
import hmac
import http.server
import json
import os
import queue
import signal
import socketserver
import threading
import time
import uuid

import pytest

from pia import Network

WAIT_S = 30
PRIVATE = ("--webhook.allow_private", "true", "--delivery.retry_ms", "50")


def lease(duration_ms):
    """Short leases need transfers that are shorter still."""
    return "--delivery.lease_ms", str(duration_ms), "--delivery.timeout_ms", str(duration_ms // 2)


class Receiver:
    """A webhook receiver that answers what the test says and keeps what it got."""

    def __init__(self):
        self.posts = queue.Queue()
        self.answer = lambda post: 204
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                post = {"path": self.path, "headers": dict(self.headers), "body": body}
                status = outer.answer(post)
                outer.posts.put(post)
                if status is None:
                    return
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path="/hook"):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def get(self):
        return self.posts.get(timeout=WAIT_S)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


def start(pia, *options):
    pia.start_broker("--drain-ms", "200")
    pia.start("registry")
    pia.start("diffusion")
    return pia.start("notifications", *PRIVATE, *options)


@pytest.fixture(scope="module")
def told():
    """Broker, registry, diffusion and notifications, shared: each test brings its own people."""
    network = Network()
    try:
        start(network)
        _, network.secretary = person(network, "secretariat")
        yield network
    finally:
        tails = network.tails()
        wrong = network.stop()
        network.remove()
    assert not wrong, "\n".join([*wrong, tails])


def address():
    """Nobody else's."""
    return f"a-{uuid.uuid4()}@example.org"


def ok(answer):
    assert answer.status == 200, (answer.status, answer.body)
    return answer.body


def until(condition, what):
    """Asks again until it holds: what is asked for arrives by message."""
    end = time.monotonic() + WAIT_S
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not in time: {what}"
        threading.Event().wait(0.02)


def person(pia, *roles, **more):
    created = ok(pia.call("registry.person.create", {"label": "personne", "roles": list(roles), **more}))
    key = ok(pia.call("registry.key.create", {"label": "clé", "person": created["id"]}))["key"]
    return created["id"], key


def known(pia, *people):
    """Waits until the registry's announcements of these people are in the journal."""
    wanted = set(people)
    until(lambda: wanted <= {r["event"]["data"]["person"] for r in ok(pia.call(
        "diffusion.event.list", {"types": ["person.created"], "limit": 200}))["items"]}, "people in the journal")


def announce(pia, kind, data, visibility="public", **attributes):
    """An event of the labellisation service, as its relay would publish it."""
    event = {
        "specversion": "1.0", "id": str(uuid.uuid4()), "source": "/services/labellisation", "type": kind,
        "time": "2026-11-26T06:30:55Z", "datacontenttype": "application/json", "visibility": visibility,
        "data": data, **attributes,
    }
    ok(pia.call("diffusion.event.append", {"events": [event]}, key=pia.key("labellisation")))
    return event


def label(pia):
    """A labelled pôle, as the labellisation announces one; once the journal lets it publish."""
    if getattr(pia, "labelled", False):
        return
    pia.labelled = True
    structure = ok(pia.call("registry.structure.create", {"name": "Structure (démonstration)"}))["id"]
    announce(pia, "label.awarded", {
        "label": str(uuid.uuid4()), "dossier": str(uuid.uuid4()), "structure": structure, "from": "2026-11-26",
        "until": "2029-11-26", "demonstration": True, "pole": {
            "code": "demonstration", "name": "Pôle de démonstration", "departement": "87",
            "themes": ["alimentation"], "sectors": ["alimentaire"]},
    })
    draft = {"pole": "demonstration", "kind": "lettre", "title": "Essai", "themes": ["arts"],
             "sectors": ["services"], "scope": "national", "summary": "Un essai."}
    until(lambda: pia.call("registry.pole.get", {"code": "demonstration"}).status == 200, "the pôle is in the registry")
    until(lambda: pia.call("diffusion.publication.create", {**draft, "publish": True}).status == 200, "it may publish")


def publish(pia, **members):
    label(pia)
    return ok(pia.call("diffusion.publication.create", {
        "pole": "demonstration", "kind": "formation", "title": "Hygiène « en cuisine »", "summary": "Deux jours.",
        "themes": ["alimentation"], "sectors": ["alimentaire"], "scope": "national", "publish": True, **members,
    }))


def contact(pia, key=None, **members):
    return ok(pia.call("notifications.contact.create", members, key=key))


def mails(pia, to=None):
    """All e-mails, or those to one address."""
    found = []
    for path in sorted((pia.data / "mail/new").glob("*")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        message.path = path
        if to in (None, message["To"]):
            found.append(message)
    return found


def deliveries(pia, contact_id, state=None):
    """To one contact, newest first."""
    items = ok(pia.call("notifications.delivery.list", {"contact": contact_id}))["items"]
    return [item for item in items if state in (None, item["state"])]


def subscribe(pia, contact_id, **members):
    ok(pia.call("diffusion.subscription.create", {"contact": contact_id, "filter": members}))


def inbox(pia, key, **members):
    return ok(pia.call("notifications.inbox.list", members, key=key))


def dossier_event(pia, kind="review.assigned", **members):
    data = {
        "dossier": str(uuid.uuid4()), "structure": str(uuid.uuid4()), "title": "Fumage à froid", "version": 4,
        "pole": {"code": "demonstration", "name": "Pôle de démonstration"},
        "recipients": {"roles": [], "structures": [], "persons": []}, **members,
    }
    named = [f"person:{one}" for one in data.get("reviewers", [])]
    named += [f"structure:{one}" for one in data["recipients"]["structures"]]
    return announce(pia, kind, data, "restricted", restrictedto=",".join(["role:secretariat", *named]))


# Contacts


def test_contacts_are_recorded_seen_and_removed(told):
    me, key = person(told, "pole")
    created = contact(told, key, channel="email", address="a@example.org")
    assert created["contact"]["person"] == me
    assert created["contact"]["consent_basis"] == "consent"
    assert "secret" not in created
    got = told.call("notifications.contact.get", {"contact": created["id"]}, key=key)
    assert ok(got) == created["contact"]
    again = told.call("notifications.contact.create", {"channel": "email", "address": "a@example.org"}, key=key)
    assert again.status == 409
    removed = ok(told.call("notifications.contact.remove", {"contact": created["id"]}, key=key))
    assert removed["state"] == "removed" and "address" not in removed and removed["version"] == 2
    assert told.call("notifications.contact.remove", {"contact": created["id"]}, key=key).status == 410


def test_lists_of_contacts_have_pages(told):
    me, key = person(told, "pole")
    made = [contact(told, key, channel="email", address=f"a{n}@example.org")["id"] for n in range(5)]
    seen, after = [], {}
    while True:
        page = ok(told.call("notifications.contact.list", {"limit": 2, **after}, key=key))
        seen += [item["id"] for item in page["items"]]
        if "next" not in page:
            break
        after = {"after": page["next"]}
    assert seen == made
    assert ok(told.call("notifications.contact.list", {"person": me}))["items"][0]["id"] == made[0]


def test_others_contacts_are_not_there(told):
    _, mine = person(told, "pole")
    other, theirs = person(told, "pole")
    created = contact(told, mine, channel="email", address="a@example.org")
    assert told.call("notifications.contact.get", {"contact": created["id"]}, key=theirs).status == 404
    assert told.call("notifications.contact.remove", {"contact": created["id"]}, key=theirs).status == 404
    body = {"channel": "email", "address": "a@example.org", "person": other}
    assert told.call("notifications.contact.create", body, key=mine).status == 403
    assert told.call("notifications.contact.list", {"person": other}, key=mine).status == 403
    assert told.call("notifications.contact.create", body, anonymous=True).status in (401, 403)


@pytest.mark.parametrize("body, pointer", [
    ({"channel": "email"}, "/address"),
    ({"channel": "fax", "address": "1"}, "/channel"),
    ({"channel": "email", "address": "a@example.org\r\nBcc: b@example.org"}, "/address"),
    ({"channel": "email", "address": "a@example.org\nBcc: b@example.org"}, "/address"),
    ({"channel": "email", "address": "A <a@example.org>"}, "/address"),
    ({"channel": "webhook", "address": "ftp://example.org/"}, "/address"),
    ({"channel": "webhook", "address": "http://u:p@example.org/"}, "/address"),
    ({"channel": "webhook", "address": "file:///etc/passwd"}, "/address"),
    ({"channel": "inbox", "address": "x"}, "/address"),
    ({"channel": "inbox"}, "/person"),
    ({"channel": "email", "address": "a@example.org", "extra": 1}, "/extra"),
    ({"channel": "email", "address": "a@example.org", "person": "x"}, "/person"),
    ({"channel": "email", "address": "a@example.org", "language": "français"}, "/language"),
])
def test_bad_contacts_are_refused_where_they_are_bad(told, body, pointer):
    answer = told.call("notifications.contact.create", body, key=told.secretary)
    assert answer.status == 400, answer.body
    assert answer.body["pointer"] == pointer


# The workflow


def test_assigned_reviewers_get_mail_and_inbox_and_others_nothing(told):
    one, one_key = person(told, "reviewer")
    _, other_key = person(told, "reviewer")
    to = address()
    contact(told, person=one, channel="email", address=to, consent_basis="mission")
    dossier_event(told, reviewers=[one])
    item = until(lambda: inbox(told, one_key)["items"], "the inbox item")[0]
    assert item["title"] == "Un dossier vous est confié\u00a0: «\u00a0Fumage à froid\u00a0»"
    assert item["link"].startswith("/dossiers/")
    assert not item["read"]
    mail = until(lambda: mails(told, to), "the e-mail")[0]
    assert mail["Subject"] == item["title"]
    assert "Fumage à froid" in mail.get_content()
    assert mail["List-Unsubscribe"] is None, "a mission is not a subscription"
    assert inbox(told, other_key)["items"] == []


def test_the_plan_gives_nobody_a_right(told):
    """A restricted event names a reviewer whom it is not for: the plan would tell, the event forbids it."""
    one, one_key = person(told, "reviewer")
    other, other_key = person(told, "reviewer")
    data = {"dossier": str(uuid.uuid4()), "title": "Secret", "reviewers": [one, other], "pole": {"name": "P"}}
    announce(told, "review.assigned", data, "restricted", restrictedto=f"person:{other}")
    until(lambda: inbox(told, other_key)["items"], "the other's item")
    assert inbox(told, one_key)["items"] == []


def test_an_item_is_read_by_its_person_only(told):
    one, one_key = person(told, "reviewer")
    _, other_key = person(told, "reviewer")
    dossier_event(told, reviewers=[one])
    item = until(lambda: inbox(told, one_key)["items"], "the item")[0]
    assert told.call("notifications.inbox.read", {"item": item["id"]}, key=other_key).status == 404
    read = ok(told.call("notifications.inbox.read", {"item": item["id"]}, key=one_key))
    assert read["read"] and read["read_at"]
    page = inbox(told, one_key, unread=True)
    assert page["items"] == [] and page["unread"] == 0


def test_roles_and_structures_are_told(told):
    structure = ok(told.call("registry.structure.create", {"name": "Structure candidate (démonstration)"}))["id"]
    one, secretary = person(told, "secretariat")
    other, candidate = person(told, "candidat", structure=structure)
    _, outsider = person(told, "candidat")
    known(told, one, other)
    dossier_event(told, "dossier.transitioned", structure=structure, transition="deposer",
                  transition_label="Déposer le dossier", **{"from": "brouillon", "to": "depose"}, to_label="Déposé",
                  recipients={"roles": ["secretariat"], "structures": [structure], "persons": []})
    for key, word in ((secretary, "Dossier"), (candidate, "Votre dossier")):
        items = until(lambda k=key: inbox(told, k)["items"], word)
        assert items[0]["title"].startswith(word)
    assert inbox(told, outsider)["items"] == []


def test_an_inbox_has_pages_newest_first(told):
    one, key = person(told, "reviewer")
    for n in range(5):
        dossier_event(told, title=f"Dossier {n}", reviewers=[one])
    until(lambda: inbox(told, key)["unread"] == 5, "five items")
    first = inbox(told, key, limit=3)
    second = inbox(told, key, limit=3, after=first["next"])
    assert len(first["items"]) == 3 and len(second["items"]) == 2 and "next" not in second
    assert len({item["id"] for item in first["items"] + second["items"]}) == 5
    assert told.call("notifications.inbox.list", {"after": "1.x"}, key=key).status == 400


# Publications


def test_matching_subscribers_get_mail_and_others_nothing(told):
    to, other = address(), address()
    yes = contact(told, channel="email", address=to)["id"]
    no = contact(told, channel="email", address=other)["id"]
    label(told)
    subscribe(told, yes, themes=["alimentation"])
    subscribe(told, yes, kinds=["formation"])
    subscribe(told, no, themes=["numerique"])
    publish(told)
    mail = until(lambda: mails(told, to), "the e-mail")[0]
    assert mail["Subject"] == "Formation\u00a0: «\u00a0Hygiène « en cuisine »\u00a0»"
    assert mail["Message-ID"].startswith(f"<{mail.path.name}@")
    sent = until(lambda: deliveries(told, yes, "sent"), "the delivery is recorded")
    assert [d["id"] for d in sent] == [mail.path.name], "two subscriptions, one message"
    assert sent[0]["attempts"] == 1
    assert deliveries(told, no) == [] and mails(told, other) == []


def test_the_networks_own_publications_reach_no_subscriber(told):
    to = address()
    one = contact(told, channel="email", address=to)["id"]
    label(told)
    subscribe(told, one, kinds=["veille"])
    publish(told, kind="veille", visibility="network", title="Entre nous")
    publish(told, kind="veille", title="Pour tous")
    mail = until(lambda: mails(told, to), "the public one's e-mail")[0]
    assert "Pour tous" in mail["Subject"]
    assert "Pôle de démonstration publie" in mail.get_content()
    assert "fictifs" in mail.get_content(), "a fictitious pôle is marked as such"
    assert len(mails(told, to)) == 1 and len(deliveries(told, one)) == 1


def test_english_readers_get_english(told):
    to = address()
    one = contact(told, channel="email", address=to, language="en")["id"]
    label(told)
    subscribe(told, one, kinds=["resultat"])
    publish(told, kind="resultat", starts_at="9999-12-31T23:59:59Z")
    mail = until(lambda: mails(told, to), "the e-mail")[0]
    assert mail["Subject"] == "Result: “Hygiène « en cuisine »”"
    assert "When: 31\u00a0December\u00a09999" in mail.get_content()


def test_an_inbox_may_subscribe(told):
    one, key = person(told, "pole")
    mine = contact(told, key, channel="inbox")["id"]
    label(told)
    subscribe(told, mine, kinds=["formation"])
    published = publish(told)
    item = until(lambda: inbox(told, key)["items"], "the inbox item")[0]
    assert item["link"] == f"/publications/{published['publication']}"
    assert [d["channel"] for d in deliveries(told, mine)] == ["inbox"]


def test_the_link_in_a_mail_ends_it(told):
    to, other = address(), address()
    one = contact(told, channel="email", address=to)["id"]
    label(told)
    subscribe(told, one, kinds=["formation"])
    publish(told)
    mail = until(lambda: mails(told, to), "the e-mail")[0]
    link = mail["List-Unsubscribe"].strip("<>")
    assert link in mail.get_content()
    token = link.split("token=")[1]
    wrong = {"contact": one, "token": "0" * 32}
    assert told.call("notifications.contact.unsubscribe", wrong, anonymous=True).status == 404
    for _ in range(2):
        ok(told.call("notifications.contact.unsubscribe", {"contact": one, "token": token}, anonymous=True))
    ended = ok(told.call("notifications.contact.get", {"contact": one}))
    assert ended["state"] == "removed" and "address" not in ended
    subscribe(told, contact(told, channel="email", address=other)["id"], kinds=["formation"])
    publish(told, title="La suite")
    until(lambda: mails(told, other), "the other's e-mail")
    assert len(mails(told, to)) == 1 and len(deliveries(told, one)) == 1


def test_audiences_of_many_pages_are_told_once_each(told):
    addresses = {address() for _ in range(430)}
    label(told)
    for to in addresses:
        subscribe(told, contact(told, channel="email", address=to)["id"], kinds=["magazine"])
    publish(told, kind="magazine")
    until(lambda: addresses <= {mail["To"] for mail in mails(told)}, "all e-mails")
    assert len([mail for mail in mails(told) if mail["To"] in addresses]) == len(addresses)


# Webhooks


def check_signature(post, secret):
    headers = {name.lower(): value for name, value in post["headers"].items()}
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + post["body"]
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    return headers["webhook-id"]


def subscribe_webhook(pia, receiver):
    created = contact(pia, channel="webhook", address=receiver.url())
    label(pia)
    subscribe(pia, created["id"], kinds=["formation"])
    return created


def test_a_webhook_is_signed_and_carries_the_event(told, receiver):
    created = subscribe_webhook(told, receiver)
    published = publish(told)
    post = receiver.get()
    delivery = check_signature(post, created["secret"])
    event = json.loads(post["body"])
    assert event["type"] == "publication.published"
    assert event["data"]["publication"] == published["publication"]
    assert post["headers"]["Content-Type"] == "application/cloudevents+json"
    sent = until(lambda: deliveries(told, created["id"], "sent"), "the delivery is recorded")
    assert sent[0]["id"] == delivery
    assert "secret" not in ok(told.call("notifications.contact.get", {"contact": created["id"]}))
    ok(told.call("notifications.contact.remove", {"contact": created["id"]}))


def test_a_webhooks_secret_is_shown_to_the_first_who_asks_and_stored_nowhere(told, receiver):
    asked = {"channel": "webhook", "address": receiver.url(), "person": person(told, "pole")[0], "idempotency_key": "once"}
    first = ok(told.call("notifications.contact.create", asked))
    repeat = ok(told.call("notifications.contact.create", asked))
    assert first["secret"].startswith("whsec_") and "repeated" not in first
    assert repeat == {"id": first["id"], "contact": first["contact"], "repeated": True}
    stored = b"".join(path.read_bytes() for path in told.data.rglob("*") if path.is_file())
    assert first["id"].encode() in stored and first["secret"].encode() not in stored


def test_a_failing_receiver_is_tried_again_under_the_same_id(told, receiver):
    answers = iter([500, 302, 204])
    receiver.answer = lambda post: next(answers)
    created = subscribe_webhook(told, receiver)
    publish(told)
    ids = {check_signature(receiver.get(), created["secret"]) for _ in range(3)}
    assert len(ids) == 1
    sent = until(lambda: deliveries(told, created["id"], "sent"), "it is recorded")
    assert sent[0]["attempts"] == 3
    ok(told.call("notifications.contact.remove", {"contact": created["id"]}))


def test_a_receiver_that_is_gone_ends_the_contact(told, receiver):
    receiver.answer = lambda post: 410
    created = subscribe_webhook(told, receiver)
    publish(told)
    receiver.get()
    until(lambda: ok(told.call("notifications.contact.get", {"contact": created["id"]}))["state"] == "gone", "gone")
    assert [d["state"] for d in deliveries(told, created["id"])] == ["failed"]


def test_a_receiver_that_hangs_holds_up_nobody(told, receiver):
    go_on = threading.Event()
    receiver.answer = lambda post: 204 if go_on.wait(WAIT_S) else 500
    created = subscribe_webhook(told, receiver)
    to = address()
    one = contact(told, channel="email", address=to)["id"]
    subscribe(told, one, kinds=["formation"])
    try:
        for n in range(12):
            publish(told, title=f"Formation {n}")
        until(lambda: len(mails(told, to)) == 12, "all e-mails, while the receiver hangs")
        assert len(deliveries(told, created["id"], "leased")) == 4
    finally:
        go_on.set()
    until(lambda: len(deliveries(told, created["id"], "sent")) == 12, "all webhooks after all")
    for each in (one, created["id"]):
        ok(told.call("notifications.contact.remove", {"contact": each}))


def test_private_addresses_are_refused_by_default(pia, receiver):
    pia.start_broker("--drain-ms", "200")
    for service in ("registry", "diffusion", "notifications"):
        pia.start(service)
    created = subscribe_webhook(pia, receiver)
    publish(pia)
    failed = until(lambda: deliveries(pia, created["id"], "failed"), "the refusal")
    assert "public" in failed[0]["problem"]
    assert receiver.posts.empty()


# SMTP


class MailServer:
    """Takes mail by RFC 5321, as far as a client that behaves needs it; `answer` is to the whole message."""

    def __init__(self):
        self.messages = queue.Queue()
        self.answer = lambda message: "250 taken"
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def say(self, line):
                self.wfile.write(line.encode() + b"\r\n")

            def data(self):
                self.say("354 go on")
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    assert line.endswith(b"\r\n"), line
                    lines.append(line[1:] if line.startswith(b".") else line)
                return b"".join(lines)

            def handle(self):
                self.say("220 here")
                sender = recipient = None
                while line := self.rfile.readline().decode().strip():
                    word = line.upper()
                    if word.startswith("MAIL FROM:"):
                        sender = line[10:]
                    elif word.startswith("RCPT TO:"):
                        recipient = line[8:]
                    elif word == "DATA":
                        message = email.message_from_bytes(self.data(), policy=email.policy.default)
                        message.envelope = (sender.split()[0], recipient)
                        answer = outer.answer(message)
                        outer.messages.put(message)
                        if answer is None:
                            return
                        self.say(answer)
                        continue
                    elif word == "QUIT":
                        self.say("221 bye")
                        return
                    self.say("250 yes")

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def options(self):
        return ("--mail.transport", "smtp", "--mail.smtp_url", f"smtp://127.0.0.1:{self.server.server_address[1]}",
                "--mail.sender", "pia@example.org")

    def get(self):
        return self.messages.get(timeout=WAIT_S)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def mail_server():
    server = MailServer()
    yield server
    server.close()


def test_smtp_takes_tries_again_and_refuses(pia, mail_server):
    answers = iter(["451 later", "250 taken", "550 nobody here"])
    mail_server.answer = lambda message: next(answers)
    start(pia, *mail_server.options())
    label(pia)
    to = address()
    one = contact(pia, channel="email", address=to)["id"]
    subscribe(pia, one, kinds=["formation"])
    publish(pia, title=".Point en tête", summary=".Une ligne\n.\nune autre")
    first, second = mail_server.get(), mail_server.get()
    assert first["Message-ID"] == second["Message-ID"], "a repeat is known as one"
    assert first.as_bytes() == second.as_bytes()
    assert second.envelope == ("<pia@example.org>", f"<{to}>")
    assert "\n.Une ligne\n.\nune autre\n" in second.get_content().replace("\r\n", "\n")
    sent = until(lambda: deliveries(pia, one, "sent"), "it is recorded")
    assert sent[0]["attempts"] == 2
    publish(pia, title="Refusée")
    mail_server.get()
    failed = until(lambda: deliveries(pia, one, "failed"), "the refusal is recorded")
    assert failed[0]["problem"] == "SMTP 550" and failed[0]["attempts"] == 1


def test_a_kill_after_smtp_has_taken_repeats_under_the_same_message_id(pia, mail_server):
    process = start(pia, *mail_server.options())
    killed = threading.Event()

    def kill_at_the_first(message):
        if not killed.is_set():
            process.kill()
            killed.set()
            return None
        return "250 taken"

    mail_server.answer = kill_at_the_first
    label(pia)
    one = contact(pia, channel="email", address=address())["id"]
    subscribe(pia, one, kinds=["formation"])
    publish(pia)
    first = mail_server.get()
    pia.start("notifications", *PRIVATE, *mail_server.options())
    assert mail_server.get()["Message-ID"] == first["Message-ID"]
    until(lambda: deliveries(pia, one, "sent"), "it is recorded")


# What is killed


def test_a_kill_between_sending_and_recording_repeats_under_the_same_id(pia, receiver):
    process = start(pia)
    killed = threading.Event()

    def kill_at_the_first(post):
        if not killed.is_set():
            process.kill()
            killed.set()
            return None
        return 204

    receiver.answer = kill_at_the_first
    created = subscribe_webhook(pia, receiver)
    publish(pia)
    first = check_signature(receiver.get(), created["secret"])
    pia.start("notifications", *PRIVATE)
    assert check_signature(receiver.get(), created["secret"]) == first
    sent = until(lambda: deliveries(pia, created["id"], "sent"), "it is recorded")
    assert sent[0]["attempts"] == 2


def nothing_is_left(pia):
    return not any(ok(pia.call("notifications.delivery.list", {"state": state}))["items"]
                   for state in ("pending", "leased"))


def tell_many(pia, people, rounds, after_some):
    """Publications to 60 addresses and dossiers to the people; `after_some` is called in the middle of
    each round. In the end each has one message of each."""
    for _ in range(60):
        subscribe(pia, contact(pia, channel="email", address=address())["id"], kinds=["formation"])
    for n in range(rounds):
        publish(pia, title=f"Formation {n}")
        dossier_event(pia, title=f"Dossier {n}", reviewers=[identity for identity, _ in people])
        until(lambda n=n: len(mails(pia)) > 60 * n, "some e-mails")
        after_some()
    until(lambda: len(mails(pia)) >= 60 * rounds, "all e-mails")
    until(lambda: nothing_is_left(pia), "nothing is left to send")
    seen = [(mail["To"], mail["Subject"]) for mail in mails(pia)]
    assert len(seen) == len(set(seen)) == 60 * rounds
    for _, key in people:
        items = until(lambda k=key: inbox(pia, k)["items"], "items")
        assert sorted(item["title"] for item in items) == \
            [f"Un dossier vous est confié\u00a0: «\u00a0Dossier {n}\u00a0»" for n in range(rounds)]


def test_kills_while_many_are_told_leave_one_message_each(pia):
    process = start(pia)
    label(pia)

    def kill():
        nonlocal process
        process.kill()
        process = pia.start("notifications", *PRIVATE)

    tell_many(pia, [person(pia, "reviewer") for _ in range(4)], 5, kill)


def test_a_campaign_waits_for_the_journal_and_the_broker(pia):
    process = start(pia)
    label(pia)
    addresses = {address() for _ in range(210)}
    for to in addresses:
        subscribe(pia, contact(pia, channel="email", address=to)["id"], kinds=["formation"])
    process.signal(signal.SIGSTOP)
    publish(pia)
    for each in pia.processes:
        if each.name in ("diffusion", "broker"):
            each.kill()
    process.signal(signal.SIGCONT)
    pia.start_broker("--drain-ms", "200")
    pia.start("diffusion")
    until(lambda: addresses <= {mail["To"] for mail in mails(pia)}, "all e-mails")
    until(lambda: nothing_is_left(pia), "nothing is left to send")
    assert len(mails(pia)) == len(addresses)


def test_a_lease_that_a_transfer_could_outlive_is_refused(pia):
    pia.start_broker("--drain-ms", "200")
    process = pia.start("notifications", "--delivery.lease_ms", "19999", expected=(1, 2), wait=False)
    assert process.wait() != 0
    said = process.log.read_text()
    assert "delivery.lease_ms (19999) is less than twice delivery.timeout_ms (10000)" in said


def test_two_instances_on_postgresql_share_the_work(pia, postgres):
    database = ("--database", f"{postgres}#n{os.getpid()}", *lease(2000))
    processes = [start(pia, *database), pia.start("notifications", *PRIVATE, *database)]
    label(pia)

    def kill_one():
        processes.pop(0).kill()
        processes.append(pia.start("notifications", *PRIVATE, *database, wait=False))

    tell_many(pia, [person(pia, "reviewer") for _ in range(4)], 2, kill_one)


def tell_a_large_audience(pia, people, disturb):
    """One publication to people in several pages; `disturb` is called when some are told. In the end each
    has one message, and each message has an id of its own."""
    addresses = {address() for _ in range(people)}
    label(pia)
    for to in addresses:
        subscribe(pia, contact(pia, channel="email", address=to)["id"], kinds=["magazine"])
    publish(pia, kind="magazine")
    until(lambda: len(mails(pia)) > 0, "some e-mails")
    disturb()
    until(lambda: addresses <= {mail["To"] for mail in mails(pia)}, "all e-mails")
    until(lambda: nothing_is_left(pia), "nothing is left to send")
    seen = [mail["To"] for mail in mails(pia)]
    ids = {mail["Message-ID"] for mail in mails(pia)}
    assert len(seen) == len(set(seen)) == len(ids) == people


def test_a_crash_in_the_midst_of_an_audience_repeats_nobody(pia):
    process = start(pia, *lease(1000))

    def kill():
        process.kill()
        pia.start("notifications", *PRIVATE, *lease(1000))

    tell_a_large_audience(pia, 650, kill)


def test_who_slept_while_others_went_on_with_the_audience_is_refused(pia, postgres):
    """Three instances; two are stopped for longer than their leases, and wake when all is told."""
    database = ("--database", f"{postgres}#s{os.getpid()}", *lease(1000))
    sleepers = [start(pia, *database), pia.start("notifications", *PRIVATE, *database)]
    pia.start("notifications", *PRIVATE, *database)

    def stop():
        for process in sleepers:
            process.signal(signal.SIGSTOP)

    tell_a_large_audience(pia, 650, stop)
    before = len(mails(pia))
    for process in sleepers:
        process.signal(signal.SIGCONT)
    publish(pia, kind="magazine", title="Le suivant")
    until(lambda: len(mails(pia)) >= 2 * before, "the next one")
    until(lambda: nothing_is_left(pia), "nothing is left to send")
    assert len(mails(pia)) == 2 * before


# The plan


def test_a_bad_plan_is_refused_with_the_rule(pia):
    pia.start_broker("--drain-ms", "200")
    (pia.data / "plan.json").write_text(json.dumps({"format": 1, "rules": [
        {"event": "review.assigned", "to": ["persons:reviewers"], "channels": ["pigeon"],
         "template": "review_assigned"}]}))
    process = pia.start("notifications", "--notices.plan", "plan.json", expected=(1, 2), wait=False)
    assert process.wait() != 0
    assert "Rule 1 of the plan: \"channels\" names an unknown channel" in process.log.read_text()

"""Those who are told things in the tests of notifications: people, contacts, subscribers, receivers."""

import base64
import email
import email.policy
import hashlib
import hmac
import http.server
import queue
import threading
import time
import uuid

import pytest

from pia import Network

WAIT_S = 30
PRIVATE = ("--webhook.allow_private", "true", "--delivery.retry_ms", "50")


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
    pia.start("registry", *pia.few_communes())
    pia.start("diffusion")
    return pia.start("notifications", *PRIVATE, *options)


@pytest.fixture(scope="module")
def told():
    """Broker, registry, diffusion and notifications, shared: each test brings its own people."""
    with Network() as network:
        start(network)
        _, network.secretary = person(network, "secretariat")
        yield network


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


def dossier_event(pia, kind, **members):
    data = {
        "dossier": str(uuid.uuid4()), "structure": str(uuid.uuid4()), "title": "Fumage à froid", "version": 4,
        "pole": {"code": "demonstration", "name": "Pôle de démonstration"},
        "recipients": {"roles": [], "structures": [], "persons": []}, **members,
    }
    named = [f"person:{one}" for one in data["recipients"]["persons"]]
    named += [f"structure:{one}" for one in data["recipients"]["structures"]]
    return announce(pia, kind, data, "restricted", restrictedto=",".join(["role:secretariat", *named]))


def review_event(pia, persons, **members):
    """The review of a dossier is proposed to these persons."""
    return dossier_event(pia, "review.created", review=str(uuid.uuid4()),
                         recipients={"roles": [], "structures": [], "persons": persons}, **members)


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

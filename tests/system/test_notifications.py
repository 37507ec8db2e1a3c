"""People are told what concerns them: contacts, inboxes, e-mails, webhooks; once, whatever is killed."""

import base64
import email
import email.policy
import hashlib
import hmac
import http.server
import json
import queue
import threading
import time
import uuid

import pytest

WAIT_S = 20
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
    pia.start("registry")
    pia.start("diffusion")
    return pia.start("notifications", *PRIVATE, *options)


@pytest.fixture
def told(pia):
    """Broker, registry, diffusion and notifications."""
    start(pia)
    return pia


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
    if not getattr(pia, "labelled", False):
        label(pia)
        pia.labelled = True
    return ok(pia.call("diffusion.publication.create", {
        "pole": "demonstration", "kind": "formation", "title": "Hygiène « en cuisine »", "summary": "Deux jours.",
        "themes": ["alimentation"], "sectors": ["alimentaire"], "scope": "national", "publish": True, **members,
    }))


def contact(pia, key=None, **members):
    return ok(pia.call("notifications.contact.create", members, key=key))


def mails(pia):
    found = []
    for path in sorted((pia.data / "mail/new").glob("*")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        message.path = path
        found.append(message)
    return found


def dossier_event(pia, kind="review.assigned", **members):
    data = {
        "dossier": str(uuid.uuid4()), "structure": str(uuid.uuid4()), "title": "Fumage à froid", "version": 4,
        "pole": {"code": "demonstration", "name": "Pôle de démonstration"},
        "recipients": {"roles": [], "structures": [], "persons": []}, **members,
    }
    return announce(pia, kind, data, "restricted", restrictedto="role:secretariat")


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
def test_bad_contacts_are_refused_where_they_are_bad(shared, body, pointer):
    answer = shared.call("notifications.contact.create", body, key=shared.secretary)
    assert answer.status == 400, answer.body
    assert answer.body["pointer"] == pointer


@pytest.fixture(scope="module")
def shared():
    """For tests that change nothing."""
    from pia import Network

    network = Network()
    start(network)
    _, network.secretary = person(network, "secretariat")
    yield network
    wrong = network.stop()
    network.remove()
    assert not wrong, wrong


# The workflow


def test_assigned_reviewers_get_mail_and_inbox_and_others_nothing(told):
    one, one_key = person(told, "reviewer")
    _, other_key = person(told, "reviewer")
    contact(told, person=one, channel="email", address="rapporteure-1@example.org", consent_basis="mission")
    dossier_event(told, reviewers=[one])
    inbox = until(lambda: ok(told.call("notifications.inbox.list", {}, key=one_key))["items"], "the inbox item")
    assert inbox[0]["title"] == "Un dossier vous est confié\u00a0: «\u00a0Fumage à froid\u00a0»"
    assert inbox[0]["link"].startswith("/dossiers/")
    assert not inbox[0]["read"]
    mail = until(lambda: mails(told), "the e-mail")[0]
    assert mail["To"] == "rapporteure-1@example.org"
    assert mail["Subject"] == inbox[0]["title"]
    assert "Fumage à froid" in mail.get_content()
    assert "/dossiers/" in mail.get_content()
    assert mail["List-Unsubscribe"] is None, "a mission is not a subscription"
    assert ok(told.call("notifications.inbox.list", {}, key=other_key))["items"] == []


def test_an_item_is_read_by_its_person_only(told):
    one, one_key = person(told, "reviewer")
    _, other_key = person(told, "reviewer")
    dossier_event(told, reviewers=[one])
    item = until(lambda: ok(told.call("notifications.inbox.list", {}, key=one_key))["items"], "the item")[0]
    assert told.call("notifications.inbox.read", {"item": item["id"]}, key=other_key).status == 404
    read = ok(told.call("notifications.inbox.read", {"item": item["id"]}, key=one_key))
    assert read["read"] and read["read_at"]
    page = ok(told.call("notifications.inbox.list", {"unread": True}, key=one_key))
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
        items = until(lambda k=key: ok(told.call("notifications.inbox.list", {}, key=k))["items"], word)
        assert items[0]["title"].startswith(word)
    assert ok(told.call("notifications.inbox.list", {}, key=outsider))["items"] == []


def test_an_inbox_has_pages_newest_first(told):
    one, key = person(told, "reviewer")
    for n in range(5):
        dossier_event(told, title=f"Dossier {n}", reviewers=[one])
    until(lambda: ok(told.call("notifications.inbox.list", {}, key=key))["unread"] == 5, "five items")
    first = ok(told.call("notifications.inbox.list", {"limit": 3}, key=key))
    second = ok(told.call("notifications.inbox.list", {"limit": 3, "after": first["next"]}, key=key))
    assert len(first["items"]) == 3 and len(second["items"]) == 2 and "next" not in second
    assert len({item["id"] for item in first["items"] + second["items"]}) == 5
    assert told.call("notifications.inbox.list", {"after": "1.x"}, key=key).status == 400


# Publications


def test_matching_subscribers_get_mail_and_others_nothing(told):
    yes = contact(told, channel="email", address="abonnee-1@example.org")["id"]
    no = contact(told, channel="email", address="abonne-2@example.org")["id"]
    ok(told.call("diffusion.subscription.create", {"contact": yes, "filter": {"themes": ["alimentation"]}}))
    ok(told.call("diffusion.subscription.create", {"contact": no, "filter": {"themes": ["numerique"]}}))
    publish(told)
    mail = until(lambda: mails(told), "the e-mail")[0]
    assert mail["To"] == "abonnee-1@example.org"
    assert mail["Subject"] == "Formation\u00a0: «\u00a0Hygiène « en cuisine »\u00a0»"
    assert mail["Message-ID"].startswith(f"<{mail.path.name}@")
    deliveries = until(lambda: [d for d in ok(told.call("notifications.delivery.list", {"contact": yes}))["items"]
                                if d["state"] == "sent"], "the delivery is recorded")
    assert [d["id"] for d in deliveries] == [mail.path.name]
    assert deliveries[0]["attempts"] == 1
    assert ok(told.call("notifications.delivery.list", {"contact": no}))["items"] == []
    assert len(mails(told)) == 1


def test_the_link_in_a_mail_ends_it(told):
    one = contact(told, channel="email", address="abonnee-1@example.org")["id"]
    ok(told.call("diffusion.subscription.create", {"contact": one, "filter": {"kinds": ["formation"]}}))
    publish(told)
    mail = until(lambda: mails(told), "the e-mail")[0]
    link = mail["List-Unsubscribe"].strip("<>")
    assert link in mail.get_content()
    token = link.split("token=")[1]
    wrong = {"contact": one, "token": "0" * 32}
    assert told.call("notifications.contact.unsubscribe", wrong, anonymous=True).status == 404
    for _ in range(2):
        ok(told.call("notifications.contact.unsubscribe", {"contact": one, "token": token}, anonymous=True))
    assert ok(told.call("notifications.contact.get", {"contact": one}))["state"] == "removed"
    last = contact(told, channel="email", address="abonne-2@example.org")["id"]
    ok(told.call("diffusion.subscription.create", {"contact": last, "filter": {"kinds": ["formation"]}}))
    publish(told, title="La suite")
    until(lambda: len(mails(told)) == 2, "the other's e-mail")
    assert ok(told.call("notifications.delivery.list", {"contact": one}))["items"][0]["sequence"] == \
        ok(told.call("notifications.delivery.list", {"contact": one}))["items"][-1]["sequence"]


def test_audiences_of_many_pages_are_told_once_each(told):
    everyone = {contact(told, channel="email", address=f"a{n}@example.org")["id"] for n in range(430)}
    for one in everyone:
        ok(told.call("diffusion.subscription.create", {"contact": one, "filter": {"kinds": ["formation"]}}))
    publish(told)
    until(lambda: len(mails(told)) >= len(everyone), "all e-mails")
    assert len({mail["To"] for mail in mails(told)}) == len(mails(told)) == len(everyone)


# Webhooks


def check_signature(post, secret):
    headers = {name.lower(): value for name, value in post["headers"].items()}
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + post["body"]
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    return headers["webhook-id"]


def subscribe_webhook(pia, receiver, path="/hook"):
    created = contact(pia, channel="webhook", address=receiver.url(path))
    ok(pia.call("diffusion.subscription.create", {"contact": created["id"], "filter": {"kinds": ["formation"]}}))
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
    sent = until(lambda: [d for d in ok(told.call("notifications.delivery.list", {"state": "sent"}))["items"]],
                 "the delivery is recorded")
    assert sent[0]["id"] == delivery
    assert "secret" not in ok(told.call("notifications.contact.get", {"contact": created["id"]}))


def test_a_failing_receiver_is_tried_again_under_the_same_id(told, receiver):
    answers = iter([500, 302, 204])
    receiver.answer = lambda post: next(answers)
    created = subscribe_webhook(told, receiver)
    publish(told)
    ids = {check_signature(receiver.get(), created["secret"]) for _ in range(3)}
    assert len(ids) == 1
    sent = until(lambda: ok(told.call("notifications.delivery.list", {"state": "sent"}))["items"], "it is recorded")
    assert sent[0]["attempts"] == 3


def test_a_receiver_that_is_gone_ends_the_contact(told, receiver):
    receiver.answer = lambda post: 410
    created = subscribe_webhook(told, receiver)
    publish(told)
    receiver.get()
    until(lambda: ok(told.call("notifications.contact.get", {"contact": created["id"]}))["state"] == "gone", "gone")
    failed = ok(told.call("notifications.delivery.list", {"contact": created["id"]}))["items"]
    assert [d["state"] for d in failed] == ["failed"]


def test_private_addresses_are_refused_by_default(pia, receiver):
    pia.start_broker("--drain-ms", "200")
    for service in ("registry", "diffusion", "notifications"):
        pia.start(service)
    created = subscribe_webhook(pia, receiver)
    publish(pia)
    failed = until(lambda: [d for d in ok(pia.call("notifications.delivery.list", {"contact": created["id"]}))["items"]
                            if d["state"] == "failed"], "the refusal")
    assert "public" in failed[0]["problem"]
    assert receiver.posts.empty()


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
    sent = until(lambda: ok(pia.call("notifications.delivery.list", {"state": "sent"}))["items"], "it is recorded")
    assert sent[0]["attempts"] == 2


def test_kills_while_many_are_told_leave_one_message_each(pia):
    process = start(pia)
    people = [person(pia, "reviewer") for _ in range(4)]
    everyone = [contact(pia, channel="email", address=f"a{n}@example.org")["id"] for n in range(60)]
    for one in everyone:
        ok(pia.call("diffusion.subscription.create", {"contact": one, "filter": {"kinds": ["formation"]}}))
    for n in range(5):
        publish(pia, title=f"Formation {n}")
        dossier_event(pia, title=f"Dossier {n}", reviewers=[identity for identity, _ in people])
        until(lambda n=n: len(mails(pia)) > 60 * n, "some e-mails")
        process.kill()
        process = pia.start("notifications", *PRIVATE)
    until(lambda: len(mails(pia)) >= 300, "all e-mails")
    until(lambda: not ok(pia.call("notifications.delivery.list", {"state": "pending"}))["items"]
          and not ok(pia.call("notifications.delivery.list", {"state": "leased"}))["items"], "nothing is left")
    seen = [(mail["To"], mail["Subject"]) for mail in mails(pia)]
    assert len(seen) == len(set(seen)) == 300
    for _, key in people:
        inbox = until(lambda k=key: [i for i in ok(pia.call("notifications.inbox.list", {}, key=k))["items"]], "items")
        assert sorted(item["title"] for item in inbox) == \
            [f"Un dossier vous est confié\u00a0: «\u00a0Dossier {n}\u00a0»" for n in range(5)]


def test_a_bad_plan_is_refused_with_the_rule(pia):
    pia.start_broker("--drain-ms", "200")
    (pia.data / "plan.json").write_text(json.dumps({"format": 1, "rules": [
        {"event": "review.assigned", "to": ["persons:reviewers"], "channels": ["pigeon"],
         "template": "review_assigned"}]}))
    process = pia.start("notifications", "--notices.plan", "plan.json", expected=(1, 2), wait=False)
    assert process.wait() != 0
    assert "Rule 1 of the plan: \"channels\" names an unknown channel" in process.log.read_text()

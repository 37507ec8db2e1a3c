"""Webhooks: signed, tried again under the same id, ended by 410, kept away from private addresses."""

import json
import threading

from notified import (  # noqa: F401
    WAIT_S, address, check_signature, contact, deliveries, mails, ok, person, publish, receiver, subscribe,
    subscribe_webhook, told, until,
)


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
    asked = {"channel": "webhook", "address": receiver.url(), "person": person(told, "pole")[0],
             "idempotency_key": "once"}
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

"""Notifications when something is killed, slow or there twice: everybody is told once."""

import os
import signal
import threading

from notified import (  # noqa: F401
    PRIVATE, address, check_signature, contact, deliveries, inbox, label, mails, ok, person,
    publish, receiver, review_event, start, subscribe, subscribe_webhook, until,
)


def lease(duration_ms):
    """Short leases need transfers that are shorter still."""
    return "--delivery.lease_ms", str(duration_ms), "--delivery.timeout_ms", str(duration_ms // 2)


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
        review_event(pia, [identity for identity, _ in people], title=f"Dossier {n}")
        until(lambda n=n: len(mails(pia)) > 60 * n, "some e-mails")
        after_some()
    until(lambda: len(mails(pia)) >= 60 * rounds, "all e-mails")
    until(lambda: nothing_is_left(pia), "nothing is left to send")
    seen = [(mail["To"], mail["Subject"]) for mail in mails(pia)]
    assert len(seen) == len(set(seen)) == 60 * rounds
    for _, key in people:
        items = until(lambda k=key: inbox(pia, k)["items"], "items")
        assert sorted(item["title"] for item in items) == \
            [f"Une évaluation vous est proposée\u00a0: «\u00a0Dossier {n}\u00a0»" for n in range(rounds)]


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

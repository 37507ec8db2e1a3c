"""People are told what concerns them: contacts, inboxes, e-mails, webhooks; once, whatever is killed."""

import uuid

import pytest

from notified import (  # noqa: F401
    address, announce, contact, deliveries, dossier_event, inbox, label, mails, ok, person, publish,
    review_event, subscribe, told, until,
)


def known(pia, *people):
    """Waits until the registry's announcements of these people are in the journal."""
    wanted = set(people)
    until(lambda: wanted <= {r["event"]["data"]["person"] for r in ok(pia.call(
        "diffusion.event.list", {"types": ["person.created"], "limit": 200}))["items"]}, "people in the journal")


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
    review_event(told, [one])
    item = until(lambda: inbox(told, one_key)["items"], "the inbox item")[0]
    assert item["title"] == "Une évaluation vous est proposée\u00a0: «\u00a0Fumage à froid\u00a0»"
    assert item["link"].startswith("/reviews/")
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
    data = {"review": str(uuid.uuid4()), "title": "Secret", "pole": {"name": "P"},
            "recipients": {"roles": [], "structures": [], "persons": [one, other]}}
    announce(told, "review.created", data, "restricted", restrictedto=f"person:{other}")
    until(lambda: inbox(told, other_key)["items"], "the other's item")
    assert inbox(told, one_key)["items"] == []


def test_an_item_is_read_by_its_person_only(told):
    one, one_key = person(told, "reviewer")
    _, other_key = person(told, "reviewer")
    review_event(told, [one])
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
        review_event(told, [one], title=f"Dossier {n}")
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

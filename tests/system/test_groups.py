"""Groups: order per key among workers; whose a group is and what it shows; on both engines."""

import json
import struct

import pytest

import group
from group import FENCED
from group_journal import add, another, error_of, journal, member, name  # noqa: F401
from journal import POLE, make_event, make_key, publish


def test_order_per_key_and_others_flow(journal, name, member):
    said = member.joined(name, credit=10, **{"from": "head"})
    assert said["group"] == name and said["attempts"] == 5 and said["credit"] == 10
    first = add(journal, "aab")
    tasks = member.take(2)
    assert [(t.key, t.sequence) for t in tasks] == [("a", first[0]), ("b", first[2])]
    assert [t.attempt for t in tasks] == [1, 1] and tasks[0].fence != tasks[1].fence
    member.done(tasks[1])
    assert member.nothing()
    member.done(tasks[0])
    [last] = member.take()
    assert last.sequence == first[1] and last.fence > tasks[0].fence


def test_the_key_is_the_source_if_there_is_no_other(journal, name, member):
    member.joined(name, credit=10, **{"from": "head"})
    publish(journal, [make_event(), make_event("cerfav"), make_event()])
    tasks = member.take(2)
    assert sorted(t.key for t in tasks) == ["/poles/cerfav", f"/poles/{POLE}"]
    assert member.nothing()


def test_credit_and_runs(journal, name, member):
    member.joined(name, credit=3, run=2, **{"from": "head"})
    sequences = add(journal, "aaabb")
    tasks = member.take(3)
    assert [t.sequence for t in tasks] == [sequences[0], sequences[1], sequences[3]]
    assert tasks[0].fence == tasks[1].fence
    member.ack(tasks[1])  # not before the one before it
    assert member.outcomes() == [(tasks[1].sequence, tasks[1].fence, FENCED)]
    member.done(*tasks)
    assert [t.sequence for t in member.take(2)] == [sequences[2], sequences[4]]


def test_filter_and_rights_hide_events(journal, name, member):
    member.joined(name, credit=10, filter={"themes": ["arts"]}, **{"from": "head"})
    add(journal, "a", themes="sante")
    wanted = add(journal, "a", themes="arts")
    assert [t.sequence for t in member.take()] == wanted


def test_a_group_keeps_its_filter(journal, name, member):
    member.joined(name, filter={"themes": ["arts"], "kinds": ["guide"]})
    with another(journal) as other:
        other.join(name, filter={"themes": ["sante"]})
        problem = error_of(other)
        assert problem["status"] == "conflict" and problem["pointer"] == "/filter"
        other.joined(name, filter={"kinds": ["guide"], "themes": ["arts"]})
    with another(journal) as other:
        assert other.joined(name)["filter"] == {"themes": ["arts"], "kinds": ["guide"]}


@pytest.mark.parametrize("options,pointer", [
    ({"group": "UPPER"}, "/group"), ({"credit": 0}, "/credit"), ({"credit": 10001}, "/credit"),
    ({"run": 0}, "/run"), ({"lease_ms": 999}, "/lease_ms"), ({"lease_ms": 10001}, "/lease_ms"),
    ({"filter": {"themes": ["cuisine"]}}, "/filter/themes/0"), ({"roles": ["king"]}, "/roles/0"),
    ({"from": "tail"}, "/from"), ({"colour": "red"}, "/colour"), ({"attempts": 0}, "/attempts"),
])
def test_a_bad_join_is_refused(journal, name, member, options, pointer):
    member.send(group.JOIN, struct.pack(">I", 1), member.token,
                json.dumps({"group": name, **options}).encode())
    problem = error_of(member)
    assert (problem["status"], problem["pointer"]) == ("invalid", pointer)
    assert journal.call("diffusion.group.get", {"group": name}).status == 404


def test_a_place_of_another_history_is_refused(journal, name, member):
    member.join(name, **{"from": "1.1.00000000"})
    assert error_of(member)["status"] == "gone"


def test_whose_a_group_is(journal, name):
    own = journal.token(make_key(journal, "pole", pole=POLE)["key"])
    colleague = journal.token(make_key(journal, "pole", pole=POLE)["key"])
    stranger = journal.token(make_key(journal, "pole", pole="cerfav")["key"])
    with another(journal, own) as first, another(journal, colleague) as second:
        first.joined(name)
        second.joined(name)
        for token, status in ((stranger, "forbidden"), (b"", "unauthenticated")):
            with another(journal, token) as other:
                other.join(name)
                assert error_of(other)["status"] == status
    assert journal.call("diffusion.group.get", {"group": name}).status == 200  # an operator


def test_who_would_see_less_than_the_group_does_not_join(journal, name, member):
    member.joined(name, roles=["pole"])  # of the administrator, who sees more
    with another(journal, journal.token(make_key(journal, "pole", pole=POLE)["key"])) as other:
        other.join(name)
        assert error_of(other)["status"] == "forbidden"


def test_a_role_may_join_if_the_group_says_so(journal, name):
    roles = ("secretariat", "reviewer")
    first = journal.token(make_key(journal, "reviewer")["key"])
    other = journal.token(make_key(journal, *roles)["key"])
    with another(journal, first) as owner, another(journal, other) as joiner:
        owner.joined(name, roles=["secretariat"])
        joiner.joined(name)


def test_groups_by_message(journal, name):
    body = {"group": name, "filter": {"themes": ["arts"]}, "attempts": 7, "from": "head"}
    made = journal.call("diffusion.group.create", body)
    assert made.status == 200 and made.body["attempts"] == 7, made
    assert journal.call("diffusion.group.create", body).body["created_at"] == made.body["created_at"]
    other = journal.call("diffusion.group.create", {**body, "filter": {}})
    assert other.status == 409 and other.body["pointer"] == "/filter", other
    names = [g["group"] for g in journal.call("diffusion.group.list", {"limit": 200}).body["items"]]
    assert name in names and names == sorted(names)
    page = journal.call("diffusion.group.list", {"limit": 1}).body
    assert len(page["items"]) == 1
    stranger = make_key(journal, "pole", pole="cerfav")["key"]
    assert journal.call("diffusion.group.get", {"group": name}, key=stranger).status == 403
    assert journal.call("diffusion.parked.list", {"group": name}, key=stranger).status == 403
    for message in ("retry", "skip"):
        ask = {"group": name, "key": "k"}
        assert journal.call(f"diffusion.parked.{message}", ask, key=stranger).status == 403
        assert journal.call(f"diffusion.parked.{message}", ask).status == 404
    assert journal.call("diffusion.group.end", {"group": name}, key=stranger).status == 403


NONSENSE = [
    [group.JOIN, b"\0\0\0\0", b"", b"{}"], [group.JOIN, b"\0\0\0\1", b""],
    [group.ACK, b"\0\0\0\1", b""], [group.ACK, b"\0\0\0\1", bytes(15)],
    [group.ACK, b"\0\0\0\1", bytes(16 * 10001)],
    [group.NACK, b"\0\0\0\1", bytes(8), bytes(8), bytes(4), b"\xff"],
    [group.NACK, b"\0\0\0\1", bytes(8), bytes(8), b"\xff" * 4, b""],
    [group.NACK, b"\0\0\0\1", bytes(8), bytes(8), bytes(4), b"x" * 256],
    [group.LEAVE, b""],
]


@pytest.mark.parametrize("frames", NONSENSE, ids=range(len(NONSENSE)))
def test_who_talks_nonsense_is_dropped(journal, name, member, frames):
    with another(journal) as other:
        other.joined(name)
        other.send(*frames)
        assert error_of(other)["status"] == "invalid"

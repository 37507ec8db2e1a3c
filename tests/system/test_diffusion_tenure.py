"""A stream and a membership end with their token, unless another one is shown in time; a client of the
gateway stays as long as its key is good."""

import datetime
import json
import time

import pytest

import piad
import tokens
from gateway import whole_network
from group import Member
from journal import POLE, make_event, make_person, publish

LIFE_MS = 1500
OURS = {"sources": [f"/poles/{POLE}"]}


@pytest.fixture(scope="module")
def net():
    with whole_network() as network:
        yield network


def token(net, life_ms=LIFE_MS, **members):
    now = int(time.time() * 1000)
    return tokens.sign(tokens.own_seed(net), tokens.payload(exp=now + life_ms, **members))


def follow(net, proof):
    """A stream that follows from now on."""
    connection = piad.Diffusion(net.endpoint("diffusion"), proof)
    connection.hello()
    connection.subscribe(1, "head", OURS, 1000)
    connection.expect(piad.PROGRESS, piad.DATA)
    return connection


def ended(connection):
    """Waits until stream or membership has ended; why."""
    return json.loads(connection.expect(piad.ERROR)[1][1])["status"]


def test_a_stream_ends_with_its_token(net):
    with follow(net, token(net)) as brief, follow(net, b"") as anonymous:
        begun = time.monotonic()
        assert publish(net, [make_event(visibility="public")])
        assert brief.take(1) and anonymous.take(1)
        assert ended(brief) == "unauthenticated"
        assert time.monotonic() - begun < LIFE_MS / 1000 + 1.5  # at once, or half a second after
        last = publish(net, [make_event(visibility="public")])[0]["sequence"]
        assert anonymous.take(1)[0][0].sequence == last
        brief.subscribe(1, "head", OURS, 1000, token(net, 30000))  # the number is free again
        brief.expect(piad.PROGRESS)


def test_a_stream_whose_next_token_is_shown_goes_on(net):
    with follow(net, token(net)) as kept, follow(net, token(net)) as brief:
        kept.renew(1, token(net, 30000))
        kept.renew(7, token(net, 30000))  # there is none: nothing is said
        assert ended(brief) == "unauthenticated"
        last = publish(net, [make_event()])[0]["sequence"]
        assert kept.take(1)[0][0].sequence == last


@pytest.mark.parametrize("proof", [
    lambda net: b"", lambda net: token(net, 30000)[:-1], lambda net: token(net, 30000, roles=510),
    lambda net: token(net, 30000, sub="/services/other"), lambda net: token(net, 30000, pole="cnidep")])
def test_what_does_not_prove_the_same_ends_the_stream(net, proof):
    with follow(net, token(net, 30000)) as connection:
        connection.renew(1, proof(net))
        assert ended(connection) == "unauthenticated"


def test_a_membership_ends_with_its_token_and_nobody_is_to_blame(net):
    with Member(net.endpoint("diffusion"), token(net)) as brief, \
            Member(net.endpoint("diffusion"), token(net)) as kept:
        brief.joined("tenure", filter=OURS, **{"from": "head"})
        publish(net, [make_event(partitionkey="a")])
        [task] = brief.take(1)
        kept.joined("tenure")
        kept.renew(1, token(net, 30000))
        assert ended(brief) == "unauthenticated"
        [again] = kept.take(1)
        assert (again.sequence, again.attempt) == (task.sequence, 1) and again.fence > task.fence
        kept.done(again)
        publish(net, [make_event(partitionkey="b")])
        kept.done(*kept.take(1))


def test_a_client_of_the_gateway_is_ended_with_its_key(net):
    person = make_person(net, "pole", pole=POLE)
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
    made = net.call("registry.key.create", {"label": "brève", "person": person, "expires_at": end.isoformat()})
    assert made.status == 200, made
    with net.gateway.stream(key=made.body["key"]) as brief, net.gateway.stream() as anonymous:
        assert brief.block().get("id") and anonymous.block().get("id")
        kind, problem = brief.event()
        assert kind == "problem" and problem["status"] == 401
        assert brief.event() is None
        event = make_event(visibility="public")
        publish(net, [event])
        assert anonymous.event()[1]["id"] == event["id"]

"""A journal for the tests of groups, on both engines, and what they all do with it."""

import json
import time

import pytest

import piad
from group import Member
from journal import POLE, make_event, new_network, publish

OURS = {"sources": [f"/poles/{POLE}"]}  # services announce things at any time


def wait_for_announcements(network, seconds=20):
    """What the registry has to say at its start would be events for groups too."""
    until = time.monotonic() + seconds
    while network.call("service.stats", service="registry").body["counters"]["outbox_waiting"]:
        assert time.monotonic() < until, "the registry still has something to announce"


@pytest.fixture(scope="module")
def journal(engine):
    with new_network(*engine.options) as network:
        wait_for_announcements(network)
        yield network


@pytest.fixture
def name(request):
    """A group of its own for each test."""
    return f"g{abs(hash(request.node.nodeid)) % 10**9}"


@pytest.fixture
def member(journal):
    with Member(journal.endpoint("diffusion"), journal.token()) as connection:
        connection.hello()
        yield connection


def another(journal, token=None):
    return Member(journal.endpoint("diffusion"), journal.token() if token is None else token)


def error_of(connection, timeout=10.0):
    return json.loads(connection.expect(piad.ERROR, timeout=timeout)[1][1])


def add(journal, keys, **members):
    """One event a letter; its sequences."""
    receipts = publish(journal, [make_event(partitionkey=k, **members) for k in keys])
    return [r["sequence"] for r in receipts]


def restart(journal, kill=True):
    process = next(p for p in reversed(journal.processes) if p.name == "diffusion")
    if kill:
        process.kill()
    else:
        process.signal(15)
        process.wait()
    return journal.start("diffusion", "--redis", "", *journal.options)

"""A registry with an operator, for its tests, on both engines, and what they make in it."""

import uuid

import pytest

from pia import Network

NOBODY = str(uuid.UUID(int=0))
YEAR_MS = 365 * 86400000


def start(network, *options):
    return network.start("registry", "--redis", "", "--registry.demonstration", "true", *options)


@pytest.fixture(scope="module")
def registry(engine):
    """A broker and a registry, shared by the tests of this file."""
    with Network() as network:
        network.start_broker()
        start(network, *engine.options)
        yield network


def make(network, message, body, key=None):
    answer = network.call(message, body, key=key)
    assert answer.status == 200, answer
    return answer.body


def make_person(network, *roles, key=None, **members):
    body = {"label": "personne d'essai", "roles": list(roles), **members}
    return make(network, "registry.person.create", body, key)


def make_key(network, *roles, key=None, **members):
    """A person with these roles and its key: (person, key)."""
    person = make_person(network, *roles, **members)
    body = {"label": "essai", "person": person["id"]}
    return person, make(network, "registry.key.create", body, key)["key"]


def refused(answer, status, pointer=None):
    assert answer.status == status, answer
    assert set(answer.body) <= {"status", "detail", "pointer"}, answer
    if pointer is not None:
        assert answer.body.get("pointer") == pointer, answer


def pages(network, message, body, limit, **how):
    """All items of a list, read page by page."""
    items, after = [], None
    while True:
        asked = {**body, "limit": limit, **({"after": after} if after else {})}
        answer = network.call(message, asked, **how)
        assert answer.status == 200, answer
        assert len(answer.body["items"]) <= limit
        items += answer.body["items"]
        after = answer.body.get("next")
        if not after:
            return items

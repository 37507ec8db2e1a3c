"""What the tests of the journal share: events, keys of every kind, and a network that is ready."""

import contextlib
import itertools
import json
import time
import uuid

from pia import Network

POLE = "cnidep"  # département 54, région 44
_counter = itertools.count()


def make_event(pole=POLE, event_type="mesure.faite", **members):
    """An event of a pôle with an id that was never used."""
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": f"/poles/{pole}",
        "type": event_type,
        "data": {"n": next(_counter)},
        **members,
    }


def make_service_event(name="admin", **members):
    return {**make_event(visibility="network"), "source": f"/services/{name}", **members}


def make_publication(pole=POLE, title="Un guide", **data):
    return make_event(pole, "publication.published", data={"kind": "guide", "title": title, **data})


def start_journal(network, *options, **how):
    """Broker, registry and journal; returns when the reference pôles may publish."""
    network.start_broker("--drain-ms", "200")
    network.start("registry", "--redis", "", "--registry.demonstration", "true", *network.few_communes())
    process = network.start("diffusion", "--redis", "", *options, **how)
    wait_for_poles(network)
    return process


def wait_for_poles(network):
    with network.diffusion() as connection:
        connection.subscribe(1, "", {"types": ["pole.labelled"]}, 1000)
        seen = set()
        while POLE not in seen or "cerfav" not in seen:
            for record in connection.next(timeout=30)[2]:
                seen.add(record.event["data"]["code"])


def make_person(network, *roles, **members):
    body = {"label": "personne d'essai", "roles": list(roles), **members}
    answer = network.call("registry.person.create", body)
    assert answer.status == 200, answer
    return answer.body["id"]


def make_key(network, *roles, **members):
    """The key of a new person with these roles; `pole`, `structure` as the registry has them."""
    person = make_person(network, *roles, **members)
    answer = network.call("registry.key.create", {"label": "essai", "person": person})
    assert answer.status == 200, answer
    return answer.body


def service_key(network, name):
    return network.key(name)


def head(network):
    answer = network.call("diffusion.journal.head")
    assert answer.status == 200, answer
    return answer.body


def publish(network, events, key=None):
    """Published by an own connection; the receipts."""
    with network.diffusion(network.token(key)) as connection:
        receipt = connection.publish(events)
    assert receipt["status"] == "ok", receipt
    return receipt["receipts"]


def follow_to(connection, sequence, stream=1, timeout=20.0):
    """Records of one stream up to where its ranges cover `sequence`; checks that they join."""
    records, cursor, until = [], None, time.monotonic() + timeout
    while cursor is None or int(cursor.split(".")[1]) < sequence:
        start, end, more = connection.next(until - time.monotonic())
        assert cursor is None or start == cursor, f"a hole: {cursor} then {start}"
        for record in more:
            assert int(start.split(".")[1]) < record.sequence <= int(end.split(".")[1])
        cursor = end
        records += more
        if more:
            connection.credit(stream, len(more))
    return records, cursor


def read_all(network, token=b"", filter=None):
    """Everything a token sees, by a stream from the beginning to the present head."""
    end = head(network)["sequence"]
    with network.diffusion(token) as connection:
        connection.subscribe(1, "", filter or {}, 60000)
        return follow_to(connection, end)[0]


def verify(network):
    """Walks the whole chain."""
    first = 1
    while first:
        answer = network.call("diffusion.journal.verify", {"from": first, "limit": 100000})
        assert answer.status == 200 and answer.body["ok"], answer
        first = answer.body.get("next")
    return answer.body["to"]


def dump(event):
    return json.dumps(event, separators=(",", ":")).encode()


@contextlib.contextmanager
def new_network(*options):
    """A network with a journal of these options."""
    with Network() as network:
        start_journal(network, *options)
        network.options = options
        yield network

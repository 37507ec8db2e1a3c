"""A bad token or key gets in by no door: not at any service, not to the journal, not over HTTP."""

import json
import time

import piad
import pytest
from gateway import whole_network
from journal import head, make_event, make_key, make_person
from tokens import bad_tokens, own_seed, payload, sign

YEAR_MS = 365 * 86400000
ASKS = {  # one message a service that needs somebody
    "registry": ("registry.key.list", {}),
    "labellisation": ("labellisation.dossier.list", {}),
    "diffusion": ("diffusion.journal.verify", {}),
    "notifications": ("notifications.contact.list", {}),
}


@pytest.fixture(scope="module")
def net():
    with whole_network(registry=("--registry.demonstration", "true")) as network:
        yield network


def statuses(net, client, token):
    """What a token gets at each door that takes tokens."""
    found = {}
    for service, (message, body) in ASKS.items():
        found[message] = client.call(message, body, token).status
        found[f"{service}: service.level"] = client.call(
            "service.level", {"level": "info"}, token, service=service).status
    control = json.loads(client.request(b"mmi.services", b"")[0])["control"]
    gateway = next(name for name in control if name.startswith("gateway#"))
    found["gateway: service.level"] = client.call(
        "service.level", {"level": "info"}, token, service=gateway).status
    with net.diffusion() as connection:
        if len(token) <= piad.TOKEN_MAX:  # else it is no frame of the protocol
            found["publish"] = connection.publish([make_event()], token=token)["status"]
        connection.subscribe(1, "head", {}, 1, token=token)
        command, frames = connection.receive()
        found["subscribe"] = json.loads(frames[-1])["status"] if command == piad.ERROR else "ok"
    return found


def test_a_good_token_opens_every_door(net):
    """Or what follows would prove nothing."""
    with net.client() as client:
        found = statuses(net, client, sign(own_seed(net), payload()))
    assert set(found.values()) == {200, "ok"}, found


def test_a_bad_token_opens_none(net):
    before = head(net)["sequence"]
    with net.client() as client:
        for what, token in bad_tokens(net).items():
            found = statuses(net, client, token)
            too_long = found.pop("subscribe") if len(token) > piad.TOKEN_MAX else "invalid"
            assert set(found.values()) <= {401, "unauthenticated"}, (what, found)
            assert too_long == "invalid"
    assert head(net)["sequence"] == before


def test_http_takes_keys_and_no_tokens(net):
    token = net.token().hex()
    for text in (token, token.upper(), "pia_" + token[:43], "", " ", "a" * 5000, "x\x7fy"):
        answer = net.gateway.get("/v1/structures", headers={"Authorization": f"Bearer {text}"})
        assert answer.status in (400, 401), (text, answer)


def until_refused(ask):
    """Services hear of a revocation by the journal."""
    until = time.monotonic() + 20
    while (status := ask()) not in (401, "unauthenticated"):
        assert time.monotonic() < until, status


def test_a_revoked_key_opens_no_door_and_its_tokens_end(net):
    made = make_key(net, "operator", "pole", "secretariat", pole="cerfav")
    token, web = net.token(made["key"]), net.gateway
    assert web.get("/v1/structures", key=made["key"]).status == 200
    assert net.call("registry.key.revoke", {"id": made["id"]}).status == 200
    with net.client() as client:
        for message, body in ASKS.values():
            until_refused(lambda m=message, b=body: client.call(m, b, token).status)
        until_refused(lambda: web.get("/v1/structures", key=made["key"]).status)
        until_refused(lambda: web.get("/v1/stream", key=made["key"]).status)
        with net.diffusion() as connection:
            until_refused(lambda: connection.publish([make_event("cerfav")], token=token)["status"])
        found = statuses(net, client, token)
        assert set(found.values()) == {401, "unauthenticated"}, found
        answer = client.call("registry.authenticate", {"key": made["key"]})
        assert answer.status == 401


def test_an_expired_key_opens_no_door(net):
    """The last of these tests: a year and more goes by."""
    person = make_person(net, "secretariat")
    now = net.call("registry.clock.get").body["now"]
    ends = f"{int(now[:4]) + 1}{now[4:]}"
    made = net.call("registry.key.create", {"label": "x", "person": person, "expires_at": ends}).body
    web, key = net.gateway, made["key"]
    other = net.call("registry.key.create", {"label": "x", "person": person}).body["key"]
    assert net.call("registry.clock.advance", {"by_ms": 2 * YEAR_MS}).status == 200
    for path in ("/v1/structures", "/v1/poles", "/v1/stream", "/v1/events"):
        assert web.get(path, key=key).status == 401, path
    assert web.post("/v1/structures", {"name": "x"}, key=key).status == 401
    with net.client() as client:
        assert client.call("registry.authenticate", {"key": key}).status == 401
    done = net.pia("--key", write(net, key), "structure", "list")
    assert done.returncode != 0 and key not in done.stderr
    assert web.get("/v1/structures", key=other).status == 200


def write(net, key):
    path = net.data / "expired.key"
    path.write_text(key + "\n")
    path.chmod(0o600)
    return path

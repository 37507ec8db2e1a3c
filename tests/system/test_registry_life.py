"""The registry's start and end, two instances of it, and what it says and hears by events."""

import collections
import json
import os
import signal
import socket
import time
import uuid

import pytest

import mdp
from pia import BIN, ROOT
from registered import NOBODY, YEAR_MS, make, make_key, pages, refused, start


# Starting, ending, two instances


def test_legal_time_is_not_advanced_outside_a_demonstration(broker):
    broker.start("registry", "--redis", "")
    refused(broker.call("registry.clock.advance", {"by_ms": 1}), 403)
    assert make(broker, "registry.clock.get", {})["demonstration"] is False


def test_a_killed_first_start_is_completed_by_the_next(broker):
    """Killed while it loads, before it commits, before it signs, when it is there."""
    for line in ("file regions.tsv loaded", "file poles.json loaded", "token of its own", "active,"):
        process = broker.start("registry", "--redis", "", wait=False)
        broker._wait_line(process, line)
        process.kill()
    start(broker)
    assert len(make(broker, "registry.pole.list", {"limit": 200})["items"]) == 10
    for service in ("gateway", "labellisation", "diffusion", "notifications"):
        assert broker.call("registry.pole.list", {}, key=broker.key(service)).status == 200
    assert not [p.name for p in (broker.data / "run/keys").iterdir() if p.suffix != ".key"]


def test_a_lost_key_file_is_replaced_and_its_key_revoked(broker):
    process = start(broker)
    lost = broker.key("gateway")
    moved = make(broker, "registry.clock.advance", {"by_ms": YEAR_MS})
    process.stop()
    (broker.data / "run/keys/gateway.key").unlink()
    start(broker)
    assert broker.key("gateway") != lost
    assert make(broker, "registry.clock.get", {})["shift_ms"] == moved["shift_ms"]
    refused(broker.call("registry.authenticate", {"key": lost}, anonymous=True), 401)
    assert broker.call("registry.authenticate", {"key": broker.key("gateway")},
                       anonymous=True).status == 200


def test_changed_reference_files_are_loaded_again_and_bad_ones_are_named(broker):
    directory = broker.data / "reference"
    directory.mkdir()
    for path in (*(ROOT / "services/registry/reference").glob("*.*"),
                 *(ROOT / "common/reference").glob("*.tsv")):
        (directory / path.name).write_bytes(path.read_bytes())
    process = start(broker, "--registry.reference", directory)
    process.stop()
    poles = json.loads((directory / "poles.json").read_text())
    poles["themes"].append({"code": "essai", "label": "Essai"})
    (directory / "poles.json").write_text(json.dumps(poles))
    process = start(broker, "--registry.reference", directory)
    themes = make(broker, "registry.reference.list", {"list": "themes"})["items"]
    assert themes[-1] == {"code": "essai", "label": "Essai"}
    process.stop()
    (directory / "ape.tsv").write_text("code\tlabel\nwithout a tab\n")
    process = broker.start("registry", "--redis", "", "--registry.reference", directory,
                           wait=False, expected=(1,))
    assert process.wait(30) == 1
    assert "ape.tsv" in process.tail() and "line 2" in process.tail()


def ask_until(network, message, body, token, seconds=20):
    """Repeats a question as a client does: until it is answered."""
    until = time.monotonic() + seconds
    while True:
        try:
            with network.client() as client:
                answer = client.call(message, body, token, timeout=2)
            if answer.status not in (503, 504):
                return answer
        except mdp.Timeout:
            pass
        assert time.monotonic() < until, f"{message} is not answered"


def test_a_standby_takes_over_what_was_acknowledged(broker):
    active = start(broker, "--instance", "registry-a")
    start(broker, "--instance", "registry-b")
    token = broker.token()
    made = make(broker, "registry.structure.create", {"name": "avant la panne"})
    with broker.client() as client:
        states = {i: client.call("service.info", service=f"registry#{i}").body["state"]
                  for i in ("registry-a", "registry-b")}
    assert states == {"registry-a": "active", "registry-b": "standby"}
    active.kill()
    answer = ask_until(broker, "registry.structure.get", {"structure": made["id"]}, token)
    assert answer.body == made
    assert ask_until(broker, "registry.structure.create", {"name": "après"}, token).status == 200


def test_two_instances_on_postgresql_are_active_and_start_together(broker, postgres):
    url = f"{postgres}#two{os.getpid()}"
    options = ("--redis", "", "--registry.demonstration", "true", "--database", url)
    first = broker.start("registry", "--instance", "registry-a", *options, wait=False)
    broker.start("registry", "--instance", "registry-b", *options, wait=False)
    for instance in ("registry-a", "registry-b"):
        with broker.client() as client:
            until = time.monotonic() + 30
            while True:
                try:
                    info = client.call("service.info", service=f"registry#{instance}", timeout=2)
                    if info.status == 200 and info.body["state"] == "active":
                        break
                except mdp.Timeout:
                    pass
                assert time.monotonic() < until, info
    admin = broker.key()
    assert broker.call("registry.authenticate", {"key": admin}, anonymous=True).status == 200
    assert len(make(broker, "registry.pole.list", {"limit": 200})["items"]) == 10
    keys = pages(broker, "registry.key.list", {}, 200)
    assert [k["state"] for k in keys] == ["valid"] * 5, "the second one kept the first one's keys"
    token = broker.token()
    moved = make(broker, "registry.clock.advance", {"by_ms": YEAR_MS})
    first.signal(signal.SIGTERM)
    assert first.wait() == 0
    made = ask_until(broker, "registry.structure.create", {"name": "après"}, token)
    assert made.status == 200
    clock = ask_until(broker, "registry.clock.get", {}, token).body
    assert clock["shift_ms"] == moved["shift_ms"]


def wait_for(condition, seconds=20):
    """Asks again and again; each asking waits for an answer."""
    until = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < until


@pytest.fixture
def journal(broker):
    """A broker, a registry and the journal."""
    if not (BIN / "pia-diffusion").exists():
        pytest.skip("not built: diffusion")
    start(broker)
    broker.start("diffusion", "--redis", "")
    return broker


def label_event(type_, data):
    return {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "/services/labellisation",
            "type": type_, "visibility": "public", "datacontenttype": "application/json",
            "data": data}


def award(label, structure, code, until="2029-11-26"):
    pole = {"code": code, "name": "Pôle (démonstration)", "themes": ["habitat"], "sectors": []}
    return label_event("label.awarded", {
        "label": label, "dossier": str(uuid.uuid4()), "structure": structure, "pole": pole,
        "from": "2026-11-26", "until": until, "demonstration": True})


def test_an_awarded_label_makes_a_pole_whatever_came_before(journal):
    structure = make(journal, "registry.structure.create",
                     {"name": "Structure candidate (démonstration)", "departement": "87",
                      "demonstration": True})["id"]
    label = str(uuid.uuid4())
    events = [award(str(uuid.uuid4()), NOBODY, "demo-inconnue"),
              award(str(uuid.uuid4()), structure, "cnidep"),
              label_event("label.awarded", {"nonsense": True}),
              award(label, structure, "demo-essai")]
    key = journal.key("labellisation")
    assert make(journal, "diffusion.event.append", {"events": events}, key)["receipts"]

    def pole_in_state(state):
        answer = journal.call("registry.pole.get", {"code": "demo-essai"}, anonymous=True)
        return answer.status == 200 and answer.body["state"] == state and answer.body

    pole = wait_for(lambda: pole_in_state("active"))
    assert pole["structure"] == structure and pole["label"] == label
    assert (pole["departement"], pole["region"], pole["demonstration"]) == ("87", "75", True)
    stats = journal.call("service.stats", {}, service="registry").body
    assert stats["counters"]["refused_events"] == 3, stats
    assert "structure" not in make(journal, "registry.pole.get", {"code": "cnidep"})
    ended = label_event("label.transitioned", {"label": label, "effect": "expired"})
    make(journal, "diffusion.event.append", {"events": [ended]}, key)
    wait_for(lambda: pole_in_state("ended"))


def test_a_revoked_key_ends_the_tokens_it_was_exchanged_for(journal):
    person, key = make_key(journal, "secretariat")
    token = journal.token(key)
    key_id = make(journal, "registry.key.list", {"person": person["id"]})["items"][0]["id"]
    with journal.client() as client:
        assert client.call("registry.key.list", {}, token).status == 200
        make(journal, "registry.key.revoke", {"id": key_id})
        wait_for(lambda: client.call("registry.key.list", {}, token).status == 401)
    other = make(journal, "registry.key.create", {"label": "x", "person": person["id"]})["key"]
    assert journal.call("registry.key.list", {}, key=other).status == 200


def redis(network, *command):
    """Asks Redis in its own protocol; the reply's bytes."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(os.path.relpath(network.data / "run/redis.sock"))
        connection.sendall(b"*%d\r\n" % len(command) + b"".join(
            b"$%d\r\n%s\r\n" % (len(c.encode()), c.encode()) for c in command))
        reply = connection.recv(65536)
        while not reply.endswith(b"\r\n"):
            reply += connection.recv(65536)
        return reply


def test_redis_shows_what_is_committed_and_may_vanish(broker):
    cache = broker.start_redis()
    broker.start("registry")
    epoch = broker.call("service.info", {}, service="registry").body["epoch"]
    key = f"pia:{epoch}:registry:pole:cnidep"
    assert redis(broker, "GET", key) == b"$-1\r\n"

    def cached(version):
        pole = broker.call("registry.pole.get", {"code": "cnidep"}, anonymous=True)
        assert pole.version == version
        return json.dumps(pole.body, separators=(",", ":"), ensure_ascii=False).encode() in redis(
            broker, "GET", key)

    wait_for(lambda: cached(1))
    make(broker, "registry.pole.suspend", {"code": "cnidep", "reason": "essai"})
    wait_for(lambda: cached(2))
    lists = {"poles": ("registry.pole.list", {}),
             "themes": ("registry.reference.list", {"list": "themes"})}
    for name, (message, body) in lists.items():
        wait_for(lambda n=name, m=message, b=body: make(broker, m, b) and
                 b'"items":[' in redis(broker, "GET", f"pia:{epoch}:registry:list:{n}"))
    cache.kill()
    pole = broker.call("registry.pole.get", {"code": "cnidep"}, anonymous=True)
    assert (pole.status, pole.body["state"]) == (200, "suspended")
    make(broker, "registry.pole.reactivate", {"code": "cnidep"})


def test_changes_are_announced_without_names(journal):
    """With the journal: what the registry tells, to whom."""
    person, key = make_key(journal, "reviewer", label="rapporteure confidentielle")
    structure = make(journal, "registry.structure.create", {"name": "Structure d'essai"})
    make(journal, "registry.pole.suspend", {"code": "cnidep", "reason": "motif confidentiel"})
    make(journal, "registry.person.update", {"person": person["id"], "version": 1, "roles": ["committee"]})
    wanted = {"pole.labelled": 9, "person.created": 1, "structure.created": 1, "pole.updated": 1,
              "person.updated": 1, "principal.revoked": 1}
    token = journal.token(journal.key("labellisation"))

    def told():
        events = [i["event"] for i in events_of(journal, token)]
        return collections.Counter(e["type"] for e in events) == wanted and events

    events = wait_for(told)
    assert all(e["source"] == "/services/registry" for e in events)
    assert "confidentiel" not in json.dumps(events)
    by_type = {e["type"]: e for e in events}
    assert by_type["person.updated"]["data"] == {"person": person["id"], "roles": ["committee"]}
    assert by_type["principal.revoked"]["data"]["subject"] == f"/persons/{person['id']}"
    assert by_type["structure.created"]["data"]["structure"] == structure["id"]
    assert by_type["pole.updated"]["data"]["state"] == "suspended"
    public = {i["event"]["type"] for i in events_of(journal, b"")}
    assert public == {"pole.labelled", "pole.updated"}


def events_of(network, token):
    with network.client() as client:
        answer = client.call("diffusion.event.list", {"limit": 200}, token)
    assert answer.status == 200, answer
    return answer.body["items"]

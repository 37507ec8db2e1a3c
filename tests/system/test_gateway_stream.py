"""The event stream: from now, from an id, by filter, by right; through lost journals and slow clients."""

import json
import socket
import uuid

import pytest

from gateway import TIMEOUT_S, read_all, whole_network
from journal import make_event

STALL_MS = 1500
HEARTBEAT_MS = 400


@pytest.fixture(scope="module")
def net():
    with whole_network("--http.heartbeat_ms", str(HEARTBEAT_MS), "--http.stall_timeout_ms", str(STALL_MS)) as network:
        yield network


@pytest.fixture
def web(net):
    return net.gateway


@pytest.fixture
def key(net):
    return net.key()


def publish(net, *events):
    """Appends events and returns their cursors."""
    receipts = net.call("diffusion.event.append", {"events": list(events)}).body["receipts"]
    return [receipt["cursor"] for receipt in receipts]


def opened(stream):
    """Reads up to the position at which the stream begins."""
    fields = stream.block()
    assert fields.get("retry") and fields.get("id"), fields
    return stream


def ids_of(stream, count):
    return [stream.event()[1]["id"] for _ in range(count)]


def test_new_events_come_with_their_cursor(net, web):
    with web.stream() as stream:
        assert stream.answer.getheader("Content-Type") == "text/event-stream"
        assert stream.answer.getheader("Cache-Control") == "no-store"
        opened(stream)
        one = make_event()
        cursor = publish(net, one)[0]
        kind, data = stream.event()
        assert kind == one["type"] and data["id"] == one["id"] and data["source"] == one["source"]
        assert stream.last_id == cursor


def test_a_client_resumes_where_it_was(net, web):
    events = [make_event() for _ in range(5)]
    with opened(web.stream()) as stream:
        begin = stream.last_id
        publish(net, *events)
        assert ids_of(stream, 2) == [event["id"] for event in events[:2]]
        last = stream.last_id
    rest = [event["id"] for event in events[2:]]
    with web.stream(last_id=last) as stream:
        assert ids_of(stream, 3) == rest
    with web.stream(f"/v1/stream?last_event_id={last}") as stream:
        assert ids_of(stream, 3) == rest
    with web.stream(f"/v1/stream?last_event_id={begin}", last_id=last) as stream:  # the header wins
        assert ids_of(stream, 3) == rest
    with web.stream("/v1/stream?last_event_id=") as stream:  # from the beginning
        assert stream.event()[1]["source"].startswith("/")


def test_a_client_that_saw_nothing_misses_nothing(net, web):
    path = f"/v1/stream?types=seen.x{uuid.uuid4().hex[:8]}"
    with opened(web.stream(path)) as stream:
        last = stream.last_id
    one = make_event(event_type=path.rpartition("=")[2])
    publish(net, one)
    with web.stream(path, last_id=last) as stream:
        assert ids_of(stream, 1) == [one["id"]]


def test_only_what_matches_comes(net, web):
    with opened(web.stream("/v1/stream?poles=aten,cirbat&types=mesure.faite")) as stream:
        wanted = [make_event("aten"), make_event("cirbat")]
        publish(net, make_event("cerfav"), wanted[0], make_event("aten", "autre.chose"), wanted[1])
        assert ids_of(stream, 2) == [event["id"] for event in wanted]


def test_only_who_may_sees(net, web, key):
    public, network, restricted = (
        make_event(), make_event(visibility="network"),
        make_event(visibility="restricted", restrictedto="role:secretariat"))
    person = net.call("registry.person.create", {"label": "essai", "roles": ["pole"], "pole": "cerfav"}).body["id"]
    member = net.call("registry.key.create", {"label": "essai", "person": person}).body["key"]
    with opened(web.stream()) as anyone, opened(web.stream(key=member)) as insider, \
            opened(web.stream(key=key)) as all_roles:
        publish(net, restricted, network, public)
        assert ids_of(anyone, 1) == [public["id"]]
        assert ids_of(insider, 2) == [network["id"], public["id"]]
        assert ids_of(all_roles, 3) == [restricted["id"], network["id"], public["id"]]


def test_a_silent_stream_beats(web):
    with opened(web.stream("/v1/stream?types=never.happens")) as stream:
        for _ in range(3):
            assert "" in stream.block()  # a comment


def test_events_that_do_not_match_move_the_position(net, web):
    with opened(web.stream("/v1/stream?types=never.happens")) as stream:
        before = stream.last_id
        publish(net, make_event())
        while stream.last_id == before:
            assert "data" not in stream.block()


@pytest.mark.parametrize("path,status,parameter", [
    ("/v1/stream?color=red", 400, "color"),
    ("/v1/stream?limit=3", 400, "limit"),
    ("/v1/stream?last_event_id=nonsense", 400, None),
    ("/v1/stream?last_event_id=1.1." + "a" * 60, 400, None),
])
def test_bad_streams_are_refused(web, path, status, parameter):
    answer = web.get(path)
    assert answer.status == status and answer.headers["content-type"] == "application/problem+json"
    assert answer.json.get("parameter") == parameter


def test_bad_keys_are_refused(web):
    assert web.get("/v1/stream", key="pia_wrong").status == 401


def test_a_revoked_key_ends_its_stream(net, web):
    person = net.call("registry.person.create", {"label": "essai", "roles": ["secretariat"]}).body["id"]
    made = net.call("registry.key.create", {"label": "essai", "person": person}).body
    with opened(web.stream("/v1/stream?types=never.happens", key=made["key"])) as stream:
        assert net.call("registry.key.revoke", {"id": made["id"]}).status == 200
        kind, problem = stream.event()
        assert kind == "problem" and problem["status"] == 401
        assert stream.block() is None


def test_many_clients_share_connections(net, web):
    """More than one connection to the journal can carry."""
    with web.connect():
        streams = [opened(web.stream()) for _ in range(150)]
        one = make_event()
        publish(net, one)
        assert all(stream.event()[1]["id"] == one["id"] for stream in streams)
        for stream in streams:
            stream.close()


def raw_stream(web, receive_buffer=4096):
    """A client that does not read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(TIMEOUT_S)
    connection.connect(("127.0.0.1", web.port))
    connection.sendall(b"GET /v1/stream?last_event_id= HTTP/1.1\r\nHost: a\r\n\r\n")
    return connection


def test_a_slow_client_is_closed_and_others_are_not(net, web):
    padding = "x" * 30000
    with opened(web.stream()) as healthy:
        slow = raw_stream(web)
        for _ in range(30):
            publish(net, make_event(data={"text": padding}))
            assert healthy.event()[1]["data"]["text"] == padding
        with web.stream("/v1/stream?types=never.happens") as waiting:
            while b"pia_sse_stalled_total" not in web.get("/metrics").body or stalled(web) == 0:
                assert waiting.block() is not None
        received = read_all(slow)
        assert received.startswith(b"HTTP/1.1 200 ")
        last = received.rpartition(b"\nid: ")[2].partition(b"\n")[0].decode()
        slow.close()
        with web.stream(last_id=last) as again:  # it goes on where it was cut off
            assert again.event() is not None
        one = make_event()
        publish(net, one)
        assert healthy.event()[1]["id"] == one["id"]


def stalled(web):
    for line in web.get("/metrics").body.decode().splitlines():
        if line.startswith("pia_sse_stalled_total{"):
            return float(line.split()[-1])
    return 0


def test_the_journal_may_be_killed(net, web):
    """Streams wait, say so, and go on without a hole."""
    with opened(web.stream("/v1/stream?types=mesure.faite,waiting,live")) as stream:
        before = make_event()
        publish(net, before)
        assert ids_of(stream, 1) == [before["id"]]
        journal = next(p for p in reversed(net.processes) if p.name == "diffusion")
        journal.kill()
        assert stream.event()[0] == "waiting"
        net.start("diffusion")
        assert stream.event()[0] == "live"
        after = make_event()
        publish(net, after)
        assert ids_of(stream, 1) == [after["id"]]


def test_a_stream_without_a_journal_waits_for_it(net, web):
    next(p for p in reversed(net.processes) if p.name == "diffusion").kill()
    with web.stream() as stream:
        assert stream.block().get("retry")
        assert stream.event()[0] == "waiting"
        net.start("diffusion")
        assert stream.event()[0] == "live"
        one = make_event()
        publish(net, one)
        assert ids_of(stream, 1) == [one["id"]]


def test_publications_come_as_they_are_published(net, web, key):
    with opened(web.stream("/v1/stream?types=publication.published&kinds=guide&themes=arts")) as stream:
        body = {"pole": "cerfav", "kind": "formation", "title": "Une formation", "themes": ["arts"], "publish": True}
        assert web.post("/v1/publications", body, key=key).status == 201
        made = web.post("/v1/publications", {**body, "kind": "guide"}, key=key).json
        kind, data = stream.event()
        assert kind == "publication.published" and data["data"] == made
        assert json.dumps(data["data"])

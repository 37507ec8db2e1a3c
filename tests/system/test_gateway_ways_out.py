"""What leaves over HTTP: a restricted event, a publication of the network and a draft reach nobody
without the right by any path, nor the cache; and the cache changes no answer, whatever happens to it."""

import concurrent.futures
import contextlib
import itertools
import json
import socket
import threading
import time
import uuid

import pytest
from gateway import Gateway, whole_network
from journal import head, make_event, make_key, make_person, make_service_event, publish

EVENTS = {  # name: members; {person} and {structure} are filled in
    "public": {"visibility": "public"},
    "network": {"visibility": "network"},
    "secretariat": {"visibility": "restricted", "restrictedto": "role:secretariat"},
    "reviewer": {"visibility": "restricted", "restrictedto": "person:{person}"},
    "candidate": {"visibility": "restricted", "restrictedto": "structure:{structure}"},
}
PUBLICATIONS = {"published": {"publish": True}, "inside": {"publish": True, "visibility": "network"},
                "draft": {}}
SEES = {
    "nobody": {"public", "published"},
    "candidate": {"public", "published", "candidate"},
    "pole": {"public", "published", "network", "inside", "draft"},
    "other pole": {"public", "published", "network", "inside"},
    "reviewer": {"public", "published", "network", "inside", "reviewer"},
    "other reviewer": {"public", "published", "network", "inside"},
    "secretariat": {"public", "published", "network", "inside", "secretariat"},
}


class Story:
    """Things of each visibility, each with a word of its own, and who they are for."""

    def __init__(self, net):
        self.net, self.web = net, net.gateway
        structure = net.call("registry.structure.create", {"name": "Structure (démonstration)"}).body["id"]
        person = make_person(net, "reviewer")
        self.keys = {
            "nobody": None,
            "candidate": make_key(net, "candidat", structure=structure)["key"],
            "pole": make_key(net, "pole", pole="cnidep")["key"],
            "other pole": make_key(net, "pole", pole="cerfav")["key"],
            "reviewer": net.call("registry.key.create", {"label": "x", "person": person}).body["key"],
            "other reviewer": make_key(net, "reviewer")["key"],
            "secretariat": make_key(net, "secretariat")["key"],
        }
        self.words, self.ids = {}, {}
        self.start = head(net)["cursor"]
        for name, members in PUBLICATIONS.items():
            body = {"pole": "cnidep", "kind": "guide", "title": self._word(name), **members}
            answer = net.call("diffusion.publication.create", body)
            assert answer.status == 200, answer
            self.ids[name] = answer.body["publication"]
        for name, members in EVENTS.items():
            filled = {k: v.format(person=person, structure=structure) for k, v in members.items()}
            publish(net, [make_service_event(data={"word": self._word(name)}, **filled)])
        self.last = self._word("last")
        publish(net, [make_event("cnidep", data={"word": self.last})])

    def _word(self, name):
        self.words[name] = uuid.uuid4().hex
        return self.words[name]

    def found(self, data):
        """Names of the things whose word is in these bytes."""
        text = data if isinstance(data, bytes) else str(data).encode()
        return {name for name, word in self.words.items() if word.encode() in text} - {"last"}


@pytest.fixture(scope="module")
def net():
    with whole_network() as network:
        yield network


@pytest.fixture(scope="module")
def story(net):
    return Story(net)


def not_drafts(names):
    return names - {"draft"}  # only who asks for drafts gets drafts


@pytest.mark.parametrize("who", SEES)
def test_events_and_publications_are_listed_to_whom_they_are_for(story, who):
    key = story.keys[who]
    events = story.web.get(f"/v1/events?after={story.start}&limit=200", key=key)
    assert events.status == 200
    assert story.found(events.body) == not_drafts(SEES[who])
    publications = story.web.get("/v1/publications?limit=200", key=key)
    assert story.found(publications.body) == not_drafts(SEES[who] & set(PUBLICATIONS))
    for name, publication in story.ids.items():
        answer = story.web.get(f"/v1/publications/{publication}", key=key)
        assert answer.status == (200 if name in SEES[who] else 404), (name, answer)
        assert story.found(answer.body) == ({name} if name in SEES[who] else set())
    drafts = story.web.get("/v1/publications?state=draft&poles=cnidep", key=key)
    assert story.found(drafts.body) == (SEES[who] & {"draft"})


@pytest.mark.parametrize("who", SEES)
def test_a_stream_shows_to_whom_it_is_for(story, who):
    seen = b""
    with story.web.stream(f"/v1/stream?last_event_id={story.start}", key=story.keys[who]) as stream:
        while story.last.encode() not in seen:
            seen += json.dumps(stream.block()).encode()
    assert story.found(seen) == not_drafts(SEES[who])


def test_what_is_known_to_one_is_not_confirmed_to_another(story):
    """An entity tag, or the same connection, gives nobody another's answer."""
    path = f"/v1/publications/{story.ids['inside']}"
    inside = story.web.get(path, key=story.keys["pole"])
    assert inside.status == 200 and "public" not in inside.headers["cache-control"]
    answer = story.web.get(path, headers={"If-None-Match": inside.headers["etag"]})
    assert answer.status == 404
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\n"
    both = story.web.raw((request + f"Authorization: Bearer {story.keys['pole']}\r\n\r\n"
                          + request + "Connection: close\r\n\r\n").encode())
    assert both.count(b"HTTP/1.1 200 ") == 1 and both.count(b"HTTP/1.1 404 ") == 1
    assert both.count(story.words["inside"].encode()) == 1


def redis(net, *command):
    """Asks Redis in its own protocol; the bytes of the reply, whole (an ECHO marks its end)."""
    end = uuid.uuid4().hex.encode()
    words = [[c if isinstance(c, bytes) else c.encode() for c in command], [b"ECHO", end]]
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(net.data / "run/redis.sock"))
        connection.sendall(b"".join(
            b"*%d\r\n" % len(one) + b"".join(b"$%d\r\n%s\r\n" % (len(c), c) for c in one) for one in words))
        reply = b""
        while not reply.endswith(end + b"\r\n"):
            if not (piece := connection.recv(65536)):
                raise ConnectionResetError("Redis is gone")
            reply += piece
    return reply


DUMP = """local all = {} for _, k in ipairs(redis.call('KEYS', '*')) do
all[#all + 1] = k all[#all + 1] = redis.call('GET', k) end return all"""


def test_the_cache_and_the_logs_hold_public_things_only(net, story):
    for who, key in story.keys.items():
        for path in ("/v1/publications", f"/v1/publications/{story.ids['inside']}", "/v1/poles",
                     f"/v1/publications/{story.ids['draft']}", "/v1/events", "/v1/structures"):
            story.web.get(path, key=key)
        cached = redis(net, "EVAL", DUMP, "0")
        assert story.found(cached) <= {"public", "published"}, who
        assert not any(key.encode() in cached for key in story.keys.values() if key)
    for process in net.processes:
        log = process.log.read_bytes()
        assert not story.found(log), process.name
        assert not any(key.encode() in log for key in [*story.keys.values(), net.key()] if key), process.name


# With and without Redis


PATHS = ["/v1/poles", "/v1/poles?themes=arts", "/v1/poles?limit=2", "/v1/poles/cnidep", "/v1/poles/aten",
         "/v1/poles/nulle-part", "/v1/poles/Pas%20Un", "/v1/themes", "/v1/sectors", "/v1/kinds", "/v1/topics",
         "/v1/scopes", "/v1/regions", "/v1/departements", "/v1/communes?q=nan", "/v1/processes",
         "/v1/labels", "/v1/publications", "/v1/publications?limit=1", "/v1/themes?color=red"]
CHANGE_S = 1.5  # a value lives for a second; a busy machine adds some


def shown(web, path):
    """All that a client sees of an answer but what names the request."""
    answer = web.get(path)
    headers = {n: v for n, v in answer.headers.items() if n in ("etag", "link", "cache-control", "content-type")}
    return answer.status, headers, answer.body if answer.status == 200 else answer.json["detail"]


@contextlib.contextmanager
def disturbed(act):
    """Does something to Redis again and again meanwhile."""
    over = threading.Event()

    def go_on():
        times = 0
        while not over.is_set():
            with contextlib.suppress(OSError):
                act()
                times += 1
        return times

    with concurrent.futures.ThreadPoolExecutor() as pool:
        times = pool.submit(go_on)
        try:
            yield
        finally:
            over.set()
        assert times.result(20) > 0


GARBAGE = """local all = redis.call('KEYS', '*')
for i, k in ipairs(all) do local kind = (i + ARGV[1]) % 5 redis.call('DEL', k)
if kind == 0 then redis.call('SET', k, '') elseif kind == 1 then redis.call('SET', k, 'nonsense')
elseif kind == 2 then redis.call('RPUSH', k, 'x') elseif kind == 3 then redis.call('SET', k, '7')
else redis.call('SET', k, string.rep('9', 70000)) end end return #all"""
turns = itertools.count()


def spoil(net):
    reply = redis(net, "EVAL", GARBAGE, "0", str(next(turns)))
    assert reply.startswith(b":"), reply


def test_the_cache_changes_no_answer(net, story):
    """Flushed, filled with garbage, frozen, killed and begun anew during the requests."""
    without = Gateway(net, "--redis", "")
    without.wait_ready()
    paths = [*PATHS, *(f"/v1/publications/{publication}" for publication in story.ids.values())]
    expected = {path: shown(without, path) for path in paths}

    def all_are_as_expected(rounds=1):
        for _ in range(rounds):
            for path in paths:
                assert shown(net.gateway, path) == expected[path]

    all_are_as_expected(2)  # the second time from the cache
    with disturbed(lambda: redis(net, "FLUSHALL")):
        all_are_as_expected(3)
    with disturbed(lambda: spoil(net)):
        all_are_as_expected(3)
    redis(net, "FLUSHALL")
    cache = next(process for process in reversed(net.processes) if process.name == "redis")
    cache.kill()
    all_are_as_expected(2)
    net.start_redis()
    all_are_as_expected(2)
    assert net.call("registry.pole.suspend", {"code": "aten", "reason": "essai"}).status == 200
    body = {"publication": story.ids["published"], "version": 1, "place": "Metz"}
    assert net.call("diffusion.publication.change", body, key=story.keys["pole"]).status == 200
    until = time.monotonic() + CHANGE_S
    expected = {path: shown(without, path) for path in paths}
    while any(shown(net.gateway, path) != expected[path] for path in paths):
        assert time.monotonic() < until
    all_are_as_expected()

"""The HTTP API in front of the real services: resources, problems, versions, keys, the cache."""

import concurrent.futures
import json
import re
import shutil
import signal
import subprocess
import time
import uuid

import pytest

from gateway import Gateway, read_all, whole_network
from pia import SERVICES


@pytest.fixture(scope="module")
def net():
    with whole_network() as network:
        yield network


@pytest.fixture
def web(net):
    return net.gateway


@pytest.fixture
def key(net):
    return net.key()


def assert_problem(answer, status, pointer=None, parameter=None):
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json
    assert problem["status"] == status and problem["type"] and problem["title"], problem
    assert problem.get("pointer") == pointer, problem
    assert problem.get("parameter") == parameter, problem


def make_structure(web, key, **members):
    body = {"name": f"Structure {uuid.uuid4()} (démonstration)", "demonstration": True, **members}
    answer = web.post("/v1/structures", body, key=key)
    assert answer.status == 201, answer
    return answer


def make_publication(web, key, **members):
    body = {"pole": "cerfav", "kind": "guide", "title": "Un guide", "themes": ["arts"], **members}
    answer = web.post("/v1/publications", body, key=key)
    assert answer.status == 201, answer
    return answer


# Reading


def test_poles_are_listed_and_read(web):
    poles = web.get("/v1/poles?themes=arts").json["items"]
    assert poles and all("arts" in pole["themes"] for pole in poles)
    one = web.get(f"/v1/poles/{poles[0]['code']}")
    assert one.json == poles[0] and one.headers["etag"] == f'"{poles[0]["version"]}"'


@pytest.mark.parametrize("name", ["themes", "sectors", "kinds", "topics", "scopes", "regions", "departements"])
def test_reference_lists_have_codes_and_labels(web, name):
    items = web.get(f"/v1/{name}").json["items"]
    assert items and all(item["code"] and item["label"] for item in items)


def test_pages_are_linked_by_cursor(web):
    path, seen = "/v1/poles?limit=3", []
    while path:
        answer = web.get(path)
        seen += [pole["code"] for pole in answer.json["items"]]
        link = re.fullmatch(r'<(/[^>]*)>; rel="next"', answer.headers.get("link", ""))
        assert bool(link) == ("next" in answer.json)
        path = link and link.group(1)
        assert not path or "limit=3" in path
    assert len(seen) == len(set(seen)) == len(web.get("/v1/poles?limit=200").json["items"])


def test_what_is_known_already_is_not_sent_again(web):
    for path in ("/v1/poles/cerfav", "/v1/themes", "/v1/poles?limit=2", "/", "/app.js", "/openapi.json"):
        tag = web.get(path).headers["etag"]
        again = web.get(path, headers={"If-None-Match": f'"x", {tag}'})
        assert again.status == 304 and again.body == b"" and again.headers["etag"] == tag
        assert web.get(path, headers={"If-None-Match": '"x"'}).status == 200


def test_head_is_get_without_a_body(web):
    for path in ("/v1/poles/cerfav", "/v1/poles", "/", "/metrics", "/v1/nothing"):
        head, get = web.ask("HEAD", path), web.get(path)
        assert (head.status, head.headers["content-type"]) == (get.status, get.headers["content-type"])
        assert head.body == b""


def test_answers_are_safe_for_browsers(web):
    for path in ("/", "/v1/poles", "/v1/nothing"):
        headers = web.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers


# What is refused


def test_unknown_paths_and_methods(web):
    assert_problem(web.get("/nothing"), 404)
    assert_problem(web.get("/v1/poles/"), 404)
    assert_problem(web.get("/v1/poles/cerfav/more"), 404)
    assert_problem(web.get("/v1/poles/no-such-pole"), 404)
    answer = web.ask("DELETE", "/v1/poles")
    assert_problem(answer, 405)
    assert answer.headers["allow"] == "OPTIONS, GET, HEAD"
    assert_problem(web.post("/metrics"), 405)
    options = web.ask("OPTIONS", "/v1/publications")
    assert options.status == 204 and options.headers["allow"] == "OPTIONS, GET, HEAD, POST"


@pytest.mark.parametrize("query,parameter", [
    ("color=red", "color"),
    ("limit=x", "limit"),
    ("limit=1&limit=2", "limit"),
    ("limit=0", "limit"),
    ("limit=201", "limit"),
    ("themes=" + "x" * 99, "themes"),
    ("after=%20", "after"),
    ("themes=%00", None),
    ("themes=%ff", None),
])
def test_bad_queries_say_where(web, query, parameter):
    assert_problem(web.get(f"/v1/poles?{query}"), 400, None, parameter)


def test_bad_bodies_say_where(web, key):
    def send(body, kind="application/json"):
        return web.post("/v1/structures", body, key=key, headers={"Content-Type": kind})

    assert_problem(send(b"{}", "text/plain"), 415)
    assert_problem(send(b"{}", "application/json; charset=latin1"), 415)
    assert_problem(send(b'{"name":'), 400)
    assert_problem(send(b"[]"), 400)
    assert_problem(send(b"{}"), 400, "/name")
    assert_problem(send(b'{"name":7}'), 400, "/name")
    assert_problem(send(b'{"name":"a","x":1}'), 400, "/x")
    assert_problem(send(b'{"name":"a","name":"b"}'), 400)
    assert_problem(send(b'{"name":"\xff"}'), 400)
    assert_problem(send(b'{"name":"a\\u0000b"}'), 400)
    assert_problem(send(b"[" * 900 + b"]" * 900), 400)
    assert_problem(send(b'{"name":"a","siren":"433367670"}'), 400, "/siren")
    assert_problem(send(b'{"name":"' + b"a" * 1000000 + b'"}'), 400, "/name")


def test_who_may_not_is_told(net, web, key):
    assert_problem(web.get("/v1/structures"), 401)
    bad = web.get("/v1/poles", key="pia_wrong")
    assert_problem(bad, 401)
    assert bad.headers["www-authenticate"] == "Bearer"
    assert_problem(web.get("/v1/poles", headers={"Authorization": "Basic eDp5"}), 401)
    assert_problem(web.get("/v1/poles", key="x" * 300), 401)
    weak = net.call("registry.key.create", {
        "label": "pôle", "person": make_person(net, ["pole"], pole="cerfav")}).body["key"]
    assert web.get("/v1/poles", key=weak).status == 200
    assert_problem(web.post("/v1/structures", {"name": "x"}, key=weak), 403)
    assert_problem(web.post("/v1/publications", {
        "pole": "aten", "kind": "guide", "title": "x", "themes": ["arts"]}, key=weak), 403, "/pole")


def make_person(net, roles, **members):
    answer = net.call("registry.person.create", {"label": "personne d'essai", "roles": roles, **members})
    assert answer.status == 200, answer
    return answer.body["id"]


def test_a_revoked_key_ends(net, web):
    made = net.call("registry.key.create", {"label": "x", "person": make_person(net, ["secretariat"])}).body
    assert web.get("/v1/structures", key=made["key"]).status == 200
    assert net.call("registry.key.revoke", {"id": made["id"]}).status == 200
    client = net.client()
    for _ in range(100):  # services hear of it by the journal
        if web.get("/v1/structures", key=made["key"]).status == 401:
            return
        client.call("service.ping", service="registry", timeout=5)
    pytest.fail("a revoked key still opens")


# Writing


def test_what_was_made_is_where_location_says(web, key):
    made = make_structure(web, key)
    assert web.get(made.headers["location"], key=key).json == made.json


def test_a_repeat_with_the_same_key_is_answered_the_same(web, key):
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    body = {"name": "Une fois (démonstration)", "demonstration": True}
    first = web.post("/v1/structures", body, key=key, headers=headers)
    again = web.post("/v1/structures", body, key=key, headers=headers)
    other = web.post("/v1/structures", {**body, "name": "Autre"}, key=key, headers=headers)
    assert first.status == again.status == 201 and first.json == again.json
    assert_problem(other, 409)


def test_an_old_version_is_not_overwritten(web, key):
    made = make_structure(web, key)
    path, old = made.headers["location"], made.headers["etag"]
    assert_problem(web.ask("PATCH", path, {"name": "Sans version"}, key=key), 428)
    new = web.ask("PATCH", path, {"name": "Nouveau nom"}, key=key, headers={"If-Match": old})
    assert new.status == 200 and new.headers["etag"] != old
    late = web.ask("PATCH", path, {"name": "Trop tard"}, key=key, headers={"If-Match": old})
    assert_problem(late, 412)
    assert_problem(web.ask("PATCH", path, {"name": "x", "version": 1}, key=key), 409, "/version")
    assert_problem(web.ask("PATCH", path, {"name": "x"}, key=key, headers={"If-Match": '"x"'}), 412)
    assert web.get(path, key=key).json["name"] == "Nouveau nom"


def test_who_wrote_sees_the_write(web, key):
    """Also while an older value is in the cache."""
    for city in ("Nancy", "Toul", "Vannes-le-Châtel"):
        before = web.get("/v1/poles/cerfav")
        answer = web.ask("PATCH", "/v1/poles/cerfav", {"city": city}, key=key,
                         headers={"If-Match": before.headers["etag"]})
        assert answer.status == 200, answer
        assert web.get("/v1/poles/cerfav").json["city"] == city


def test_a_publication_from_draft_to_cancelled(web, key):
    made = make_publication(web, key)
    path = made.headers["location"]
    assert made.json["state"] == "draft"
    assert_problem(web.get(path), 404)  # nobody else sees a draft
    published = web.post(f"{path}/publish", key=key, headers={"If-Match": made.headers["etag"]})
    assert published.json["state"] == "published"
    assert web.get(path).json == published.json
    cancelled = web.post(f"{path}/cancel", {"reason": "reporté", "version": published.json["version"]}, key=key)
    assert cancelled.json["state"] == "cancelled"
    assert_problem(web.post(f"{path}/publish", {"version": 1}, key=key), 409, "/version")


# Events


def event(**members):
    return {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "/poles/cerfav",
            "type": "mesure.faite", "data": {"n": 1}, **members}


def append(web, key, body, kind):
    return web.post("/v1/events", json.dumps(body).encode(), key=key, headers={"Content-Type": kind})


ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


def test_events_are_appended_and_read_by_cursor(web, key):
    first = append(web, key, event(), ONE).json["receipts"][0]
    sent = [event(), event(), event()]
    receipts = append(web, key, sent, BATCH).json["receipts"]
    assert [r["sequence"] for r in receipts] == [first["sequence"] + n for n in (1, 2, 3)]
    items = web.get(f"/v1/events?types=mesure.faite&after={first['cursor']}").json["items"]
    assert [item["event"]["id"] for item in items] == [one["id"] for one in sent]
    page = web.get(f"/v1/events?after={first['cursor']}&limit=1")
    following = re.match("<([^>]*)>", page.headers["link"]).group(1)
    assert web.get(following).json["items"][0]["event"]["id"] == sent[1]["id"]


def test_an_event_sent_twice_is_one(web, key):
    one = event()
    first, again = append(web, key, one, ONE), append(web, key, one, ONE)
    assert first.json["receipts"][0]["sequence"] == again.json["receipts"][0]["sequence"]
    assert again.json["receipts"][0]["duplicate"]
    assert append(web, key, {**one, "data": {"n": 2}}, ONE).status == 409


def test_a_batch_is_all_or_nothing(web, key):
    good = event()
    assert_problem(append(web, key, [good, event(type=None)], BATCH), 400, "/1/type")
    assert append(web, key, good, ONE).json["receipts"][0]["duplicate"] is False


def test_bad_events_say_where(web, key):
    assert_problem(append(web, key, event(type=""), ONE), 400, "/type")
    assert_problem(append(web, key, event(), "application/json"), 415)
    assert_problem(append(web, key, event(), BATCH), 400)
    assert_problem(append(web, key, [event()], ONE), 400)
    assert_problem(append(web, None, event(), ONE), 401)


# The gateway itself


def test_it_says_how_it_is(net, web):
    assert web.get("/livez").json == {"status": "alive"}
    assert web.get("/readyz").json == {"status": "ready"}
    with net.client() as client:
        control = json.loads(client.request(b"mmi.services", b"")[0])["control"]
        name = next(one for one in control if one.startswith("gateway#"))
        info = client.call("service.info", service=name, timeout=5).body
        assert info["service"] == "gateway" and info["state"] == "active"
        stats = client.call("service.stats", service=name, timeout=5).body
        assert stats["counters"]["http_connections_total"] > 0
        assert client.call("service.level", {"level": "info"}, service=name, timeout=5).status == 401
        assert client.call("service.drain", {}, service=name, timeout=5).status == 401
        assert client.call("registry.pole.get", {"code": "x"}, service=name, timeout=5).status == 400


SAMPLE = re.compile(r'([a-z_][a-z0-9_]*)\{([a-z_]+="[^"]*"(?:,[a-z_]+="[^"]*")*)\} (-?[0-9.e+-]+)')


def test_metrics_are_of_all_instances_and_well_formed(web):
    answer = web.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    types, seen, families = {}, set(), []
    for line in answer.body.decode().splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in types, name
            types[name] = kind
        elif not line.startswith("# HELP "):
            name, labels, value = SAMPLE.fullmatch(line).groups()
            float(value)
            assert (name, labels) not in seen, line
            assert types[name] == ("counter" if name.endswith("_total") else "gauge")
            seen.add((name, labels))
            if not families or families[-1] != name:
                families.append(name)
    assert len(families) == len(set(families))  # a family's samples stand together
    up = {labels.split('"')[1] for name, labels in seen if name == "pia_instance_up"}
    assert up == {"gateway", *SERVICES}
    assert any(name == "pia_broker_requests_total" for name, _ in seen)
    if promtool := shutil.which("promtool"):
        subprocess.run([promtool, "check", "metrics"], input=answer.body, check=True, timeout=20)


def test_the_description_is_of_what_is_served(web):
    root = web.get("/openapi.json").json
    assert root["openapi"].startswith("3.1.")

    def references(node):
        if isinstance(node, dict):
            if "$ref" in node:
                yield node["$ref"]
            for value in node.values():
                yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    for reference in references(root):
        node = root
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    ids = [op["operationId"] for item in root["paths"].values() for op in item.values()]
    assert len(ids) == len(set(ids))
    for path, item in root["paths"].items():
        named = set(re.findall(r"\{(\w+)\}", path))
        for operation in item.values():
            inside = {p["name"] for p in operation.get("parameters", []) if p.get("in") == "path"}
            assert inside == named, path
        if "{" not in path and path not in ("/v1/stream",) and "get" in item:
            asks = [p for p in item["get"].get("parameters", []) if p.get("required")]
            assert web.get(path).status in ((400,) if asks else (200, 401, 403)), path


def test_the_cache_may_vanish(net, web):
    redis = next(process for process in net.processes if process.name == "redis")
    expected = web.get("/v1/poles/aten").json
    redis.signal(signal.SIGSTOP)  # it accepts and says nothing: 5 ms, then the circuit is open
    try:
        assert all(web.get("/v1/poles/aten").json == expected for _ in range(20))
    finally:
        redis.signal(signal.SIGCONT)
    redis.kill()
    assert all(web.get("/v1/poles/aten").json == expected for _ in range(5))
    net.start_redis()
    assert all(web.get("/v1/poles/aten").json == expected for _ in range(5))


def last(net, name):
    return next(process for process in reversed(net.processes) if process.name == name)


def test_a_command_outlives_its_service(net, web, key):
    """The registry dies under it and comes back: the command is done, once."""
    web.get("/v1/structures", key=key)  # the gateway has a token
    last(net, "registry").kill()
    name = f"Structure {uuid.uuid4()} (démonstration)"
    with concurrent.futures.ThreadPoolExecutor() as pool:
        asked = pool.submit(web.post, "/v1/structures", {"name": name, "demonstration": True}, key=key)
        net.start("registry", *net.few_communes())
        assert asked.result(30).status == 201, asked.result()
    path, names = "/v1/structures?limit=200", []
    while path:
        page = web.get(path, key=key)
        names += [structure["name"] for structure in page.json["items"]]
        link = page.headers.get("link")
        path = link and re.match("<([^>]*)>", link).group(1)
    assert names.count(name) == 1


def wait_until_unready(web):
    """It notices a silent broker after some seconds."""
    until = time.monotonic() + 20
    while web.get("/readyz").status != 503:
        assert time.monotonic() < until, "it is ready without a broker"
        assert web.get("/livez").status == 200


def test_the_broker_may_be_killed(net, web, key):
    last(net, "broker").kill()
    try:
        with web.connect() as waiting:  # answered in time, one way or the other
            waiting.sendall(b"GET /v1/structures HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert re.match(rb"HTTP/1.1 50[34] ", read_all(waiting))
        wait_until_unready(web)
        assert web.get("/metrics").status == 200
    finally:
        net.start_broker("--drain-ms", "200")
        net.wait_ready("registry")
        web.wait_ready()
    assert web.get("/v1/structures", key=key).status == 200


def test_draining_finishes_and_ends(net):
    """SIGTERM: streams end, connections close, exit 0."""
    leaving = Gateway(net)
    leaving.wait_ready()
    with leaving.stream() as stream:
        assert stream.block() is not None
        leaving.process.signal(signal.SIGTERM)
        while stream.block() is not None:
            pass
    assert leaving.process.wait() == 0


def test_an_operator_drains_it_by_message(net):
    leaving = Gateway(net, "--instance", "gateway-leaving")
    leaving.wait_ready()
    for message, body in (("service.level", {"level": "warn"}), ("service.drain", {})):
        answer = net.call(message, body, service="gateway#gateway-leaving")
        assert (answer.status, answer.body) == (200, {"instance": "gateway-leaving"})
    assert leaving.process.wait() == 0

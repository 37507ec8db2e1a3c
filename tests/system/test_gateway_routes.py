"""Every path of /openapi.json and what may be wrong with a request to it: a problem that says where,
and nothing changes. What is described is tested: a new path at once."""

import uuid

import pytest
from gateway import whole_network
from test_messages import Asker

VALUES = {"code": "cnidep", "name": "labellisation"}
BAD_TEXTS = (b"", b"{", b"[]", b'"x"', b"null", b"{}{}", b'{"a": 1, "a": 1}', b'{"a": "\xff"}',
             b'{"a": "\\u0000"}', b'{"a": ' + b"[" * 100000 + b"]" * 100000 + b"}", b'{"a": 1e999}')
FOR_EVERYONE = ("/v1/contacts/{contact}/unsubscribe",)  # its body has the proof


class Operation:
    """One of the description, with values in its path."""

    def __init__(self, method, path, described):
        self.method, self.template, self.described = method.upper(), path, described
        self.parameters = described.get("parameters", [])
        self.path = path
        for name in self.names("path"):
            self.path = self.path.replace("{%s}" % name, VALUES.get(name, str(uuid.UUID(int=7))))

    def names(self, place):
        return [p["name"] for p in self.parameters if p.get("in") == place]

    def lists(self):
        return {p["name"] for p in self.parameters if p.get("schema", {}).get("type") == "array"}

    def kinds(self):
        """Media types of a body."""
        return list(self.described.get("requestBody", {}).get("content", {}))

    def required(self):
        """What the query must have."""
        return [p["name"] for p in self.described.get("parameters", []) if p["in"] == "query" and p.get("required")]

    def ask(self, web, key, body=b"{}", path=None, **headers):
        """Once more with a version that was never seen, where one is wanted before anything else."""
        if self.kinds():
            headers = {"Content-Type": self.kinds()[0], **headers}
        else:
            body = None
        for more in ({}, {"If-Match": '"99"'}):
            answer = web.ask(self.method, path or self.path, body, key=key, headers={**headers, **more})
            if answer.status != 428:
                break
        return answer

    def __repr__(self):
        return f"{self.method} {self.template}"


@pytest.fixture(scope="module")
def asker():
    with whole_network() as network:
        asker = Asker(network)
        asker.web, asker.key = network.gateway, network.key()
        asker.operations = [
            Operation(method, path, described)
            for path, item in asker.web.get("/openapi.json").json["paths"].items()
            if path.startswith("/v1/") for method, described in item.items()]
        assert len(asker.operations) > 40
        yield asker


def assert_problem(answer, what, *statuses):
    assert answer.status in statuses, (what, answer)
    if answer.body:
        assert answer.headers["content-type"] == "application/problem+json", (what, answer)
        assert answer.json["status"] == answer.status and answer.json["title"], (what, answer)
    return answer


def test_bad_queries_are_refused(asker):
    before = asker.rows()
    for operation in asker.operations:
        for query in ("colour=red", "colour", "=", "a=%00", "a=%ff", "a=%", "a=%zz", "&".join("abcdefgh" * 20)):
            answer = operation.ask(asker.web, asker.key, path=f"{operation.path}?{query}")
            assert_problem(answer, (operation, query), 400)
        for name in operation.names("query"):
            if name in operation.lists():
                continue  # may stand there again and again
            answer = asker.web.get(f"{operation.path}?{name}=a&{name}=a", key=asker.key)
            assert_problem(answer, (operation, name), 400)
            assert answer.json["parameter"] == name
    assert asker.rows() == before


def test_bad_bodies_are_refused(asker):
    before, tested = asker.rows(), 0
    for operation in asker.operations:
        kinds = operation.kinds()
        if not kinds:
            continue
        tested += 1

        def send(body, kind=kinds[0], what=operation, **headers):
            return what.ask(asker.web, asker.key, body, **{"Content-Type": kind, **headers})

        for text in BAD_TEXTS:
            # No body at all may do where no member is needed: then it is the version or the name.
            statuses = (400, 404, 409, 412) if text == b"" else (400,)
            assert_problem(send(text), (operation, text[:50]), *statuses)
        for kind in ("text/plain", "application/json; charset=latin1", "application/xml"):
            assert_problem(send(b"{}", kind), (operation, kind), 415)
        assert_problem(send(b'{"a":"' + b"x" * (1 << 20) + b'"}'), operation, 413)
        if "application/json" in kinds:
            answer = assert_problem(send(b'{"unheard-of": 1}', "application/json"), operation, 400)
            assert answer.json["pointer"] == "/unheard-of", (operation, answer)
        for name, value in (("If-Match", "x"), ("If-Match", '"' + "9" * 30 + '"'), ("Idempotency-Key", "x" * 129)):
            assert_problem(send(b'{"unheard-of": 1}', **{name: value}), (operation, name), 400, 412)
    assert tested > 10
    assert asker.rows() == before


def assert_refused(answer, operation):
    """What the public schema forbids may be said first; nothing else is."""
    if assert_problem(answer, operation, 400, 401).status == 400:
        wanted = operation.kinds() or operation.required()
        assert wanted and answer.json["detail"] == "Is missing.", (operation, answer)


def test_who_may_not_is_refused(asker):
    before = asker.rows()
    for operation in asker.operations:
        for key in ("pia_" + "A" * 43, "x", "x" * 300):
            assert_refused(operation.ask(asker.web, key), operation)
        if operation.method != "GET" and operation.template not in FOR_EVERYONE:
            assert_refused(operation.ask(asker.web, None), operation)
    assert asker.rows() == before


def test_other_methods_are_refused_with_those_that_there_are(asker):
    before, known = asker.rows(), {}
    for operation in asker.operations:
        known.setdefault(operation.path, set()).add(operation.method)
    for path, methods in known.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - methods:
            answer = assert_problem(asker.web.ask(method, path, key=asker.key), (method, path), 405)
            assert methods <= set(answer.headers["allow"].split(", ")), (path, answer)
    assert asker.rows() == before


def test_bad_values_in_a_path_are_refused(asker):
    before = asker.rows()
    for operation in asker.operations:
        for name in operation.names("path"):
            for value in ("Pas%20Un", "%00", "%ff", "..", "%2e%2e%2f", "x" * 300, "'%3B--", "1" * 5000):
                path = operation.template.replace("{%s}" % name, value)
                for other in operation.names("path"):
                    path = path.replace("{%s}" % other, VALUES.get(other, str(uuid.UUID(int=7))))
                answer = operation.ask(asker.web, asker.key, path=path)
                assert_problem(answer, (operation, value), 400, 404, 405, 414)
    assert asker.rows() == before

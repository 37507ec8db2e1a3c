"""The gateway as its clients see it: raw bytes, HTTP with JSON, and event streams."""

import contextlib
import http.client
import json
import re
import socket
import time

from journal import wait_for_poles
from pia import SERVICES, Network

TIMEOUT_S = 20


class Answer:
    """Status, headers (lower case) and body of an answer."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:400]}"


class Gateway:
    """A pia-gateway of a network, on a port of its own."""

    def __init__(self, network, *options, env=None):
        self.network = network
        self.process = network.start("gateway", "--http.port", "0", *options, env=env, wait=False)
        network._wait_line(self.process, "listening on http://")
        found = re.search(r"http://127\.0\.0\.1:(\d+)", self.process.log.read_text())
        self.port = int(found.group(1))
        self.url = f"http://127.0.0.1:{self.port}"

    def connect(self, timeout=TIMEOUT_S):
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def raw(self, *pieces):
        """Sends bytes, returns all that comes until the connection ends."""
        with self.connect() as connection:
            for piece in pieces:
                connection.sendall(piece)
            return read_all(connection)

    def ask(self, method, path, body=None, key=None, headers=None):
        """One request; a body that is not bytes is sent as JSON."""
        headers = dict(headers or {})
        if key:
            headers["Authorization"] = f"Bearer {key}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, names, answer.read())
        finally:
            connection.close()

    def get(self, path, **how):
        return self.ask("GET", path, **how)

    def post(self, path, body=None, **how):
        return self.ask("POST", path, body, **how)

    def wait_ready(self):
        """Until the broker knows it."""
        until = time.monotonic() + TIMEOUT_S
        poll = self.network.client()
        while self.get("/readyz").status != 200:
            assert time.monotonic() < until, "the gateway is not ready"
            poll.call("service.ping", timeout=5, service="registry")

    def stream(self, path="/v1/stream", key=None, last_id=None):
        return Stream(self, path, key, last_id)


def read_all(connection):
    """Everything until the peer closes; a reset counts as its end."""
    data = b""
    try:
        while piece := connection.recv(65536):
            data += piece
    except ConnectionResetError:
        pass
    return data


class Stream:
    """A client of the event stream."""

    def __init__(self, gateway, path, key=None, last_id=None):
        headers = {"Accept": "text/event-stream"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        if last_id is not None:
            headers["Last-Event-ID"] = last_id
        self.connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=TIMEOUT_S)
        self.connection.request("GET", path, headers=headers)
        self.answer = self.connection.getresponse()
        self.last_id = last_id

    def block(self):
        """The next block as a dict of its fields ("": a comment); None at the end."""
        fields = {}
        while line := self.answer.readline():
            line = line.decode().rstrip("\n")
            if not line:
                self.last_id = fields.get("id", self.last_id)
                return fields
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        return None

    def event(self):
        """The next event that has data: (type, data); None at the end."""
        while (fields := self.block()) is not None:
            if "data" in fields:
                return fields.get("event", "message"), json.loads(fields["data"])
        return None

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@contextlib.contextmanager
def whole_network(*options, env=None, registry=(), database=None):
    """Everything up, with a gateway of these options in `.gateway`; `database`: of every service, each
    in a schema of its own."""
    with Network() as network:
        network.start_broker("--drain-ms", "200")
        network.start_redis()
        for service in SERVICES:
            own = (*((*network.few_communes(), *registry) if service == "registry" else ()),
                   *(("--database", f"{database}_{service}") if database else ()))
            network.start(service, *own, wait=False)
        for service in SERVICES:
            network.wait_ready(service)
        wait_for_poles(network)
        network.gateway = Gateway(network, *options, env=env)
        network.gateway.wait_ready()
        yield network

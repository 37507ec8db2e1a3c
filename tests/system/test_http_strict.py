"""Bytes that must not get through: each bad request gets its status and the end of its connection,
and whoever else is there feels nothing."""

import contextlib
import socket
import time

import pytest

from gateway import Gateway, read_all
from pia import Network

REQUEST_TIMEOUT_S = 0.7

HOST = b"Host: a\r\n"
POST = b"POST /v1/events HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
GET = b"GET /livez HTTP/1.1\r\n" + HOST

BAD = {
    "duplicate length": (POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
    "signed length": (POST + b"Content-Length: +5\r\n\r\nhello", 400),
    "length list": (POST + b"Content-Length: 5, 5\r\n\r\nhello", 400),
    "length with encoding": (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "encoding with length": (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    "other encoding": (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    "encoding with a tab": (POST + b"Transfer-Encoding: chun\tked\r\n\r\n0\r\n\r\n", 400),
    "encoding in 1.0": (POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "no host": (b"GET /livez HTTP/1.1\r\n\r\n", 400),
    "two hosts": (GET + HOST + b"\r\n", 400),
    "empty host": (b"GET /livez HTTP/1.1\r\nHost:\r\n\r\n", 400),
    "space before colon": (GET + b"X : y\r\n\r\n", 400),
    "name that is no token": (GET + b"X(y): z\r\n\r\n", 400),
    "obs-fold": (GET + b"X: y\r\n z\r\n\r\n", 400),
    "bare LF": (GET.replace(b"\r\n", b"\n") + b"\n", 400),
    "bare LF at the end": (GET + b"\n", 400),
    "NUL": (GET + b"X: a\x00b\r\n\r\n", 400),
    "control character": (GET + b"X: a\x08b\r\n\r\n", 400),
    "signed chunk": (CHUNKED + b"+3\r\nabc\r\n0\r\n\r\n", 400),
    "hexadecimal chunk": (CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n", 400),
    "space before chunk": (CHUNKED + b" 3\r\nabc\r\n0\r\n\r\n", 400),
    "chunk without CRLF": (CHUNKED + b"3\r\nabc0\r\n\r\n", 400),
    "empty chunk size": (CHUNKED + b"\r\n", 400),
    "chunk extension": (CHUNKED + b"3;x\r\nabc\r\n0\r\n\r\n", 400),
    "trailer": (CHUNKED + b"0\r\nX: y\r\n\r\n", 400),
    "huge chunk": (CHUNKED + b"FFFFFFFF\r\n", 413),
    "large length": (POST + b"Content-Length: 1048577\r\n\r\n", 413),
    "long target": (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n", 414),
    "long header": (GET + b"X: " + b"a" * 17000, 431),
    "many headers": (GET + b"X: y\r\n" * 200 + b"\r\n", 431),
    "head with a body": (b"HEAD / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nGET", 400),
    "connect": (b"CONNECT a:443 HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    "trace": (b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    "unknown method": (b"BREW / HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    "absolute target": (b"GET http://a/ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "http 2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 501),
    "http 1.2": (b"GET / HTTP/1.2\r\n" + HOST + b"\r\n", 505),
    "http 0.9": (b"GET /\r\n", 400),
    "tls": (b"\x16\x03\x01\x00\xa5\x01\x00\x00", 400),
    "expectation": (POST + b"Expect: gift\r\nContent-Length: 1\r\n\r\nx", 417),
}


@pytest.fixture(scope="module")
def gateway():
    """A gateway with short deadlines and nobody behind it: these requests go no further."""
    with Network() as network:
        yield Gateway(
            network, "--http.request_timeout_ms", f"{REQUEST_TIMEOUT_S * 1000:.0f}",
            "--http.answer_timeout_ms", "700", "--http.idle_timeout_ms", "1500", "--http.connections_max", "200",
            "--http.requests_mib", "1",
        )


@pytest.fixture
def other(gateway):
    """Somebody else, half-way through a request of theirs, for which they have a deadline, too."""
    with gateway.connect() as connection:
        began = time.monotonic()
        connection.sendall(GET)
        yield connection
        late = time.monotonic() - began > REQUEST_TIMEOUT_S / 2
        connection.sendall(b"Connection: close\r\n\r\n")
        answer = read_all(connection)
        assert answer.startswith(b"HTTP/1.1 200 ") or (late and answer.startswith(b"HTTP/1.1 408 "))


@pytest.mark.parametrize("name", BAD)
def test_bad_bytes_get_their_status_and_the_end(gateway, other, name):
    request, status = BAD[name]
    answer = gateway.raw(request)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer
    assert b"Connection: close\r\n" in answer
    if not request.startswith(b"HEAD"):
        assert b"application/problem+json" in answer
    assert answer.count(b"Content-Length: ") == 1  # nothing that follows is taken for a request


def test_smuggled_request_is_never_answered(gateway):
    """The bytes behind a refused request are not a second one."""
    smuggled = POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + GET + b"\r\n"
    answer = gateway.raw(smuggled)
    assert answer.startswith(b"HTTP/1.1 400 ") and answer.count(b"HTTP/1.1 ") == 1


def drip(connection, data):
    """Sends a byte every now and then until the peer has had enough; how long that took."""
    begun = time.monotonic()
    connection.settimeout(0.05)
    for byte in data:
        try:
            connection.sendall(bytes([byte]))
            connection.recv(1, socket.MSG_PEEK)
            break
        except socket.timeout:
            continue
        except OSError:
            break
    connection.settimeout(5)
    return time.monotonic() - begun


@pytest.mark.parametrize(
    "data", [GET + b"X: " + b"a" * 400, CHUNKED + b"1\r\na\r\n" * 100], ids=["head", "chunks"])
def test_dripping_client_is_cut(gateway, data):
    with gateway.connect() as connection:
        took = drip(connection, data)
        assert gateway.get("/livez").status == 200
        assert 0.4 < took < 5
        assert read_all(connection).startswith(b"HTTP/1.1 408 ")


def test_silent_client_is_cut(gateway):
    with gateway.connect() as connection:
        assert read_all(connection) == b""


def test_stalled_body_is_cut(gateway):
    with gateway.connect() as connection:
        connection.sendall(POST + b"Content-Length: 100\r\n\r\nhalf")
        assert read_all(connection).startswith(b"HTTP/1.1 408 ")


def test_reader_that_does_not_read_is_cut(gateway):
    with gateway.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        request = b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"\r\n"
        with pytest.raises(OSError):
            while True:  # until the gateway's buffers are full and its patience is over
                connection.sendall(request)


def test_pipelined_requests_are_answered_in_turn(gateway):
    answer = gateway.raw((GET + b"\r\n") * 20 + GET + b"Connection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200 ") == 21


def test_pipelined_input_is_not_read_without_bound(gateway, other):
    """Requests are read as they are answered; a client that never reads is held back."""
    with gateway.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(0.3)
        sent = 0
        try:
            while sent < 64 << 20:
                sent += connection.send((GET + b"\r\n") * 100)
        except OSError:
            pass
        assert sent < 32 << 20


def test_head_has_no_body(gateway):
    whole = gateway.raw(b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    head = gateway.raw(b"HEAD / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    length = whole.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]
    assert head.endswith(b"\r\n\r\n") and b"Content-Length: " + length in head


def test_large_answers_are_whole_at_the_end_of_a_connection(gateway):
    answer = gateway.raw(b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert len(body) > 20000


def test_continue_is_said(gateway):
    with gateway.connect() as connection:
        connection.sendall(
            b"POST /v1/events HTTP/1.1\r\n" + HOST +
            b"Expect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n")
        assert connection.recv(64).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"{}")
        assert read_all(connection).startswith(b"HTTP/1.1 415 ")


def test_connections_are_bounded(gateway):
    """More than there may be wait in the queue, and get their turn."""
    many = [gateway.connect() for _ in range(220)]
    for connection in many:
        connection.close()
    assert gateway.get("/livez").status == 200


def test_large_requests_are_bounded_in_all(gateway):
    """Who sends much while others do is refused; who asks for little never is."""
    head = POST + b"Content-Length: 900000\r\n\r\n"
    with gateway.connect() as first, gateway.connect() as second:
        first.sendall(head + b"x" * 200000)
        with contextlib.suppress(ConnectionError):  # refused while it sends
            second.sendall(head + b"x" * 900000)
        assert gateway.get("/livez").status == 200
        assert read_all(second).startswith(b"HTTP/1.1 503 ")
        assert read_all(first).startswith(b"HTTP/1.1 408 ")
    whole = POST + b"Connection: close\r\nContent-Length: 900000\r\n\r\n" + b"x" * 900000
    answer, until = b"", time.monotonic() + 10
    while not answer.startswith(b"HTTP/1.1 415 "):  # what they held is soon free again
        assert time.monotonic() < until, answer
        with contextlib.suppress(ConnectionError):
            answer = gateway.raw(whole)


def test_what_was_refused_is_counted(gateway):
    text = gateway.get("/metrics").body.decode()
    assert "pia_http_refused_total{" in text and "pia_http_deadlines_total{" in text

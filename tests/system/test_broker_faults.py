"""The broker when peers die, stall, flood or talk nonsense, and when it is told to leave."""

import os
import signal
import socket as sockets
import subprocess
import sys

import pytest

from mdp import FINAL, REDELIVER, REQUEST, HEADER, W_FINAL, Timeout, header, read_header

WORKER = """
import sys
sys.path.insert(0, sys.argv[1])
from mdp import Worker
worker = Worker(sys.argv[2], b"echo", int(sys.argv[3]) or None)
while True:
    worker.take(60)
    print("taken", flush=True)
"""


def deaf_worker(network, window=0):
    """A worker in a process of its own that takes requests, says so, and never answers."""
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, os.path.dirname(__file__), network.endpoint("broker"),
         str(window)],
        stdout=subprocess.PIPE, text=True,
    )


def end(process):
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_killed_workers_request_goes_to_another_if_its_flag_allows_it(broker):
    process, client = deaf_worker(broker, 4), broker.client()
    identifier = client.send_call(1, {"n": 1}, service="echo", timeout=30, flags=REDELIVER)
    assert process.stdout.readline() == "taken\n"
    end(process)
    worker = broker.worker(b"echo", 4)
    address, request = worker.take(20)
    assert read_header(request[0])[2] == identifier
    worker.answer(address, request, {"by": "another"})
    assert client.answer(identifier).body == {"by": "another"}
    assert client.stats()["redelivered"] == 1


def test_a_killed_workers_request_is_unavailable_if_its_flag_forbids_it(broker):
    process, client = deaf_worker(broker, 4), broker.client()
    identifier = client.send_call(1, {"n": 1}, service="echo", timeout=30)
    assert process.stdout.readline() == "taken\n"
    worker = broker.worker(b"echo", 4)
    end(process)
    answer = client.answer(identifier, 20)
    assert answer.status == 503
    assert answer.body["status"] == "unavailable"
    assert worker.has_no_request()


def test_a_killed_plain_workers_request_goes_to_another(broker):
    process, client = deaf_worker(broker), broker.client()
    client.ask(b"echo", b"x")
    assert process.stdout.readline() == "taken\n"
    end(process)
    worker = broker.worker(b"echo")
    address, body = worker.take(20)
    worker.final(address, *body)
    assert client.reply()[2] == [b"x"]


def test_a_partly_answered_request_is_not_repeated(broker):
    worker, client = broker.worker(b"echo"), broker.client()
    client.ask(b"echo", b"x")
    address, _ = worker.take()
    worker.partial(address, b"half")
    worker.send(b"nonsense")
    assert client.reply()[2] == [b"half"]
    command, _, body = client.reply()
    assert command == FINAL and body[0].startswith(b"503 unavailable: ")


def test_a_request_that_kills_its_workers_is_given_up(pia):
    pia.start_broker("--deliveries-max", "2")
    client = pia.client()
    identifier = client.send_call(1, service="echo", timeout=30, flags=REDELIVER)
    for _ in range(2):
        worker = pia.worker(b"echo", 1)
        worker.take()
        worker.send(b"nonsense")
    assert client.answer(identifier).status == 503


def test_a_stopped_workers_requests_time_out_and_its_late_answers_are_dropped(broker):
    worker, client = broker.worker(b"echo", 4), broker.client()
    identifier = client.send_call(1, service="echo", timeout=0.2)
    address, request = worker.take()
    answer = client.answer(identifier)
    assert (answer.status, answer.body["status"]) == (504, "timeout")
    worker.answer(address, request, {"too": "late"})
    second = client.send_call(1, service="echo")
    worker.answer(*worker.take(), {"in": "time"})
    assert client.answer(second).body == {"in": "time"}
    assert client.is_silent()
    assert client.stats()["late"] == 1


def test_a_request_times_out_in_the_queue(broker):
    client = broker.client()
    answer = client.call(1, service="nobody", timeout=0.1)
    assert (answer.status, answer.body["status"]) == (504, "timeout")
    assert "nobody" in answer.body["detail"]
    assert client.stats()["queued"] == 0


@pytest.mark.parametrize(
    "flags,value,status", [(0, 0, 504), (0, 60001, 400), (0, 2**64 - 1, 400), (128, 1000, 400)]
)
def test_a_bad_header_is_refused(broker, flags, value, status):
    client = broker.client()
    identifier = b"0123456789abcdef"
    client.ask(b"echo", header(1, identifier, flags, value), b"", b"{}")
    assert client.answer(identifier).status == status


def test_a_header_of_another_version_is_a_plain_body(broker):
    client, worker = broker.client(), broker.worker(b"echo")
    frame = HEADER.pack(b"PIA1", 2, 0, 1, b"0" * 16, 0)
    client.ask(b"echo", frame)
    assert worker.take()[1] == [frame]


def test_a_full_queue_refuses_at_once(pia):
    pia.start_broker("--queue-max", "2")
    client, other = pia.client(), pia.client()
    ids = [client.send_call(1, service="echo", timeout=30) for _ in range(3)]
    refused = client.answer(ids[2])
    assert (refused.status, refused.body["status"]) == (503, "unavailable")
    client.ask(b"echo", b"plain")
    command, _, body = client.reply()
    assert command == FINAL and body[0].startswith(b"503 unavailable: ")
    other.ask(b"elsewhere", b"x")  # other services feel nothing
    worker = pia.worker(b"elsewhere")
    address, _ = worker.take()
    worker.final(address, b"y")
    assert other.reply()[2] == [b"y"]
    worker = pia.worker(b"echo", 8)
    for _ in range(2):
        worker.answer(*worker.take())
    assert [client.answer(i).status for i in ids[:2]] == [200, 200]


def test_memory_for_requests_is_bounded(pia):
    pia.start_broker("--queue-bytes-max", "100000")
    client = pia.client()
    for _ in range(2):
        client.ask(b"echo", b"x" * 60000)
    client.ask(b"other", b"x")
    assert client.reply()[2][0].startswith(b"503 unavailable: ")


def test_the_number_of_services_is_bounded(pia):
    pia.start_broker("--services-max", "3")
    client, worker = pia.client(), pia.worker(b"echo")
    while client.request(b"mmi.service", b"echo") != [b"200"]:
        pass
    for n in range(3):
        client.ask(b"service-%d" % n, b"x")
    assert client.reply()[2][0].startswith(b"503 unavailable: ")
    client.ask(b"echo", b"x")
    worker.take()


def test_the_number_of_workers_is_bounded(pia):
    pia.start_broker("--workers-max", "2")
    for _ in range(2):
        with_request(pia)
    pia.worker(b"echo").expect_disconnect()


def with_request(network):
    """A worker that is surely registered."""
    worker, client = network.worker(b"echo"), network.client()
    client.ask(b"echo", b"x")
    worker.take()


def test_an_answer_for_a_client_that_is_gone_is_dropped(broker):
    worker, other = broker.worker(b"echo"), broker.client()
    for _ in range(100):  # a socket may still be known for a moment after it closed
        client = broker.client()
        client.ask(b"echo", b"x")
        address, _ = worker.take()
        client.socket.close(linger=0)
        other.ask(b"echo", b"y")  # waits for the worker
        worker.final(address, b"answer")
        address, body = worker.take()
        worker.final(address, *body)
        assert other.reply()[2] == body
        if other.stats()["client_gone"] == 1:
            return
    raise AssertionError("no answer was counted as undeliverable")


def test_an_oversized_message_closes_its_connection_and_nobody_elses(broker):
    worker, client, other = broker.worker(b"echo"), broker.client(), broker.client()
    client.ask(b"echo", b"x" * (3 << 20))
    other.ask(b"echo", b"x" * (1 << 20))
    address, body = worker.take()
    assert len(body[0]) == 1 << 20
    worker.final(address, b"y")
    assert other.reply()[2] == [b"y"]
    assert worker.has_no_request()


def test_nonsense_of_one_peer_is_not_felt_by_another(broker):
    worker, client = broker.worker(b"echo", 16), broker.client()
    noise = broker.client()
    for n in range(2000):
        noise.send(*[os.urandom(n % 40) for _ in range(n % 20 + 1)])
        noise.send(b"MDPC02", REQUEST)
        noise.send(b"MDPW02", W_FINAL, b"x", b"", b"y")
        if n % 100 == 0:
            identifier = client.send_call(1, {"n": n}, service="echo")
            worker.answer(*worker.take(), {"n": n})
            assert client.answer(identifier).body == {"n": n}
    assert sum(client.stats()["dropped"].values()) > 1000


def test_raw_bytes_on_the_socket_are_not_felt(broker):
    path = str(broker.data / "run/broker.sock")
    for noise in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" + b"\0" * 63, os.urandom(4096), b""):
        with sockets.socket(sockets.AF_UNIX) as raw:
            raw.connect(path)
            raw.sendall(noise)
    assert broker.client().request(b"mmi.service", b"x") == [b"404"]


def test_a_second_broker_on_the_same_socket_is_refused(broker):
    second = broker.start("broker", expected=(1,), wait=False)
    assert second.wait() == 1
    assert broker.client().request(b"mmi.service", b"x") == [b"404"]


def test_a_broker_takes_over_the_socket_of_a_killed_one(pia):
    pia.start_broker().kill()
    pia.start_broker()


@pytest.mark.parametrize(
    "options",
    [["--endpoint", "tcp://0.0.0.0:5555"], ["--liveness", "2"], ["--unknown", "1"],
     ["--endpoint", "ipc://run/" + "x" * 120], ["--log-level", "loud"]],
)
def test_bad_settings_are_refused(pia, options):
    assert pia.start("broker", *options, expected=(2,), wait=False).wait() == 2


def test_drain_finishes_what_is_in_flight_and_refuses_what_is_new(pia):
    process = pia.start_broker()
    worker, client = pia.worker(b"echo", 4), pia.client()
    first = client.send_call(1, service="echo", timeout=30)
    taken = worker.take()
    process.signal(signal.SIGTERM)
    while client.stats()["state"] != "draining":
        pass
    assert client.call(1, service="echo").status == 503
    worker.answer(*taken, {"done": True})
    assert client.answer(first).body == {"done": True}
    worker.expect_disconnect()
    assert process.wait() == 0


def test_drain_is_bounded_and_what_is_left_is_unavailable(pia):
    process = pia.start_broker("--drain-ms", "100")
    worker, client = pia.worker(b"echo", 1), pia.client()
    ids = [client.send_call(1, service="echo", timeout=30) for _ in range(2)]
    worker.take()
    process.signal(signal.SIGTERM)
    assert [client.answer(i).status for i in ids] == [503, 503]
    worker.expect_disconnect()
    assert process.wait() == 0


def test_a_drained_broker_sends_its_last_answers(pia):
    process = pia.start_broker()
    worker, client = pia.worker(b"echo", 1000), pia.client()
    ids = [client.send_call(1, service="echo", timeout=30) for _ in range(1000)]
    taken = [worker.take() for _ in ids]
    process.signal(signal.SIGTERM)
    for address, request in taken:
        worker.answer(address, request, {"text": "x" * 4000})
    assert all(client.answer(i).status == 200 for i in ids)
    assert process.wait() == 0


def test_a_second_signal_ends_the_broker_at_once(pia):
    process = pia.start_broker("--drain-ms", "600000")
    process.expected |= {1}
    worker, client = pia.worker(b"echo", 1), pia.client()
    client.send_call(1, service="echo", timeout=60)
    worker.take()
    process.signal(signal.SIGTERM)
    while client.stats()["state"] != "draining":
        pass
    process.signal(signal.SIGTERM)
    assert process.wait() == 1


def test_the_same_identity_twice_belongs_to_the_newer_socket(broker):
    worker = broker.worker(b"echo")
    old = broker.client(b"client-1")
    assert old.request(b"mmi.service", b"echo") in ([b"200"], [b"404"])
    new = broker.client(b"client-1")
    assert new.request(b"mmi.service", b"echo") == [b"200"]
    new.ask(b"echo", b"x")
    address, body = worker.take()
    worker.final(address, *body)
    assert new.reply()[2] == [b"x"]
    with pytest.raises(Timeout):
        old.receive(0)

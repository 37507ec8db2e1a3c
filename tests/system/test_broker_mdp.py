"""18/MDP at the broker: each conformance rule, and each command's good and bad frames."""

import json

import pytest

from mdp import (
    ANSWER, DISCONNECT, FINAL, HEARTBEAT, PARTIAL, READY, REQUEST, W_FINAL, W_PARTIAL, header,
    read_header,
)


def dropped(client, reason):
    return client.stats()["dropped"].get(reason, 0)


def test_a_request_reaches_a_worker_and_its_answer_the_client(broker):
    worker, client = broker.worker(b"echo"), broker.client()
    client.ask(b"echo", b"one", b"", b"three")
    address, body = worker.take()
    assert body == [b"one", b"", b"three"]
    worker.final(address, b"four", b"five")
    assert client.reply() == (FINAL, b"echo", [b"four", b"five"])


def test_rule_1_a_leading_empty_frame_is_dropped(broker):
    client, other = broker.client(), broker.client()
    client.send(b"", b"MDPC02", REQUEST, b"mmi.service", b"echo")
    client.ask(b"mmi.service", b"echo")
    assert client.reply() == (FINAL, b"mmi.service", [b"404"])
    assert client.is_silent()
    assert dropped(other, "leading_empty") == 1


def test_rule_2_partials_then_one_final_then_silence(broker):
    worker, client = broker.worker(b"echo"), broker.client()
    client.ask(b"echo", b"x")
    address, _ = worker.take()
    for n in range(3):
        worker.partial(address, b"part %d" % n)
    worker.final(address, b"end")
    worker.final(address, b"too much")
    replies = [client.reply() for _ in range(4)]
    assert [r[0] for r in replies] == [PARTIAL] * 3 + [FINAL]
    assert [r[2][0] for r in replies] == [b"part 0", b"part 1", b"part 2", b"end"]
    worker.expect_disconnect()
    assert client.request(b"mmi.service", b"echo") == [b"404"]
    assert client.is_silent()


def test_rule_3_a_request_for_an_unknown_service_waits_for_a_worker(broker):
    client = broker.client()
    client.ask(b"later", b"x")
    assert client.request(b"mmi.service", b"later") == [b"404"]
    worker = broker.worker(b"later")
    address, body = worker.take()
    worker.final(address, *body)
    assert client.reply() == (FINAL, b"later", [b"x"])


def test_rule_3_a_request_for_an_unknown_service_expires(pia):
    pia.start_broker("--plain-expiry-ms", "100")
    command, service, body = pia_reply(pia.client(), b"nobody")
    assert (command, service) == (FINAL, b"nobody")
    assert body[0].startswith(b"504 timeout: ")


def pia_reply(client, service):
    client.ask(service, b"x")
    return client.reply()


@pytest.mark.parametrize("window", [None, 8])
def test_rule_4_a_second_ready_is_answered_by_disconnect_and_then_nothing(broker, window):
    worker, client = broker.worker(b"echo", window), broker.client()
    worker.ready(b"echo", window)
    worker.expect_disconnect()
    worker.ready(b"echo", window)
    client.ask(b"echo", b"x")
    assert client.request(b"mmi.service", b"echo") == [b"404"]
    assert worker.is_silent()
    assert dropped(client, "second_ready") == 2 - dropped(client, "after_disconnect")


@pytest.mark.parametrize("magic", [b"MDPW02", b"PIAW01"])
@pytest.mark.parametrize(
    "frames", [[HEARTBEAT], [W_PARTIAL, b"addr", b"", b"x"], [W_FINAL, b"addr", b"", b"x"]]
)
def test_rule_5_a_command_before_ready_is_answered_by_disconnect_once(broker, magic, frames):
    worker = broker.worker()
    worker.magic = magic
    worker.send(magic, *frames)
    worker.expect_disconnect()
    worker.send(magic, *frames)
    client = broker.client()
    client.stats()
    assert worker.is_silent()


def test_rule_5_an_answer_without_a_request_is_answered_by_disconnect(broker):
    worker = broker.worker(b"echo")
    worker.final(b"nobody", b"x")
    worker.expect_disconnect()


def test_rule_5_a_worker_registers_again_after_the_broker_was_restarted(pia):
    first = pia.start_broker()
    worker = pia.worker(b"echo")
    with pia.client() as client:
        while client.request(b"mmi.service", b"echo") != [b"200"]:
            pass
    first.kill()
    pia.start_broker()
    worker.expect_disconnect()
    again = pia.worker(b"echo")
    client = pia.client()
    client.ask(b"echo", b"x")
    address, body = again.take()
    again.final(address, *body)
    assert client.reply()[2] == [b"x"]


INVALID = {
    "short": [
        [b"MDPC02"],
        [b"MDPC02", REQUEST],
        [b"MDPC02", REQUEST, b"mmi.service"],
        [b"MDPW02"],
        [b"MDPW02", READY],
        [b"PIAW01", READY, b"echo"],
        [b"MDPW02", W_FINAL, b"addr", b""],
        [b"MDPW02", W_PARTIAL, b"addr"],
    ],
    "long": [
        [b"MDPW02", READY, b"echo", b""],
        [b"MDPW02", HEARTBEAT, b""],
        [b"MDPW02", DISCONNECT, b""],
        [b"PIAW01", READY, b"echo", b'{"window": 1}', b""],
        [b"MDPC02", REQUEST, b"echo", *[b"x"] * 12],
        [b"MDPC02", REQUEST, b"echo", *[b"x"] * 100],
    ],
    "magic": [
        [b"MDPC01", REQUEST, b"echo", b"x"],
        [b"MDPX02", READY, b"echo"],
        [b"mdpw02", HEARTBEAT],
        [b"MDPC02 ", REQUEST, b"echo", b"x"],
        [b"\xff" * 6, b"\x00"],
        [b"PIAD01", b"\x01"],
    ],
    "command": [
        [b"MDPC02", b"\x02", b"echo", b"x"],
        [b"MDPC02", b"\x03", b"echo", b"x"],
        [b"MDPC02", b"\x00", b"echo", b"x"],
        [b"MDPC02", b"", b"echo", b"x"],
        [b"MDPC02", b"\x01\x01", b"echo", b"x"],
        [b"MDPW02", b"\x02", b"addr", b"", b"x"],
        [b"MDPW02", b"\x07"],
        [b"PIAW01", b"\xff"],
    ],
    "service_name": [
        [b"MDPC02", REQUEST, b"", b"x"],
        [b"MDPC02", REQUEST, b"x" * 65, b"x"],
        [b"MDPC02", REQUEST, b"e\x00cho", b"x"],
        [b"MDPC02", REQUEST, "étage".encode(), b"x"],
        [b"MDPW02", READY, b""],
        [b"MDPW02", READY, b"two words"],
        [b"PIAW01", READY, b"new\nline", b'{"window": 1}'],
    ],
    "window": [
        [b"PIAW01", READY, b"echo", b""],
        [b"PIAW01", READY, b"echo", b"{}"],
        [b"PIAW01", READY, b"echo", b'{"window": 0}'],
        [b"PIAW01", READY, b"echo", b'{"window": -1}'],
        [b"PIAW01", READY, b"echo", b'{"window": 4097}'],
        [b"PIAW01", READY, b"echo", b'{"window": "8"}'],
        [b"PIAW01", READY, b"echo", b'{"window": 8'],
        [b"PIAW01", READY, b"echo", b'{"window": 8, "window": 9}'],
        [b"PIAW01", READY, b"echo", b'{"window": 8, "version": "' + b"x" * 300 + b'"}'],
        [b"PIAW01", READY, b"echo", b"[" * 200],
    ],
    "address": [
        [b"MDPW02", W_FINAL, b"", b"", b"x"],
        [b"MDPW02", W_FINAL, b"a" * 256, b"", b"x"],
        [b"PIAW01", W_PARTIAL, b"", b"", b"x"],
    ],
    "delimiter": [
        [b"MDPW02", W_FINAL, b"addr", b"body", b"x"],
        [b"PIAW01", W_PARTIAL, b"addr", b"body", b"x"],
    ],
}


@pytest.mark.parametrize(
    "reason,frames", [(reason, frames) for reason, all_ in INVALID.items() for frames in all_]
)
def test_rule_6_an_invalid_message_is_dropped_and_counted(broker, reason, frames):
    peer, client = broker.client(), broker.client()
    peer.send(*frames)
    peer.ask(b"mmi.service", b"echo")
    assert peer.reply() == (FINAL, b"mmi.service", [b"404"])
    assert client.stats()["dropped"] == {reason: 1}


def test_rule_6_a_worker_that_talks_nonsense_is_no_worker_any_more(broker):
    worker, client = broker.worker(b"echo"), broker.client()
    worker.send(b"nonsense", b"x")
    worker.expect_disconnect()
    assert client.request(b"mmi.service", b"echo") == [b"404"]


def test_rule_7_an_answer_without_its_empty_frame_is_invalid(broker):
    worker, client = broker.worker(b"echo"), broker.client()
    client.ask(b"echo", b"x")
    address, _ = worker.take()
    worker.send(b"MDPW02", W_FINAL, address, b"not empty", b"body")
    worker.expect_disconnect()
    assert dropped(broker.client(), "delimiter") == 1
    assert client.is_silent()


def test_rule_8_a_silent_worker_is_purged_and_its_request_given_to_another(pia):
    pia.start_broker("--heartbeat-ms", "50", "--liveness", "3")
    silent, client = pia.worker(b"echo"), pia.client()
    client.ask(b"echo", b"x")
    silent.take()
    heard = silent.receive()
    assert heard == [b"MDPW02", HEARTBEAT]
    silent_until_disconnect(silent)
    other = pia.worker(b"echo")
    address, body = other.take()
    assert body == [b"x"]
    other.final(address, b"done")
    assert client.reply() == (FINAL, b"echo", [b"done"])
    assert client.stats()["lost"] == 1


def silent_until_disconnect(worker):
    """Reads without a word of its own."""
    while worker.receive()[1] != DISCONNECT:
        pass


def test_rule_8_heartbeats_keep_a_worker(pia):
    pia.start_broker("--heartbeat-ms", "100", "--liveness", "10")
    worker, client = pia.worker(b"echo"), pia.client()
    for _ in range(15):
        assert worker.receive() == [b"MDPW02", HEARTBEAT]
        worker.heartbeat()
    assert client.request(b"mmi.service", b"echo") == [b"200"]


def test_rule_9_after_disconnect_the_worker_comes_back_on_a_new_socket(broker):
    worker = broker.worker(b"echo", identity=b"worker-1")
    worker.ready(b"echo")
    worker.expect_disconnect()
    worker.close()
    again, client = broker.worker(b"echo", identity=b"worker-1"), broker.client()
    client.ask(b"echo", b"x")
    assert again.take()[1] == [b"x"]


def wait_until(client, service, answer):
    """Asks mmi.service again and again; each round trip lets the broker go on."""
    while client.request(b"mmi.service", service) != [answer]:
        pass


def test_a_worker_that_says_goodbye_gets_no_answer_and_no_request(broker):
    worker, client = broker.worker(b"echo"), broker.client()
    wait_until(client, b"echo", b"200")
    worker.disconnect()
    wait_until(client, b"echo", b"404")
    client.ask(b"echo", b"x")
    client.stats()
    assert worker.is_silent()


def test_rule_10_one_identity_works_for_one_service(broker):
    worker = broker.worker(b"one")
    worker.ready(b"two")
    worker.expect_disconnect()
    assert broker.client().request(b"mmi.service", b"two") == [b"404"]


@pytest.mark.parametrize("name", [b"mmi.service", b"mmi.", b"mmi.mine"])
def test_rule_11_no_worker_serves_mmi(broker, name):
    worker = broker.worker(name)
    worker.expect_disconnect()
    assert dropped(broker.client(), "mmi_ready") == 1


def test_rule_11_mmi_service_knows_who_is_there(broker):
    client = broker.client()
    assert client.request(b"mmi.service", b"echo") == [b"404"]
    worker = broker.worker(b"echo")
    client.ask(b"echo", b"x")
    worker.take()
    assert client.request(b"mmi.service", b"echo") == [b"200"]


@pytest.mark.parametrize("name", [b"mmi.echo", b"mmi.", b"mmi.services2"])
def test_rule_11_unknown_mmi_is_501(broker, name):
    assert broker.client().request(name, b"x") == [b"501"]


def test_mmi_services_lists_services_workers_windows_queues_and_control_sessions(broker):
    broker.worker(b"registry", 16)
    broker.worker(b"registry", 8)
    control = broker.worker(b"registry#registry-1", 4)
    client, asker = broker.client(), broker.client()
    client.ask(b"registry#registry-1", b"x")
    control.take()
    asker.ask(b"nobody", b"x")
    for _ in range(2):  # READY of both has been seen by the second answer at the latest
        answer = asker.services()
    services = {s["service"]: s for s in answer["services"]}
    assert services["registry"]["workers"] == 2
    assert services["registry"]["window"] == 24
    assert services["registry"]["versions"] == ["test", "test"]
    assert services["nobody"] == {
        "service": "nobody", "workers": 0, "window": 0, "in_flight": 0, "queued": 1, "versions": [],
    }
    assert answer["control"] == ["registry#registry-1"]


def test_mmi_answers_with_our_header_when_asked_with_it(broker):
    client = broker.client()
    assert client.call(0, service="mmi.services").body["services"] == []
    assert client.call(0, service="mmi.stats").body["state"] == "active"
    assert client.call(0, {"service": "echo"}, service="mmi.service").status == 404
    assert client.call(0, {}, service="mmi.service").status == 400
    assert client.call(0, service="mmi.unknown").status == 404


def test_a_worker_that_asks_is_sent_away(broker):
    worker = broker.worker(b"echo")
    worker.send(b"MDPC02", REQUEST, b"echo", b"x")
    worker.expect_disconnect()


def test_a_worker_may_not_change_its_dialect(broker):
    worker = broker.worker(b"echo", 4)
    worker.send(b"MDPW02", HEARTBEAT)
    worker.expect_disconnect()


def test_identities_are_opaque_bytes(broker):
    identity = b"\x01" + bytes(range(254))
    client, worker = broker.client(identity), broker.worker(b"echo")
    client.ask(b"echo", b"x")
    address, _ = worker.take()
    assert address == identity
    worker.final(address, b"y")
    assert client.reply()[2] == [b"y"]


def test_a_plain_worker_may_serve_a_request_with_our_header(broker):
    worker, client = broker.worker(b"echo"), broker.client()
    identifier = client.send_call(7, {"a": 1}, service="echo", timeout=5)
    address, (head, token, body) = worker.take()
    flags, number, echoed, left = read_header(head)
    assert (flags, number, echoed) == (0, 7, identifier)
    assert 0 < left <= 5000
    assert (token, json.loads(body)) == (b"", {"a": 1})
    worker.final(address, header(200, identifier, ANSWER, 3), b'{"b": 2}')
    answer = client.answer(identifier)
    assert (answer.status, answer.body, answer.version) == (200, {"b": 2}, 3)


def test_requests_are_served_in_turn_by_all_workers(broker):
    workers = [broker.worker(b"echo") for _ in range(3)]
    client = broker.client()
    for round_ in range(2):
        for n in range(3):
            client.ask(b"echo", b"%d" % n)
        for worker in workers:
            address, body = worker.take()
            worker.final(address, *body)
        assert sorted(client.reply()[2][0] for _ in range(3)) == [b"0", b"1", b"2"], round_


def test_requests_wait_in_order(broker):
    client = broker.client()
    for n in range(50):
        client.ask(b"echo", b"%d" % n)
    client.stats()
    worker = broker.worker(b"echo")
    for n in range(50):
        address, body = worker.take()
        assert body == [b"%d" % n]
        worker.final(address, *body)
        assert client.reply()[2] == [b"%d" % n]

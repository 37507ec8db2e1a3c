"""PIAW01: workers with a window."""

from mdp import ANSWER, W_FINAL, header, read_header


def test_a_worker_gets_as_many_requests_as_its_window_and_no_more(broker):
    worker, client = broker.worker(b"echo", 3), broker.client()
    ids = [client.send_call(1, {"n": n}, service="echo") for n in range(5)]
    taken = [worker.take() for _ in range(3)]
    stats = client_stats(broker)
    assert (stats["in_flight"], stats["queued"]) == (3, 2)
    assert worker.has_no_request()
    worker.answer(*taken[1], {"n": 1})
    taken.append(worker.take())
    for address, request in (taken[3], taken[0], taken[2]):
        worker.answer(address, request, {})
    taken.append(worker.take())
    worker.answer(*taken[4])
    assert [read_header(request[0])[2] for _, request in taken] == ids
    assert client.answer(ids[1]).body == {"n": 1}
    assert all(client.answer(i).status == 200 for i in (ids[0], ids[2], ids[3], ids[4]))


def client_stats(network):
    with network.client() as client:
        return client.stats()


def test_answers_in_any_order_find_their_clients(broker):
    worker = broker.worker(b"echo", 64)
    clients = [broker.client() for _ in range(4)]
    sent = [(c, c.send_call(1, service="echo")) for _ in range(8) for c in clients]
    taken = {read_header(request[0])[2]: (a, request) for a, request in (worker.take() for _ in sent)}
    for n, (_, identifier) in reversed(list(enumerate(sent))):
        worker.answer(*taken[identifier], {"n": n})
    for n, (client, identifier) in enumerate(sent):
        assert client.answer(identifier).body == {"n": n}


def test_plain_requests_of_one_client_are_answered_in_their_order(broker):
    worker, client = broker.worker(b"echo", 8), broker.client()
    for n in range(4):
        client.ask(b"echo", b"%d" % n)
    for _ in range(4):
        address, body = worker.take()
        worker.final(address, *body)
    assert [client.reply()[2][0] for _ in range(4)] == [b"0", b"1", b"2", b"3"]


def test_an_answer_with_an_unknown_id_sends_the_worker_away(broker):
    worker, client = broker.worker(b"echo", 8), broker.client()
    client.send_call(1, service="echo")
    address, _ = worker.take()
    worker.final(address, header(200, b"\xee" * 16, ANSWER, 0), b"{}")
    worker.expect_disconnect()
    assert client_stats(broker)["dropped"] == {"no_request": 1}


def test_a_leaving_worker_answers_what_it_has_and_is_then_released(broker):
    worker, client = broker.worker(b"echo", 4), broker.client()
    first, second = (client.send_call(1, service="echo") for _ in range(2))
    taken = [worker.take() for _ in range(2)]
    worker.disconnect()
    worker.answer(*taken[0], {"n": 0})
    assert client.answer(first).body == {"n": 0}  # so the broker knows that it leaves
    third = client.send_call(1, service="echo")
    assert client.stats()["queued"] == 1
    worker.answer(*taken[1], {"n": 1})
    worker.expect_disconnect()
    assert client.answer(second).body == {"n": 1}
    other = broker.worker(b"echo", 4)
    other.answer(*other.take(), {"n": 2})
    assert client.answer(third).body == {"n": 2}


def test_a_leaving_worker_with_nothing_to_do_is_released_at_once(broker):
    worker = broker.worker(b"echo", 4)
    worker.disconnect()
    worker.expect_disconnect()
    assert client_stats(broker)["left"] == 1


def test_a_window_of_4096_is_filled(broker):
    worker, client = broker.worker(b"echo", 4096), broker.client()
    ids = [client.send_call(1, service="echo", timeout=60) for _ in range(4096)]
    taken = [worker.take() for _ in ids]
    for address, request in taken:
        worker.answer(address, request)
    assert all(client.answer(i).status == 200 for i in ids)


def test_the_broker_subtracts_the_time_it_held_a_request(broker):
    client = broker.client()
    identifier = client.send_call(1, service="echo", timeout=30)
    while client_stats(broker)["uptime_ms"] < 300:
        pass
    worker = broker.worker(b"echo", 1)
    address, request = worker.take()
    assert 0 < read_header(request[0])[3] < 30000
    worker.send(worker.magic, W_FINAL, address, b"", header(200, identifier, ANSWER, 0), b"{}")
    assert client.answer(identifier).status == 200

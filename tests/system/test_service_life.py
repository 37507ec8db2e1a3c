"""The life of a service's process: standby, takeover, drain, a second signal, a failing disk; and that
what was answered is in the journal, whatever died meanwhile. The registry stands for all of them."""

import json
import os
import shutil
import signal
import subprocess
import time

import mdp
import pytest

STRUCTURE = {"demonstration": True}


def start_registry(network, instance, *options, **how):
    return network.start("registry", "--redis", "", "--instance", instance, *network.few_communes(),
                         *options, **how)


def state(network, instance):
    try:
        with network.client() as client:
            return client.call(
                "service.info", timeout=2.0, service=f"registry#{instance}"
            ).body.get("state")
    except mdp.Timeout:
        return None


def wait_until(is_true, what, timeout=30):
    """By asking, which waits by itself; for at most `timeout` seconds."""
    until = time.monotonic() + timeout
    while not is_true():
        assert time.monotonic() < until, what


def wait_state(network, instance, wanted):
    wait_until(lambda: state(network, instance) == wanted, f"{instance} is not {wanted}")


class Load:
    """Keeps `width` requests in flight and collects what comes back."""

    def __init__(self, network, width=20):
        self.client = network.client()
        self.token = network.token()
        self.width, self.statuses, self.waiting = width, [], []
        self.sent = 0

    def send(self):
        self.sent += 1
        body = {"name": f"Structure {self.sent}", "idempotency_key": f"load-{self.sent}", **STRUCTURE}
        self.waiting.append(
            self.client.send_call(
                "registry.structure.create", body, self.token, 10.0, flags=mdp.REDELIVER
            )
        )

    def run(self, answers):
        """Until so many more have been answered."""
        wanted = len(self.statuses) + answers
        while len(self.statuses) < wanted:
            while len(self.waiting) < self.width:
                self.send()
            self.statuses.append(self.client.answer(self.waiting.pop(0), 20).status)

    def finish(self):
        while self.waiting:
            self.statuses.append(self.client.answer(self.waiting.pop(0), 20).status)
        return self.statuses


def test_the_standby_takes_over_when_the_active_one_is_killed(broker):
    active = start_registry(broker, "first")
    standby = start_registry(broker, "second", wait=False)
    wait_state(broker, "second", "standby")
    load = Load(broker)
    load.run(50)
    active.kill()
    load.run(50)
    assert set(load.finish()) == {200}
    assert len(load.statuses) == load.sent
    wait_state(broker, "second", "active")
    with broker.client() as client:
        stats = client.call("service.stats", timeout=5, service="registry#second").body
    assert stats["counters"]["active"] == 1
    assert standby.child.poll() is None


@pytest.mark.parametrize("how", ["message", "signal"])
def test_a_drained_instance_loses_nothing(broker, how):
    active = start_registry(broker, "first")
    start_registry(broker, "second", wait=False)
    wait_state(broker, "second", "standby")
    load = Load(broker)
    load.run(50)
    if how == "signal":
        active.signal(signal.SIGTERM)
    else:
        answer = broker.call("service.drain", {}, service="registry#first")
        assert (answer.status, answer.body) == (200, {"instance": "first"})
    load.run(50)
    assert set(load.finish()) == {200}
    assert active.wait() == 0
    wait_state(broker, "second", "active")


def test_an_idle_service_ends_soon_after_its_signal(broker):
    registry = start_registry(broker, "only")
    before = time.monotonic()
    registry.signal(signal.SIGINT)
    assert registry.wait() == 0
    assert time.monotonic() - before < 5


def test_a_second_signal_ends_at_once(broker):
    """While it waits for its broker, which is stopped, to confirm that it has left."""
    registry = start_registry(broker, "only", expected=(1,))
    stopped = broker.processes[0]
    stopped.signal(signal.SIGSTOP)
    registry.signal(signal.SIGTERM)
    registry.signal(signal.SIGINT)
    assert registry.wait(5) == 1
    stopped.signal(signal.SIGCONT)


def test_only_an_operator_may_drain_or_change_the_level(broker):
    registry = start_registry(broker, "only")
    for message, body in (("service.drain", {}), ("service.level", {"level": "debug"})):
        assert broker.call(message, body, service="registry#only", anonymous=True).status == 401
    key = broker.call(
        "registry.key.create", {"label": "x", "service": "x", "roles": ["pole", "service"]}
    ).body["key"]
    assert broker.call("service.drain", {}, service="registry#only", key=key).status == 403
    assert broker.call("service.level", {"level": "loud"}, service="registry#only").status == 400
    assert broker.call("service.level", {"level": "debug"}, service="registry#only").status == 200
    assert registry.child.poll() is None


def test_the_broker_may_die_at_any_time(broker):
    start_registry(broker, "only")
    killed = broker.processes[0]
    for _ in range(2):
        killed.kill()
        killed = broker.start_broker("--drain-ms", "200")
        broker.wait_ready("registry")
        assert broker.call("registry.structure.create", {"name": "après", **STRUCTURE}).status == 200


def test_processes_may_start_in_any_order(pia):
    """The services first, the broker last: they wait for one another."""
    for service in ("labellisation", "diffusion", "registry"):
        pia.start(service, "--redis", "", wait=False)
    pia.start_broker()
    for service in ("registry", "diffusion", "labellisation"):
        pia.wait_ready(service)
    assert pia.call("service.info", service="labellisation").body["state"] == "active"


def journal_subjects(network, kind):
    """How often each subject stands in the journal, by this type of event."""
    counts, after = {}, None
    while True:
        body = {"limit": 200, "types": [kind], **({"after": after} if after else {})}
        answer = network.call("diffusion.event.list", body)
        assert answer.status == 200, answer
        for item in answer.body["items"]:
            subject = item["event"]["subject"]
            counts[subject] = counts.get(subject, 0) + 1
        after = answer.body.get("next")
        if not after:
            return counts


def is_relayed(network):
    counters = network.call("service.stats", {}, service="registry").body["counters"]
    return counters["outbox_waiting"] == 0


def test_what_was_answered_is_announced_once_whoever_dies(broker):
    """kill -9 of registry and diffusion, each several times, while structures are made."""
    options = ("--redis", "")
    registry = start_registry(broker, "registry")
    diffusion = broker.start("diffusion", *options)
    answered = set()
    for i in range(24):
        body = {"name": f"Structure {i}", "idempotency_key": f"s{i}", **STRUCTURE}
        answer = broker.call("registry.structure.create", body, timeout=20, flags=mdp.REDELIVER)
        assert answer.status == 200, answer
        answered.add(answer.body["id"])
        if i % 8 == 3:
            registry.kill()
            registry = start_registry(broker, "registry", wait=False)
        if i % 8 == 7:
            diffusion.kill()
            diffusion = broker.start("diffusion", *options, wait=False)
    broker.wait_ready("diffusion")
    wait_until(lambda: is_relayed(broker), "the outbox is not empty")
    subjects = journal_subjects(broker, "structure.created")
    for identifier in answered:
        found = [count for subject, count in subjects.items() if identifier in subject]
        assert found == [1], (identifier, found)


def can_trace():
    if not shutil.which("strace"):
        return False
    return subprocess.run(["strace", "-o", os.devnull, "true"], check=False).returncode == 0


@pytest.mark.skipif(not can_trace(), reason="no strace here")
@pytest.mark.parametrize("call", ["fdatasync", "fsync"])
def test_when_the_disk_fails_nothing_more_is_acknowledged(broker, call):
    """The fsync of a commit fails: no answer but `unavailable`, and the process ends with 3."""
    registry = start_registry(broker, "only", expected=(3,))
    token = broker.token()
    tracer = subprocess.Popen(
        ["strace", "-f", "-q", "-o", str(broker.data / "trace"), "-p", str(registry.pid),
         "-e", f"trace={call}", "-e", f"inject={call}:error=EIO"],
        stderr=subprocess.PIPE, text=True,
    )
    try:
        with broker.client() as client:
            # The tracer has attached when a commit fails; without one of this call it would not.
            for i in range(200):
                body = {"name": f"Structure {i}", **STRUCTURE}
                answer = client.call("registry.structure.create", body, token, timeout=5.0)
                if answer.status != 200:
                    break
            else:
                registry.expected.add(0)
                pytest.skip(f"this engine does not use {call}")
        assert answer.status in (503, 504), answer
        assert registry.wait() == 3
    finally:
        tracer.terminate()
        tracer.wait()
    registry = start_registry(broker, "again")
    names = set()
    after = None
    while True:
        page = broker.call(
            "registry.structure.list", {"limit": 200, **({"after": after} if after else {})}
        ).body
        names |= {item["name"] for item in page["items"]}
        after = page.get("next")
        if not after:
            break
    assert {f"Structure {n}" for n in range(i)} <= names  # all that were acknowledged


def counters(network, instance):
    with network.client() as client:
        answer = client.call("service.stats", timeout=3.0, service=f"registry#{instance}")
    return answer.body.get("counters", {})


def test_on_postgresql_all_are_active_and_one_relays(broker, postgres):
    database = postgres + f"#life{os.getpid()}"
    broker.start("diffusion", "--redis", "", wait=False)
    processes = {
        name: start_registry(broker, name, "--database", database, wait=False)
        for name in ("one", "two")
    }
    for name in processes:
        wait_state(broker, name, "active")
    broker.wait_ready("diffusion")
    wait_until(lambda: any(counters(broker, n).get("outbox_leads") for n in processes), "none leads")
    leads = [name for name in processes if counters(broker, name)["outbox_leads"]]
    assert len(leads) == 1
    processes.pop(leads[0]).kill()
    (other,) = processes
    answer = broker.call(
        "registry.structure.create", {"name": "après", "idempotency_key": "a", **STRUCTURE},
        timeout=20, flags=mdp.REDELIVER,
    )
    assert answer.status == 200, answer
    wait_until(lambda: counters(broker, other).get("outbox_leads"), "nobody took over")
    wait_until(lambda: counters(broker, other)["outbox_waiting"] == 0, "not relayed")
    assert answer.body["id"] in json.dumps(journal_subjects(broker, "structure.created"))

"""The faults of a history run. Each strikes once, while load goes on, and leaves the journal as an
operator would: running again. What it does follows from the run's random sequence."""

import base64
import re
import shutil
import signal
import subprocess
import time

import zmq

import piad
from chaos import FAULTS as FAULTS_OF_LINKS
from journal import POLE, make_person

FAULTS = {}  # name -> (function, engines)


def fault(name, *engines):
    def add(function):
        FAULTS[name] = (function, engines or ("sqlite", "postgresql"))
        return function
    return add


class Impossible(Exception):
    """This machine does not let us make the fault; the reason."""


def wait_end(process, seconds):
    """The exit status, None if it still runs."""
    try:
        return process.child.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def injected(call, what):
    """strace that makes the N-th call of a thread fail, or kills there. Without --seccomp-bpf: strace
    6.1 then forgets a signal that it should send."""
    if not shutil.which("strace"):
        raise Impossible("strace is not installed")
    return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
            "-e", f"inject={call}:{what}"]


def restart(run, instance):
    """As it should run, whatever it is now."""
    instance.kill()
    instance.start()
    run.wait_alive()


@fault("kill")
def kill(run):
    """SIGKILL at any moment, sometimes again while it starts."""
    instance = run.random.choice(run.instances)
    run.fault(f"kill {instance.name}")
    instance.kill()
    if run.random.random() < 0.3:
        instance.start()
        wait_end(instance.process, run.random.uniform(0.05, 0.4))
        instance.kill()
    instance.start()
    run.wait_alive()


def kill_at(run, call, highest):
    """Dies by its N-th call; where it does not come so far, later anyhow."""
    instance = run.random.choice(run.instances)
    number = run.random.randint(1, highest)
    run.fault(f"kill {instance.name} at {call} {number}")
    instance.kill()
    instance.start(injected(call, f"signal=KILL:when={number}"), expected=(0, -signal.SIGKILL))
    wait_end(instance.process, 5.0)
    restart(run, instance)


@fault("kill-sync", "sqlite")
def kill_at_sync(run):
    """SIGKILL at the N-th fdatasync."""
    kill_at(run, "fdatasync", 60)


@fault("kill-write", "sqlite")
def kill_at_write(run):
    """SIGKILL at the N-th pwrite64."""
    kill_at(run, "pwrite64", 300)


@fault("eio", "sqlite")
def disk_error(run):
    """fdatasync says EIO from some call on: the process ends with 3."""
    fail_at(run, "fdatasync", "EIO", 40)


@fault("full", "sqlite")
def disk_full(run):
    """The same with a write and ENOSPC."""
    fail_at(run, "pwrite64", "ENOSPC", 200)


def fail_at(run, call, error, highest):
    instance = run.random.choice(run.instances)
    number = run.random.randint(20, highest)
    run.fault(f"{error} for {instance.name} at {call} {number}")
    instance.kill()
    instance.start(injected(call, f"error={error}:when={number}+"), expected=(1, 3))
    status = wait_end(instance.process, 20.0)
    if status not in (1, 3):
        raise AssertionError(f"after {error} it ended with {status}\n{instance.process.tail()}")
    instance.start()
    run.wait_alive()


@fault("small", "sqlite")
def small_disk(run):
    """A file fills the journal's own disk; the process ends; the file goes, and it starts again."""
    instance = run.instances[0]
    if not run.small_disk:
        raise Impossible("the journal is not on a disk of its own")
    run.fault("the disk is full")
    filler = run.small_disk / "filler"
    with open(filler, "wb", buffering=0) as stream:
        try:
            while True:
                stream.write(bytes(65536))
        except OSError:
            pass
    instance.process.expected.add(3)
    status = wait_end(instance.process, 30.0)
    if status != 3:
        raise AssertionError(f"on a full disk it ended with {status}\n{instance.process.tail()}")
    instance.start(expected=(0, 1, 3))  # it may not even start as long as there is no room
    wait_end(instance.process, 1.0)
    filler.unlink()
    restart(run, instance)


@fault("freeze")
def freeze(run):
    """SIGSTOP for a while, sometimes for longer than its peers are patient."""
    instance = run.random.choice(run.instances)
    seconds = run.random.choice((0.3, 1.0, 2.0, 12.0) if run.is_long else (0.3, 1.0, 2.0))
    run.fault(f"freeze {instance.name} for {seconds} s")
    instance.process.signal(signal.SIGSTOP)
    wait_end(instance.process, seconds)
    instance.process.signal(signal.SIGCONT)
    run.wait_alive()


@fault("term")
def terminate(run):
    """A restart as an operator does it: SIGTERM, drained, started again."""
    instance = run.random.choice(run.instances)
    run.fault(f"terminate {instance.name}")
    instance.process.signal(signal.SIGTERM)
    status = wait_end(instance.process, 20.0)
    if status != 0:
        raise AssertionError(f"after SIGTERM it ended with {status}\n{instance.process.tail()}")
    instance.start()
    run.wait_alive()


@fault("takeover", "sqlite")
def take_over(run):
    """One stands by; the active instance dies, and who stood by goes on."""
    active = run.instances.pop()
    other = run.add_instance(f"standby{run.takeovers}", active.options, active.binary)
    run.takeovers += 1
    run.network._wait_line(other.process, "standby: another instance")
    run.fault(f"{active.name} dies, {other.name} takes over")
    active.kill()
    run.wait_alive()


@fault("lost-sync", "sqlite")
def lost_sync(run):
    """Power lost: what was written and not synced is gone with the process, or there in part."""
    instance = run.random.choice(run.instances)
    run.fault(f"power lost under {instance.name}")
    instance.kill()
    instance.start(env=run.volatile_disk(run.random.randrange(1 << 30)),
                   expected=(0, -signal.SIGKILL))
    run.wait_alive()
    wait_end(instance.process, run.random.uniform(0.3, 1.5))
    restart(run, instance)


@fault("restore", "sqlite")
def restore(run):
    """An old backup comes back; the journal sees it, an operator begins a new epoch."""
    instance = run.instances[0]
    files = [run.network.data / f"diffusion.db{end}" for end in ("", "-wal")]
    backup = run.network.data / "backup"
    backup.mkdir(exist_ok=True)
    instance.kill()
    for file in files:
        shutil.copy(file, backup)
    instance.start()
    run.wait_alive()
    run.wait_growth(run.random.randint(50, 300))
    run.fault("an old backup is restored")
    instance.kill()
    for file in files:
        shutil.copy(backup / file.name, file)
    (run.network.data / "diffusion.db-shm").unlink(missing_ok=True)
    instance.start()
    run.wait_alive()
    answer = run.network.call("diffusion.journal.begin", {"reason": "an old backup"}, timeout=20)
    if answer.status != 200 or wait_end(instance.process, 20.0) != 0:
        raise AssertionError(f"no new epoch: {answer}\n{instance.process.tail()}")
    run.record("lost", epoch=answer.body["epoch"] - 1, after=answer.body["sequence"])
    instance.start()
    run.wait_alive()


@fault("retain")
def retain(run):
    """Retention removes events of a kind: gaps say so, and their names are still known."""
    run.read_on()  # what goes is noted first
    before, start = run.last + 1, 1
    run.fault(f"events of a kind before {before} are removed")
    run.record("retained", kind="veille", before=before)
    until = time.monotonic() + 30
    while start:
        answer = run.network.call("diffusion.journal.retain", timeout=20, body={
            "kind": "veille", "older_than_s": 0, "before": before, "from": start})
        if answer.status != 200 or time.monotonic() > until:
            raise AssertionError(f"retention: {answer}")
        start = start if answer.body["waiting"] else answer.body["next"]


@fault("broker")
def kill_broker(run):
    """The journal goes on without it."""
    restart_service(run, "broker")


@fault("registry")
def kill_registry(run):
    """The journal goes on without it."""
    restart_service(run, "registry")


@fault("redis")
def kill_redis(run):
    """The journal goes on without it."""
    restart_service(run, "redis")


def restart_service(run, name):
    run.fault(f"kill {name}")
    process = run.services.get(name)
    if process is None:
        raise Impossible(f"no {name} runs here")
    process[0].kill()
    run.wait_growth(5)  # the journal does not need it
    run.services[name] = (process[1](), process[1])


@fault("chaos")
def chaos(run):
    """The proxies take to other faults, and every connection over them is made anew."""
    for proxy in run.proxies:
        proxy.faults = run.random.sample(list(FAULTS_OF_LINKS), 4)
        proxy.cut()
    run.fault("chaos: " + "; ".join(" ".join(proxy.faults) for proxy in run.proxies))
    run.wait_growth(200)


@fault("revoke")
def revoke(run):
    """Somebody who follows loses his rights: his streams end at that place of the journal."""
    network = run.network
    person = make_person(network, "pole", pole=POLE)
    key = network.call("registry.key.create", {"label": "essai", "person": person}).body
    token, subject = base64.b64encode(network.token(key["key"])).decode(), f"/persons/{person}"
    run.fault(f"revoke {subject}")
    for i in range(2):
        run.start_client("subscriber", f"revoked-{run.revoked}", token=token, subject=subject,
                         sees=["public", "network"], session_s=[600, 600], hello=0, credit=20000)
        run.revoked += 1
    run.wait_growth(200)
    answer = network.call("registry.key.revoke", {"id": key["id"]})
    if answer.status != 200:
        raise AssertionError(f"not revoked: {answer}")
    run.record("revoked", subject=subject)
    run.wait_growth(200)


@fault("storm")
def storm(run):
    """Many come at once from a place near the head, get their first frame, and are gone."""
    cursor, count = run.head(timeout=10), run.storm_size
    run.fault(f"{count} come back at once")
    connections, poller = {}, zmq.Poller()
    base, run.storms = run.storms, run.storms + count
    for i in range(count):
        connection = piad.Diffusion(run.random.choice(run.endpoints()))
        connection.socket.linger = 0
        run.record("subscribe", stream=base + i, cursor=cursor, resumes=False, filter={}, credit=100,
                   sees=["public"], subject="")
        connection.subscribe(base + i + 1, cursor, {}, 100)
        poller.register(connection.socket, zmq.POLLIN)
        connections[connection.socket] = (base + i, connection)
    until = time.monotonic() + 30
    while connections and time.monotonic() < until:
        for socket, _ in poller.poll(500):
            stream, connection = connections.pop(socket)
            poller.unregister(socket)
            note_first_frame(run, stream, connection)
    if connections:
        raise AssertionError(f"{len(connections)} of {count} got nothing in 30 s")


def note_first_frame(run, stream, connection):
    command, frames = connection.receive(1.0)
    if command in (piad.DATA, piad.PROGRESS):
        records = piad.read_records(frames[3]) if command == piad.DATA else []
        run.note_frame(stream, frames, records)
    run.record("closed", stream=stream)
    connection.close()


@fault("backend", "postgresql")
def end_backend(run):
    """PostgreSQL ends a connection of the journal in its transaction, between INSERT and COMMIT."""
    run.fault("a backend is terminated in its transaction")
    ended = run.sql("""
        CREATE TEMP TABLE ended (what text);
        DO $$ DECLARE victim record; BEGIN
            FOR i IN 1..20000 LOOP
                PERFORM pg_stat_clear_snapshot();
                SELECT pid, state, query INTO victim FROM pg_stat_activity
                    WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'
                    AND xact_start IS NOT NULL
                    AND query ~ 'INSERT INTO journal_batch|UPDATE journal_head|COMMIT' LIMIT 1;
                IF FOUND THEN
                    PERFORM pg_terminate_backend(victim.pid);
                    INSERT INTO ended VALUES (victim.state || ': ' || victim.query);
                    EXIT;
                END IF;
            END LOOP; END $$;
        SELECT what FROM ended""")
    run.fault(f"terminated while {' '.join(ended.split())[:60] or 'nothing was open'}")
    run.wait_alive()


def in_small_disk(directory, size):
    """(prefix of commands, holder) of a mount namespace in which `directory` is a disk of `size`."""
    for flags in (["--mount"], ["--map-root-user", "--mount"]):
        holder = subprocess.Popen(
            ["unshare", *flags, "sh", "-c",
             f"mount -t tmpfs -o size={size} pia {directory} && echo ready && exec sleep 3600"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if holder.stdout.readline().strip() == "ready":
            user = ["--user", "--preserve-credentials"] if len(flags) > 1 else []
            return ["nsenter", "-t", str(holder.pid), *user, "--mount", f"--wd={directory.parent}"], holder
        reason = holder.stderr.read()
        holder.wait()
    raise Impossible(f"no mount is allowed here: {re.sub(chr(10), ' ', reason).strip()}")

"""A run: the journal's processes, the clients around them, and the end in which everything is read
back and checked. Faults (history_faults.py) strike meanwhile."""

import json
import pathlib
import random
import subprocess
import sys
import time

import history_check
import history_faults
import piad
import tokens
from chaos import Proxy
from history_record import Recorder, hash_of, load
from mdp import Timeout
from pia import BIN

HERE = pathlib.Path(__file__).resolve().parent
ALIVE_S = 60.0  # a sanitizer build that recovers on two busy cores


class Unavailable(AssertionError):
    """The journal did not come back."""


class Instance:
    """A place for one pia-diffusion: how it is started, and the process that runs there now."""

    def __init__(self, run, name, options=(), binary=None):
        self.run, self.name, self.options = run, name, [str(option) for option in options]
        self.binary = binary or BIN / "pia-diffusion"
        self.process = None
        self.namespace = ()  # a command to run in, kept over restarts

    def start(self, wrapper=(), env=None, expected=(0,)):
        """Under `wrapper` (strace …), which sees to it that leaks are not looked for under ptrace."""
        command = [*self.namespace, *wrapper, self.binary, "--data", self.run.network.data,
                   "--instance", self.name, *self.options]
        if wrapper:
            env = {"ASAN_OPTIONS": "detect_leaks=0", **(env or {})}
        self.process = self.run.network.spawn(f"diffusion-{self.name}", command, env, expected)

    def kill(self):
        if self.process and self.process.child.poll() is None:
            self.process.kill()

    def is_running(self):
        return self.process is not None and self.process.child.poll() is None


class Run:
    def __init__(self, network, seed, say=lambda text: None):
        self.network, self.seed, self.say = network, seed, say
        self.random = random.Random(f"{seed}/run")
        self.directory = network.data / "history"
        self.directory.mkdir()
        self.record = Recorder(self.directory / "run.jsonl", "run")
        self.instances = []
        self.clients = []  # processes
        self.readers = []
        self.groups = []   # names
        self.proxies = []
        self.sockets = ["diffusion"]
        self.services = {}  # name -> (process, how it is started), for what a fault starts again
        self.small_disk = self.holder = None
        self.takeovers = 0
        self.place, self.last = "", 0  # up to where events were read back
        self.database = None
        self.is_long = False
        self.storm_size, self.storms = 60, 1
        self.revoked = 1

    # The journal's processes

    def add_instance(self, name, options=(), binary=None, small=False):
        instance = Instance(self, name, options, binary)
        if small:
            self.use_small_disk(instance)
        self.instances.append(instance)
        instance.start()
        return instance

    def use_small_disk(self, instance, size="24m"):
        """The journal's directory becomes a disk of its own, before the instance is started."""
        directory = self.network.data / "disk"
        directory.mkdir()
        instance.namespace, self.holder = history_faults.in_small_disk(directory, size)
        self.small_disk = pathlib.Path(f"/proc/{self.holder.pid}/root{directory}")

    def volatile_disk(self, seed, lies=False):
        """The environment in which what is not synced does not outlive its process."""
        library = BIN.parent / "tests/libpia_volatile_disk.so"
        if not library.exists():
            raise history_faults.Impossible(f"{library} is not built")
        return {"LD_PRELOAD": str(library), "PIA_VOLATILE_SEED": str(seed),
                "ASAN_OPTIONS": "verify_asan_link_order=0",
                **({"PIA_VOLATILE_LIES": "1"} if lies else {})}

    def sql(self, text):
        """Of PostgreSQL's superuser, beside the journal."""
        done = subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", self.database, "-c", text],
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def endpoints(self):
        return [self.network.endpoint(name) for name in self.sockets]

    def head(self, timeout=1.0, endpoint=None):
        """What a welcome says, or None if nobody answers."""
        with piad.Diffusion(endpoint or self.random.choice(self.endpoints())) as connection:
            connection.socket.linger = 0
            try:
                return connection.hello(timeout)["cursor"]
            except Timeout:
                return None

    def wait_alive(self, endpoints=None, timeout=ALIVE_S):
        """Until each socket answers."""
        until = time.monotonic() + timeout
        for endpoint in endpoints or self.endpoints():
            while self.head(0.5, endpoint) is None:
                if time.monotonic() > until:
                    raise Unavailable(f"{endpoint} is silent\n{self.network.tails()}")

    def wait_growth(self, count=1, timeout=ALIVE_S):
        """Until the journal has `count` events more."""
        until, start = time.monotonic() + timeout, None
        while True:
            cursor = self.head()
            if cursor is not None:
                sequence = int(cursor.split(".")[1])
                start = sequence if start is None else start
                if sequence >= start + count:
                    return sequence
            if time.monotonic() > until:
                raise Unavailable(f"the journal does not grow, at {cursor}\n{self.network.tails()}")

    def fault(self, what):
        self.record("fault", what=what)
        self.say(what)

    def note_frame(self, stream, frames, records):
        """Of a stream that the run itself follows."""
        self.record("data" if records else "progress", stream=stream, **{
            "from": frames[1].decode(), "to": frames[2].decode()}, records=[
                [r.epoch, r.sequence, r.recorded_ms, r.chain.hex(), hash_of(r.raw)] for r in records])

    # Clients

    def proxy(self, faults, listen=0, socket="diffusion"):
        """A chaos proxy to the journal's socket; its endpoint is a client's to use."""
        proxy = Proxy(listen, str(self.network.data / f"run/{socket}.sock"),
                      f"{self.seed}/proxy{len(self.proxies)}", faults)
        self.proxies.append(proxy)
        return proxy

    def start_client(self, role, name, endpoints=None, **config):
        config = {"name": name, "seed": self.seed, "directory": str(self.directory),
                  "endpoints": endpoints or self.endpoints(),
                  "signs": tokens.own_seed(self.network).hex(), **config}
        process = self.network.spawn(
            name, [sys.executable, HERE / "history_clients.py", role, json.dumps(config)])
        self.clients.append(process)
        if role != "publisher":
            self.readers.append(process)
        return process

    def start_clients(self, publishers=2, chaos=None, loses=False):
        """Those of every run: steady, slow, filtered, with less rights, from now, over again; with
        `chaos`, faults of a proxy, one of each kind over it. Where acknowledged events may be lost
        (`loses`) none is forged, since a lost one's name is free again, and no group works."""
        forge = {"forge": 0} if loses else {}
        for i in range(publishers):
            self.start_client("publisher", f"p{i + 1}", **forge)
        self.start_client("subscriber", "steady")
        self.start_client("subscriber", "slow", credit=20, lag_s=0.05)
        self.start_client("subscriber", "filtered", filter={"types": ["essai.un"], "themes": ["arts"]})
        self.start_client("subscriber", "public", token="", sees=["public"], mode="replay")
        self.start_client("subscriber", "now", mode="head", session_s=[0.2, 0.8])
        self.start_client("listener", "live", [self.network.endpoint("live")])
        if not loses:
            self.start_group("g-one", 3)
            self.start_group("g-runs", 2, run=6)
        if chaos:
            over = [self.proxy(chaos).endpoint(),
                    self.proxy(chaos, self.network.data / "run/chaos.sock").endpoint()]
            self.start_client("publisher", "p-chaos", over, **forge)
            self.start_client("subscriber", "s-chaos", over)

    # The end

    def finish(self):
        """Ends the faults and the load, reads everything back; the anomalies."""
        for proxy in self.proxies:
            proxy.calm()
        self.wait_alive()
        (self.directory / "stop").touch()
        self.wait_for([c for c in self.clients if c not in self.readers])
        end = self.head(timeout=20.0)
        partial = self.directory / "end.new"
        partial.write_text(end.split(".")[1])
        partial.rename(self.directory / "end")
        for name in self.groups:
            self.wait_for_group(name)
        (self.directory / "rest").touch()
        self.wait_for(self.readers)
        for proxy in self.proxies:
            proxy.stop()
        self.read_back()
        return history_check.check(load(self.directory.glob("*.jsonl")))

    def start_group(self, name, members, endpoints=None, **config):
        self.groups.append(name)
        for i in range(members):
            self.start_client("member", f"{name}-{i + 1}", endpoints, group=name, credit=20,
                              filter={"sources": ["/poles/cnidep"]}, **config)

    def wait_for_group(self, name, timeout=40.0):
        """Until it has settled all there is; it is stuck if it does not come to that."""
        until = time.monotonic() + timeout
        while True:
            answer = self.network.call("diffusion.group.get", {"group": name}, timeout=20)
            left = answer.status != 200 or answer.body["lag"] or any(answer.body["keys"].values())
            if not left:
                self.record("rest", of=name)
                return
            if time.monotonic() > until:
                self.record("end", until=1, reached=0, of=name, state=str(answer))
                return
            time.sleep(0.1)  # a poll with a deadline

    def wait_for(self, processes, timeout=60.0):
        until = time.monotonic() + timeout
        for process in processes:
            try:
                status = process.child.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                raise AssertionError(f"{process.name} does not end\n{process.tail()}") from None
            assert status == 0, f"a client failed\n{process.tail()}"

    def read_back(self):
        """All events as a service sees them, and the journal's own walk over its chain."""
        walked, ok = None, True
        while ok and walked != self.last:  # services may still announce something
            self.read_on()
            ok, walked = self.verify()
        self.record("verify", ok=ok, to=walked)
        self.read_again()

    def service_token(self):
        return tokens.sign(tokens.own_seed(self.network), tokens.payload())

    def read_on(self):
        """What was stored since the last time, noted as it is."""
        end = int(self.head(20.0, self.endpoints()[0]).split(".")[1])
        with piad.Diffusion(self.endpoints()[0], self.service_token()) as connection:
            connection.subscribe(1, self.place, {}, 60000)
            while self.last < end:
                command, frames = self.next_frame(connection)
                if command == piad.ERROR and b"damaged" in frames[1]:
                    return  # as much as it has: verify says so too
                assert command in (piad.DATA, piad.PROGRESS), (command, frames)
                for record in piad.read_records(frames[3]) if command == piad.DATA else []:
                    self.note_stored(record)
                self.place = frames[2].decode()
                self.last = int(self.place.split(".")[1])

    def read_again(self):
        """From the beginning, as anybody who comes in the end: what was removed meanwhile is a gap."""
        self.record("subscribe", stream=0, cursor="", resumes=False, filter={}, credit=60000, sees=None,
                    subject="")
        reached = 0
        with piad.Diffusion(self.endpoints()[0], self.service_token()) as connection:
            connection.subscribe(1, "", {}, 60000)
            while reached < self.last:
                command, frames = self.next_frame(connection)
                if command == piad.ERROR and b"damaged" in frames[1]:
                    return
                if command == piad.GAP:
                    self.record("gap", stream=0, reason=frames[3].decode(),
                                **{"from": frames[1].decode(), "to": frames[2].decode()})
                else:
                    assert command in (piad.DATA, piad.PROGRESS), (command, frames)
                    self.note_frame(0, frames,
                                    piad.read_records(frames[3]) if command == piad.DATA else [])
                    self.record("credit", stream=0, amount=5000)
                reached = int(frames[2].split(b".")[1])

    @staticmethod
    def next_frame(connection):
        command, frames = connection.expect(piad.DATA, piad.PROGRESS, piad.ERROR, piad.EPOCH,
                                            piad.GAP, timeout=30)
        if command == piad.DATA:
            connection.credit(1, 5000)
        return command, frames

    def note_stored(self, record):
        event = json.loads(record.raw)
        attributes = {name: value for name, value in event.items() if isinstance(value, str)}
        attributes.setdefault("visibility", "public")
        revokes = event["data"].get("subject") if event["type"] == "principal.revoked" else None
        self.record("stored", epoch=record.epoch, sequence=record.sequence,
                    recorded=record.recorded_ms, chain=record.chain.hex(), hash=hash_of(record.raw),
                    name=f"{event['source']} {event['id']}", attributes=attributes, revokes=revokes)

    def verify(self):
        """What the journal says of itself: whether it is good, and its last good event."""
        first = 1
        while True:
            answer = self.network.call("diffusion.journal.verify", {"from": first, "limit": 100000},
                                       timeout=60)
            assert answer.status == 200, answer
            if not answer.body["ok"] or not answer.body.get("next"):
                return answer.body["ok"], answer.body["to"]
            first = answer.body["next"]

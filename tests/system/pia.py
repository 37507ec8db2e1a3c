"""Starts the real programs in a data directory of their own, and watches them."""

import base64
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import zmq

import mdp
import piad

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("PIA_BIN", ROOT / "build/dev/bin"))
SERVICES = ("registry", "labellisation", "diffusion", "notifications")
REPORT = re.compile(
    r"ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:|Assertion .* failed"
)
os.environ.setdefault("TSAN_OPTIONS", f"suppressions={ROOT}/tests/support/tsan.supp")
START_S = 30  # a sanitizer build on two busy cores
STOP_S = 15


def read_messages():
    """Names of proto/'s messages and their numbers."""
    numbers = {}
    for path in (ROOT / "proto").glob("*.schema.json"):
        for name, definition in json.loads(path.read_text()).get("$defs", {}).items():
            if "x-number" in definition:
                numbers[name] = definition["x-number"]
    return numbers


MESSAGES = read_messages()


class Process:
    """A started program, its log, and how it ended."""

    def __init__(self, name, command, cwd, log, env=None, expected=(0,)):
        self.name, self.log, self.expected = name, log, set(expected)
        with open(log, "ab") as stream:
            self.child = subprocess.Popen(
                command,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env={**os.environ, **(env or {})},
            )

    @property
    def pid(self):
        return self.child.pid

    def signal(self, number):
        self.child.send_signal(number)

    def kill(self):
        """As if the power had gone: this end is expected. What strace runs would outlive it."""
        self.expected.add(-signal.SIGKILL)
        with contextlib.suppress(OSError):  # it has ended, or they have
            for child in pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split():
                os.kill(int(child), signal.SIGKILL)
        self.child.kill()
        self.child.wait()

    def wait(self, timeout=STOP_S):
        return self.child.wait(timeout)

    def stop(self):
        """SIGTERM, then SIGKILL after a while; what went wrong, or None."""
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGCONT)
            self.child.terminate()
            try:
                self.child.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
                return f"{self.name} did not end within {STOP_S} s of SIGTERM"
        if self.child.returncode not in self.expected:
            return f"{self.name} ended with {self.child.returncode}"
        return None

    def report(self):
        """A sanitizer's or assertion's line in the log, or None."""
        for line in self.log.read_text(errors="replace").splitlines():
            if REPORT.search(line):
                return f"{self.name}: {line.strip()}"
        return None

    def tail(self, lines=40):
        if not self.log.exists():  # the directory is removed before a teardown's report
            return f"--- {self.name}: no log left ---"
        text = self.log.read_text(errors="replace").splitlines()
        return "\n".join([f"--- {self.name} ({self.log.name}) ---", *text[-lines:]])


HOME = "54395\t"  # the commune of a pôle that tests name


class Engine:
    """Where a service keeps its data: `database` is a URL with a schema of its own, None for SQLite in
    the data directory; `options` say so to a service."""

    def __init__(self, database=None):
        self.database = database
        self.options = ("--database", database) if database else ()


class Network:
    """A data directory and the processes that run on it; to be left by `with`."""

    def __init__(self):
        self.data = pathlib.Path(tempfile.mkdtemp(prefix="pia-", dir="/tmp"))
        self.data.chmod(0o700)
        (self.data / "run").mkdir(mode=0o700)
        (self.data / "log").mkdir()
        self.processes = []
        self.peers = []
        self.tokens = {}
        self.web = None

    def endpoint(self, name):
        return f"ipc://{self.data}/run/{name}.sock"

    # Processes

    def spawn(self, name, command, env=None, expected=(0,)):
        """Any command, in the data directory, watched like ours."""
        log = self.data / "log" / f"{name}.{len(self.processes)}.log"
        process = Process(name, [str(word) for word in command], self.data, log, env, expected)
        self.processes.append(process)
        return process

    def start(self, service, *options, env=None, expected=(0,), wait=True):
        """pia-SERVICE with options; waits until it answers, unless told not to."""
        command = [BIN / f"pia-{service}", "--data", self.data, *options]
        process = self.spawn(service, command, env, expected)
        if wait:
            self.wait_ready(service, process)
        return process

    def few_communes(self):
        """Options of a registry that loads a hundredth of the communes, for tests that ask for none of
        them: it is there 0.7 s earlier, with sanitizers."""
        folder = self.data / "reference"
        if not folder.exists():
            folder.mkdir()
            for name in ("poles.json", "ape.tsv"):
                shutil.copy(ROOT / "services/registry/reference" / name, folder)
            for name in ("regions.tsv", "departements.tsv"):
                shutil.copy(ROOT / "common/reference" / name, folder)
            head, *communes = (ROOT / "common/reference/communes.tsv").read_text().splitlines(keepends=True)
            few = [line for line in communes[::100] if not line.startswith(HOME)]
            few += [line for line in communes if line.startswith(HOME)]
            (folder / "communes.tsv").write_text("".join([head, *few]))
        return ("--registry.reference", folder)

    def start_broker(self, *options, **how):
        return self.start("broker", *options, **how)

    def start_redis(self, *options):
        process = self.spawn(
            "redis",
            ["redis-server", "--port", "0", "--unixsocket", "run/redis.sock", "--save", "",
             "--appendonly", "no", "--dir", self.data, *options],
        )
        self._wait_line(process, "eady to accept connections")
        return process

    def start_all(self, options=None, redis=True):
        """Broker, Redis and every service; `options`: {service: [options]}."""
        options = {"notifications": ["--webhook.allow-private", "true"], **(options or {})}
        self.start_broker(*options.get("broker", ()))
        if redis:
            self.start_redis()
        for service in SERVICES:
            few = self.few_communes() if service == "registry" else ()
            self.start(service, *few, *options.get(service, ()), wait=False)
        for service in SERVICES:
            self.wait_ready(service)
        if (BIN / "pia-gateway").exists():
            self.start_gateway(*options.get("gateway", ("--http.port", "0")))

    def start_gateway(self, *options):
        """`self.web` is its address from then on."""
        process = self.start("gateway", *options, wait=False)
        line = self._wait_line(process, "listening on http://")
        self.web = re.search(r"listening on (http://[^\s\"]+)", line).group(1)
        return process

    def wait_ready(self, service, process=None, timeout=START_S):
        """By a message that is answered once the service is there (queued by the broker until then)."""
        until = time.monotonic() + timeout
        with self.client() as client:
            while True:
                if process and process.child.poll() is not None:
                    raise AssertionError(f"{service} ended at once\n{process.tail()}")
                assert time.monotonic() < until, f"{service} is not ready"
                try:
                    if service == "broker":
                        client.ask(b"mmi.stats", b"")
                        client.reply(1.0)
                        return
                    if client.call("service.info", timeout=1.0, service=service).status == 200:
                        return
                except mdp.Timeout:
                    pass

    def _wait_line(self, process, text, timeout=START_S):
        """The log's line that has `text`, for what is only said there."""
        tail = subprocess.Popen(
            ["tail", "-n", "+1", "-F", str(process.log)], stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + timeout
        try:
            poller = zmq.Poller()
            poller.register(tail.stdout.fileno(), zmq.POLLIN)
            seen = ""
            while not re.search(f".*{re.escape(text)}.*\n", seen):
                assert time.monotonic() < until, f"{process.name} is not ready"
                assert process.child.poll() is None, f"{process.name} ended\n{process.tail()}"
                if poller.poll(200):
                    seen += os.read(tail.stdout.fileno(), 65536).decode(errors="replace")
            return re.search(f".*{re.escape(text)}.*\n", seen).group(0)
        finally:
            tail.kill()
            tail.wait()
            tail.stdout.close()

    # Peers

    def client(self, identity=None):
        client = mdp.Client(self.endpoint("broker"), identity, MESSAGES)
        self.peers.append(client)
        return client

    def worker(self, service=None, window=None, identity=None):
        worker = mdp.Worker(self.endpoint("broker"), service, window, identity)
        self.peers.append(worker)
        return worker

    def diffusion(self, token=b""):
        connection = piad.Diffusion(self.endpoint("diffusion"), token)
        self.peers.append(connection)
        return connection

    def live(self, *topics):
        """A SUB socket on the live feed."""
        socket = zmq.Context.instance().socket(zmq.SUB)
        socket.linger = 0
        for topic in topics or (b"",):
            socket.subscribe(topic)
        socket.connect(self.endpoint("live"))
        self.peers.append(socket)
        return socket

    def key(self, name="admin"):
        """The text of a key file: admin.key, or run/keys/NAME.key."""
        path = self.data / ("admin.key" if name == "admin" else f"run/keys/{name}.key")
        return path.read_text().strip()

    def token(self, key=None):
        """A token for a key's text (default: the administrator's), asked for anew when it is old."""
        key = key or self.key()
        token, until = self.tokens.get(key, (None, 0))
        if time.monotonic() >= until:
            with self.client() as client:
                answer = client.call("registry.authenticate", {"key": key}, timeout=10)
            assert answer.status == 200, answer
            token = base64.b64decode(answer.body["token"])
            self.tokens[key] = (token, time.monotonic() + 30)
        return token

    def call(self, message, body=None, key=None, anonymous=False, **options):
        """Asks as the administrator, as the holder of `key`, or as nobody."""
        token = b"" if anonymous else self.token(key)
        with self.client() as client:
            return client.call(message, body, token, **options)

    def pia(self, *arguments, stdin=None, timeout=30):
        """Runs the command line; a CompletedProcess with texts."""
        return subprocess.run(
            [str(BIN / "pia"), "--data", str(self.data), *map(str, arguments)],
            input=stdin, capture_output=True, text=True, timeout=timeout, check=False,
        )

    def files_with(self, text, until_gone=0.0):
        """The files of the data directory that hold the bytes, once none does or the seconds are over."""
        until = time.monotonic() + until_gone
        while True:
            files = [path.name for path in self.data.iterdir() if path.is_file() and text in path.read_bytes()]
            if not files or time.monotonic() >= until:
                return files
            time.sleep(0.05)

    # The end

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        """Everything ends cleanly, and is removed; where something failed the logs say why."""
        wrong = self.stop()
        tails = self.tails()
        self.remove()
        if kind:
            print(tails)
        else:
            assert not wrong, "\n".join([*wrong, tails])

    def tails(self):
        return "\n".join(process.tail() for process in self.processes)

    def stop(self):
        """Stops what was started, last first; returns what went wrong."""
        for peer in self.peers:
            peer.close()
        wrong = [process.stop() for process in reversed(self.processes)]
        wrong += [process.report() for process in self.processes]
        return [text for text in wrong if text]

    def remove(self):
        shutil.rmtree(self.data, ignore_errors=True)

"""The systems under test: each a server of its own, in a new directory, one at a time."""

import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

START_S = 60
STOP_S = 20
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)
TICKS = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A server or a client did not do what it should; the text says which and why."""


INTERRUPTS = {signal.SIGINT, signal.SIGTERM}


@contextlib.contextmanager
def held_interrupts():
    """Ctrl-C waits until this is over: a server that was just started is known, one that is being
    stopped is stopped."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def before_exec(core):
    """In the child: it ends with us, whatever ends us, and stays on `core` if one is given."""

    def prepare():
        signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS)
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if core is not None:
            os.sched_setaffinity(0, {core})

    return prepare


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def connect_unix(probe, path):
    """However deep the folder is: a socket's address has 107 bytes at most (unix(7))."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        probe.connect(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)


class Server:
    """Starts with `with`, ends with it; `directory` is removed at the end unless it was given."""

    name = "a server"
    settings = ""  # one line for the report

    def __init__(self, bench, core=None, directory=None):
        self.bench, self.core = bench, core
        self.keep = directory is not None
        self.directory = directory
        self.children = []

    def __enter__(self):
        self.bench.data.mkdir(parents=True, exist_ok=True)
        if not self.keep:
            self.directory = pathlib.Path(tempfile.mkdtemp(prefix="run-", dir=self.bench.data))
        self.directory.mkdir(exist_ok=True)
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        with held_interrupts():
            for child in reversed(self.children):
                self.end(child)
            self.children = []
            if not self.keep:
                shutil.rmtree(self.directory, ignore_errors=True)

    def end(self, child):
        if child.poll() is None:
            child.terminate()
        try:
            child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def spawn(self, command, core=None, user=None):
        log = self.directory / "server.log"
        with open(log, "ab") as stream, held_interrupts():
            child = subprocess.Popen(
                [str(word) for word in command], cwd=self.directory, stdin=subprocess.DEVNULL,
                stdout=stream, stderr=stream, start_new_session=True, user=user,
                preexec_fn=before_exec(self.core if core is None else core),
            )
            self.children.append(child)
        return child

    def wait(self, ready, what):
        """Until ready() is true, while all children live."""
        until = time.monotonic() + START_S
        while not ready():
            ended = [child for child in self.children if child.poll() is not None]
            if ended or time.monotonic() > until:
                log = self.directory / "server.log"
                raise Failed(f"{self.name}: {what} is not ready\n{log.read_text()[-2000:]}")
            time.sleep(0.005)

    @staticmethod
    def answers(path=None, port=None):
        kind = socket.AF_UNIX if path else socket.AF_INET
        with socket.socket(kind) as probe:
            try:
                if path:
                    connect_unix(probe, path)
                else:
                    probe.connect(("127.0.0.1", port))
                return True
            except OSError:
                return False

    def mark(self):
        """Options of a client that replays what is published from now on."""
        return []

    def restart(self):
        """Stops the server and starts it on what it has kept."""
        self.end(self.children[-1])
        self.children.pop()
        self.start()

    def endpoint(self):
        """Options of the client program; it runs in `directory`."""
        raise NotImplementedError

    def busy(self):
        """The process whose CPU time is the system's."""
        return self.children[-1].pid

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.busy()}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory_bytes(self):
        for line in pathlib.Path(f"/proc/{self.busy()}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0


class Redis(Server):
    name = "Redis"
    client = "redis"
    settings = "unix socket, appendonly yes, appendfsync always, no snapshots"

    def __init__(self, bench, core=None, durable=True):
        super().__init__(bench, core)
        self.durable = durable

    def start(self):
        self.spawn(["redis-server", "--port", "0", "--unixsocket", "redis.sock", "--save", "",
                    "--appendonly", "yes" if self.durable else "no", "--appendfsync", "always",
                    "--dir", self.directory, "--loglevel", "warning"])
        self.wait(self.pongs, "redis-server")

    def pongs(self):
        """Whether it answers, which it does when it has read its file."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                connect_unix(probe, self.directory / "redis.sock")
                probe.sendall(b"PING\r\n")
                return probe.recv(64).startswith(b"+PONG")
            except OSError:
                return False

    def endpoint(self):
        return ["--endpoint", "redis.sock"]


class Nats(Server):
    name = "NATS"
    client = "nats"
    settings = "loopback TCP, JetStream file store with its default sync_interval of 2 min (lazy fsync)"

    def start(self):
        self.port = free_port()
        self.spawn(["nats-server", "-a", "127.0.0.1", "-p", self.port, "-js", "-sd", self.directory])
        self.wait(lambda: self.answers(port=self.port), "nats-server")

    def endpoint(self):
        return ["--endpoint", f"nats://127.0.0.1:{self.port}"]


class Mosquitto(Server):
    name = "mosquitto"
    client = "mqtt"
    settings = "unix socket, nothing on disk (it has no durable acknowledgement), no limits on queues"

    def start(self):
        user = "user root\n" if os.getuid() == 0 else ""
        (self.directory / "mosquitto.conf").write_text(
            f"{user}listener 0 mosquitto.sock\nallow_anonymous true\npersistence false\n"
            "max_inflight_messages 0\nmax_queued_messages 0\n")
        self.spawn(["mosquitto", "-c", "mosquitto.conf"])
        self.wait(lambda: self.answers(path=self.directory / "mosquitto.sock"), "mosquitto")

    def endpoint(self):
        return ["--endpoint", "mosquitto.sock"]


class Pia(Server):
    """Broker, registry and diffusion. Only the diffusion is pinned: it is what is measured."""

    name = "PIA"
    client = "pia"
    settings = ("unix sockets; SQLite, WAL, synchronous=FULL; acknowledged after fsync; "
                "every event deduplicated and chained")

    def start(self):
        (self.directory / "run").mkdir(mode=0o700, exist_ok=True)
        self.start_service("broker")
        self.start_service("registry")
        self.ready("registry")
        self.start_service("diffusion", self.core)
        self.ready("diffusion")
        self.wait(self.publishes, "the pôle that publishes")

    def publishes(self):
        """The journal learns who may publish from the registry, a moment after both are ready."""
        try:
            self.bench.client(self, "pia", "publish", "--count", 1, "--window", 1)
            return True
        except Failed as why:
            if "not labelled" not in str(why):
                raise
            return False

    def head(self):
        return self.bench.client(self, "requests", "head")

    def start_service(self, service, core=None):
        command = [self.bench.bin / f"pia-{service}", "--data", self.directory, "--log-level", "warn"]
        self.core, kept = None, self.core
        child = self.spawn(command, core)
        self.core = kept
        return child

    def ready(self, service):
        """Returns once the service answers; how long that took, in seconds."""
        began = time.monotonic()
        self.bench.client(self, "requests", "ready", "--service", service)
        return time.monotonic() - began

    def mark(self):
        """What is replayed begins here."""
        return ["--cursor", self.head()["cursor"]]

    def stop_diffusion(self):
        """restart starts it again."""
        self.end(self.children[-1])

    def restart(self):
        """Stops the diffusion and starts it again; seconds from its start until it answers."""
        self.end(self.children[-1])
        self.children.pop()
        began = time.monotonic()
        self.start_service("diffusion", self.core)
        self.ready("diffusion")
        return time.monotonic() - began

    def endpoint(self):
        return ["--endpoint", "ipc://run/diffusion.sock", "--broker", "ipc://run/broker.sock",
                "--key", "admin.key"]


class Postgres(Server):
    """For the matching: read only, so nothing of its durability is measured."""

    name = "PostgreSQL"
    client = "postgres"
    settings = "unix socket, shared_buffers 1GB, jit off, parallel workers as by default"

    def start(self):
        programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"),
                          key=lambda path: float(path.parent.name))
        if not programs:
            raise Failed("PostgreSQL is not installed")
        user = "postgres" if os.getuid() == 0 else None
        data = self.directory / "data"
        data.mkdir()
        self.directory.chmod(0o755)
        if user:
            shutil.chown(data, user)
        made = subprocess.run(
            [programs[-1] / "initdb", "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8",
             "--locale=C", "-N"], capture_output=True, text=True, user=user, cwd="/", check=False)
        if made.returncode != 0:
            raise Failed(f"initdb: {made.stderr}")
        self.spawn([programs[-1] / "postgres", "-D", data, "-k", data, "-c", "listen_addresses=",
                    "-c", "shared_buffers=1GB", "-c", "jit=off", "-c", "fsync=off",
                    "-c", "max_wal_size=4GB"], user=user)
        asked = [programs[-1] / "pg_isready", "-q", "-h", data]
        self.wait(lambda: subprocess.run(asked, check=False).returncode == 0, "postgres")

    def end(self, child):
        child.send_signal(signal.SIGINT)  # fast: without waiting for clients
        super().end(child)

    def endpoint(self):
        return ["--endpoint", f"host={self.directory}/data user=bench dbname=postgres"]

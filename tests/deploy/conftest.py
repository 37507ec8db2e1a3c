"""A deployment in a directory of its own: the two commands, and what can be asked of them."""
import json
import os
import pathlib
import select
import socket
import subprocess
import tempfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRESET = os.environ.get("PIA_PRESET", "asan")
PATIENCE_S = 300


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Deployment:
    """One data directory, and the two commands on it."""

    def __init__(self, data):
        self.data, self.port = data, free_port()

    def up(self, *options, check=True):
        done = subprocess.run(
            [ROOT / "deploy/up", "--detach", "--no-install", "--build", PRESET, "--data", self.data,
             "--port", str(self.port), *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE_S)
        if check:
            assert done.returncode == 0, done.stdout
        return done

    def down(self):
        return subprocess.run([ROOT / "deploy/down", "--data", self.data], timeout=120, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def pia(self, *arguments):
        done = subprocess.run([ROOT / "build" / PRESET / "bin/pia", "--data", self.data, *arguments],
                              stdout=subprocess.PIPE, text=True, timeout=60)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def instances(self):
        """{(service, state): count} as `pia status --json` tells."""
        counts = {}
        for row in json.loads(self.pia("--json", "status"))["items"]:
            key = (row["service"], row["state"])
            counts[key] = counts.get(key, 0) + 1
        return counts

    def supervisor(self):
        done = subprocess.run(["supervisorctl", "-c", f"{self.data}/run/supervisord.conf", "pid"],
                              stdout=subprocess.PIPE, text=True)
        return int(done.stdout) if done.returncode == 0 else None

    def processes(self):
        """Pids whose command line names the data directory."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                command = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
            except OSError:
                continue
            if str(self.data).encode() in command and int(entry.name) != os.getpid():
                found.append(int(entry.name))
        return found

    def wait_until_gone(self):
        """The kernel says when each process has ended."""
        for pid in self.processes():
            try:
                handle = os.pidfd_open(pid)
            except ProcessLookupError:
                continue
            ended, _, _ = select.select([handle], [], [], 30)
            os.close(handle)
            assert ended, f"process {pid} is left behind"


@pytest.fixture
def deployment():
    """In a short path that others may pass through: PostgreSQL does not run as root."""
    with tempfile.TemporaryDirectory(prefix="pia-") as directory:
        os.chmod(directory, 0o755)
        made = Deployment(pathlib.Path(directory) / "d")
        yield made
        made.down()
        made.wait_until_gone()

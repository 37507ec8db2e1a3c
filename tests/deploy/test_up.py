"""deploy/up and deploy/down as a newcomer uses them, on a data directory of their own."""
import json
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import urllib.request

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
def deployment(tmp_path):
    made = Deployment(tmp_path / "d")
    yield made
    made.down()
    made.wait_until_gone()


def test_up_plays_the_story_and_says_so_once(deployment):
    first = deployment.up()
    story = (deployment.data / "story.txt").read_text()
    assert "Tout est arrivé où il fallait, et nulle part ailleurs." in story
    assert story in first.stdout
    assert f"http://127.0.0.1:{deployment.port}/" in first.stdout
    with urllib.request.urlopen(f"http://127.0.0.1:{deployment.port}/v1/poles/demonstration") as answer:
        assert json.load(answer)["demonstration"] is True

    supervisor = deployment.supervisor()
    again = deployment.up()
    assert "running already; nothing was changed" in again.stdout
    assert deployment.supervisor() == supervisor

    assert deployment.down().returncode == 0
    deployment.wait_until_gone()
    assert "Nothing runs" in deployment.down().stdout
    restarted = deployment.up()
    assert "the story was played before" in restarted.stdout


def test_keys_and_sockets_are_private(deployment):
    deployment.up("--empty")
    assert oct((deployment.data / "admin.key").stat().st_mode & 0o777) == "0o600"
    assert oct((deployment.data / "run").stat().st_mode & 0o777) == "0o700"
    for name in ("broker.sock", "diffusion.sock", "live.sock", "redis.sock"):
        assert (deployment.data / "run" / name).is_socket()


def test_a_killed_supervisor_leaves_nothing_and_up_works_again(deployment):
    deployment.up("--empty")
    os.kill(deployment.supervisor(), signal.SIGKILL)
    deployment.wait_until_gone()
    deployment.up("--empty")
    assert deployment.instances()[("registry", "active")] == 1


def test_two_registries_on_sqlite_are_one_active_and_one_standby(deployment):
    deployment.up("--empty", "--scale", "registry=2")
    instances = deployment.instances()
    assert (instances[("registry", "active")], instances[("registry", "standby")]) == (1, 1)


def test_two_registries_on_postgresql_are_both_active(deployment):
    deployment.up("--store", "postgres", "--scale", "registry=2")
    assert deployment.instances()[("registry", "active")] == 2
    assert "Tout est arrivé" in (deployment.data / "story.txt").read_text()
    other = deployment.down() and deployment.up("--store", "sqlite", check=False)
    assert other.returncode == 1 and "was made with --store postgres" in other.stdout


@pytest.mark.parametrize("arguments", [["--port", "0"], ["--port", "x"], ["--scale", "broker=2"],
                                       ["--store", "mysql"], ["--what"], ["--data"]])
def test_wrong_arguments_are_named_and_exit_2(arguments):
    done = subprocess.run([ROOT / "deploy/up", *arguments], stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert re.match(r"deploy/up: ", done.stderr)

"""deploy/install and deploy/up where packages are missing: with and without root, with and without
sudo. dpkg-query, id, sudo, apt-get and tee are stand-ins that note how they were called."""
import os
import shutil
import subprocess

import pytest

from conftest import ROOT

BASH = shutil.which("bash")
NOTE = 'echo "$(basename "$0") $*" >>"$CALLS"\n'
TOOLS = ("bash", "sh", "sed", "basename", "dirname", "mkdir", "date", "tr", "cat", "env", "chmod", "rm", "grep")


class Place:
    """A machine with nothing but some tools and the stand-ins."""

    def __init__(self, path):
        self.bin, self.calls, self.others = path / "bin", path / "calls", ""
        self.bin.mkdir()
        self.calls.touch()
        for tool in TOOLS:
            self._write(tool, f'exec {shutil.which(tool)} "$@"')
        self.stand_in("dpkg-query", 'case "$*" in *supervisor*) exit 1 ;; esac; printf installed')
        self.stand_in("id", "echo 1000")

    def stand_in(self, name, text):
        (self.bin / name).unlink(missing_ok=True)
        self._write(name, text)

    def _write(self, name, text):
        """Never through a link: the machine's own programs are not ours to write."""
        descriptor = os.open(self.bin / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o755)
        with open(descriptor, "w") as file:
            file.write(f"#!{BASH}\n{text}\n")

    def root(self):
        """We are root, or as good: what would change the machine is only noted."""
        self.stand_in("id", "echo 0")
        for name in ("apt-get", "systemctl"):
            self.stand_in(name, NOTE)
        self.stand_in("tee", NOTE + "cat >/dev/null")
        self.stand_in("chmod", NOTE)
        self.stand_in("rm", NOTE)

    def run(self, *command):
        return subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                              env={"PATH": f"{self.bin}:{self.others}".rstrip(":"), "HOME": "/nonexistent", "CALLS": str(self.calls)})

    def called(self):
        return self.calls.read_text().splitlines()


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


LINE = "apt-get install --no-install-recommends -y supervisor"


def test_nothing_is_asked_where_nothing_is_missing(place):
    place.stand_in("dpkg-query", "printf installed")
    done = place.run(ROOT / "deploy/install", "build", "run", "postgres", "test")
    assert (done.returncode, done.stdout) == (0, "")


def test_without_root_and_sudo_the_line_is_printed(place):
    done = place.run(ROOT / "deploy/install", "run")
    assert done.returncode == 3 and f"\n    {LINE}\n" in done.stdout


def test_up_without_root_and_sudo_prints_the_line_and_is_3(place, tmp_path):
    place.stand_in("sudo", "exit 1")
    place.others = os.environ["PATH"]
    done = place.run(ROOT / "deploy/up", "--data", tmp_path / "d", "--detach")
    assert done.returncode == 3 and f"\n    {LINE}\n" in done.stdout, done.stdout
    assert not list(tmp_path.glob("d/*.key"))
    done = place.run(ROOT / "deploy/up", "--data", tmp_path / "d", "--detach", "--no-install")
    assert done.returncode == 3 and "missing: supervisor" in done.stdout, done.stdout


def test_sudo_that_would_ask_for_a_password_of_nobody_is_not_used(place):
    place.stand_in("sudo", NOTE + "exit 1")
    done = place.run(ROOT / "deploy/install", "run")
    assert done.returncode == 3 and LINE in done.stdout and place.called() == ["sudo -n true"]


def test_sudo_is_used_after_saying_so(place):
    place.root()
    place.stand_in("id", "echo 1000")
    place.stand_in("sudo", NOTE + '[ "$*" = "-n true" ] || exec "$@"')
    done = place.run(ROOT / "deploy/install", "run")
    assert done.returncode == 0, done.stdout
    assert f"Installing with sudo: {LINE}" in done.stdout
    assert any(call.startswith(f"sudo env DEBIAN_FRONTEND=noninteractive {LINE}") for call in place.called())


@pytest.mark.skipif(os.path.exists("/usr/sbin/policy-rc.d"), reason="this machine has a policy of its own")
def test_services_of_packages_are_not_started(place):
    place.root()
    assert place.run(ROOT / "deploy/install", "run").returncode == 0
    called = place.called()
    order = [next(i for i, call in enumerate(called) if call.startswith(what)) for what in (
        "tee /usr/sbin/policy-rc.d", "apt-get install", "systemctl disable --quiet supervisor",
        "rm -f /usr/sbin/policy-rc.d")]
    assert order == sorted(order), called

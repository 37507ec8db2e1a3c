"""deploy/up and deploy/down as a newcomer uses them, on a data directory of their own."""
import json
import os
import re
import signal
import subprocess
import urllib.request

import pytest

from conftest import ROOT


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

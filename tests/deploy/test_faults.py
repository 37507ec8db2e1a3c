"""The story ends right although every process is killed during it, and the cache is emptied or away."""
import os
import signal
import subprocess

import pytest

from conftest import PRESET, ROOT

VICTIMS = ["broker-0", "registry-0", "labellisation-0", "diffusion-0", "notifications-0", "gateway-0", "redis"]
NIGHTLY = os.environ.get("PIA_NIGHTLY")
ENDING = "Tout est arrivé où il fallait, et nulle part ailleurs."


def control(deployment, *arguments):
    done = subprocess.run(["supervisorctl", "-c", f"{deployment.data}/run/supervisord.conf", *arguments],
                          stdout=subprocess.PIPE, text=True, timeout=60)
    return done.stdout.strip()


def kill(deployment, name):
    pid = int(control(deployment, "pid", name) or 0)
    if pid > 0:  # 0: it is just being restarted
        os.kill(pid, signal.SIGKILL)


def flush(deployment):
    subprocess.run(["redis-cli", "-s", f"{deployment.data}/run/redis.sock", "FLUSHALL"],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=10)


def play(deployment, at_line):
    """Plays the story and calls at_line(number) after each numbered line of its transcript."""
    demo = subprocess.Popen([ROOT / "build" / PRESET / "bin/pia", "--data", deployment.data, "demo",
                             "--port", str(deployment.port)], stdout=subprocess.PIPE, text=True)
    transcript = []
    for line in demo.stdout:
        transcript.append(line)
        number = line.strip().split(".")[0]
        if number.isdigit():
            at_line(int(number))
    assert demo.wait(timeout=10) == 0, "".join(transcript)
    assert ENDING in transcript[-1], "".join(transcript)


def test_each_process_is_killed_in_turn_and_the_story_ends_right(deployment):
    deployment.up("--empty")
    play(deployment, lambda line: kill(deployment, VICTIMS[line % len(VICTIMS)]))


def test_redis_is_flushed_at_every_step_and_then_taken_away(deployment):
    deployment.up("--empty")

    def disturb(line):
        if line == 12:
            control(deployment, "stop", "redis")
        flush(deployment)

    play(deployment, disturb)


@pytest.mark.skipif(not NIGHTLY, reason="the long form: tests/run --nightly")
@pytest.mark.parametrize("victim", VICTIMS)
def test_one_process_is_killed_at_every_step(deployment, victim):
    deployment.up("--empty")
    play(deployment, lambda line: kill(deployment, victim))

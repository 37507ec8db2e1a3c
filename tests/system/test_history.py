"""The journal under load while faults strike, checked by its history (history_check.py). Short, with a
new seed each time, which is printed; PIA_SEED=… repeats one. With PIA_NIGHTLY, minutes and many seeds;
by hand: history.py --help."""

import os
import time

import history
import pytest
from history_faults import Impossible

NIGHTLY = bool(os.environ.get("PIA_NIGHTLY"))
SEED = os.environ.get("PIA_SEED") or str(time.time_ns() % 10**9)
SECONDS = 60 if NIGHTLY else 0
SEEDS = [f"{SEED}-{i}" if i else SEED for i in range(5 if NIGHTLY else 1)]
DEATHS = ["kill", "kill-sync", "kill-write", "eio", "full", "term", "takeover",
          "lost-sync"]
AROUND = ["freeze", "chaos", "storm", "revoke", "retain", "broker", "registry", "redis"]
SHARED = ["kill", "backend", "term", "freeze", "chaos"]


def play(seed, faults, database=None):
    print(f"PIA_SEED={seed}")
    try:
        found = history.play(seed, faults, SECONDS, database, say=print)
    except Impossible as reason:
        pytest.skip(str(reason))
    assert not found, f"PIA_SEED={seed}: {len(found)} anomalies, see above"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_journal_dies_and_comes_back(seed):
    play(seed, DEATHS)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_surrounds_the_journal_fails(seed):
    play(seed, AROUND)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_disk_is_full_and_has_room_again(seed):
    play(seed, ["small", "kill"])


@pytest.mark.parametrize("seed", SEEDS)
def test_an_old_backup_comes_back(seed):
    play(seed, ["restore", "kill"])


@pytest.mark.parametrize("seed", SEEDS)
def test_two_instances_on_postgresql(seed, postgres):
    play(seed, SHARED, postgres)

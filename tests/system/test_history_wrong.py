"""The history checker on journals that are wrong on purpose: programs with one function replaced
(tests/support/wrong_*.c), a disk that lies, and proxies that lie. Each must be found, for its reason;
what is right beside it must not be blamed."""

import contextlib
import os
import time

import history
import history_check
import pytest
from history_faults import FAULTS, Impossible, restart
from history_liar import LIES
from history_run import Run
from pia import BIN, Network

SEED = os.environ.get("PIA_SEED") or str(time.time_ns() % 10**9)


def wrong(name):
    path = BIN.parent / f"tests/wrong/pia-diffusion-{name}"
    if not path.exists():
        pytest.skip(f"{path} is not built")
    return path


@contextlib.contextmanager
def running(binary=None):
    """A journal in which all is right but the program."""
    print(f"PIA_SEED={SEED}")
    run = Run(Network(), SEED, print)
    try:
        history.start_journal(run, [], None, binary)
        yield run
    finally:
        history.end(run, False, print)


def kinds(found, *clients):
    print(history_check.report(found))
    return {a.kind for a in found if not clients or a.client in clients}


def lose(run):
    """What the checker says of load and a kill under it; a journal that has seen its loss by itself
    takes nothing more."""
    run.start_client("publisher", "p1", forge=0, patience_s=2)
    run.start_client("subscriber", "s1", session_s=[600, 600])
    run.wait_growth(300)
    restart(run, run.instances[0])
    return run.finish()


LOST = {"acknowledged, then lost", "acknowledged under another number"}


def test_a_journal_that_acknowledges_before_the_commit_is_found():
    with running(wrong("early_ack")) as run:
        found = kinds(lose(run))
    assert LOST & found and "delivered, then gone" in found


def test_a_disk_that_says_it_is_synced_and_is_not_is_found():
    """By the checker, and by the journal: it keeps a mark of what it has acknowledged."""
    with running() as run:
        try:
            environment = run.volatile_disk(1, lies=True)
        except Impossible as reason:
            pytest.skip(str(reason))
        run.instances[0].kill()
        run.instances[0].start(env=environment)
        run.wait_alive()
        found = kinds(lose(run))
        said = run.instances[0].process.tail()
    assert LOST & found and "delivered, then gone" in found
    assert "the journal is damaged after event" in said and "were acknowledged" in said


def test_a_journal_that_shows_all_to_everybody_is_found():
    with running(wrong("shows_all")) as run:
        run.start_client("publisher", "p1")
        run.start_client("subscriber", "s1", token="", sees=["public"])
        run.start_client("subscriber", "s2")
        run.wait_growth(200)
        found = run.finish()
    assert kinds(found) == kinds(found, "s1") == {"delivered though hidden"}


def test_a_journal_that_stores_repetitions_again_is_found():
    with running(wrong("no_dedup")) as run:
        run.start_client("publisher", "p1", again=0.3, forge=0)
        run.wait_growth(300)
        found = run.finish()
    assert {"stored twice", "appended twice by its receipts", "receipts differ"} <= kinds(found)


def revoke(run):
    """A stream whose subject is revoked while load goes on; what the checker says."""
    run.start_client("publisher", "p1")
    FAULTS["revoke"][0](run)
    return run.finish()


def test_a_revocation_cuts_a_stream_at_its_place():
    with running() as run:
        assert kinds(revoke(run)) == set()


def test_a_journal_that_never_revokes_is_found():
    with running(wrong("never_revokes")) as run:
        found = revoke(run)
    assert "revocation: not cut" in kinds(found) == kinds(found, "revoked-1", "revoked-2")


def test_each_lie_is_found_and_nothing_beside_it():
    with running() as run:
        liars = {}
        for i, (name, (liar, role, _)) in enumerate(LIES.items()):
            liars[name] = liar(run.network.data / f"run/l{i}.sock", run.endpoints()[0], f"{SEED}/{name}")
            run.start_client(role, name, [liars[name].endpoint], pause_s=0.05,
                             forge=0.3 if name == "accepts-forgeries" else 0, session_s=[0.3, 1.0])
        run.start_client("publisher", "honest", pause_s=0.005)
        run.start_client("subscriber", "witness")
        until = time.monotonic() + 30
        while min(liar.lies for liar in liars.values()) < 3:
            assert time.monotonic() < until, {n: liar.lies for n, liar in liars.items()}
            run.wait_growth(50)
        found = run.finish()
        for liar in liars.values():
            liar.stop()
    said = {name: kinds([a for a in found if a.client == name]) for name in LIES}
    assert not [name for name, (_, _, kind) in LIES.items() if kind not in said[name]], said
    assert not [a for a in found if a.client not in LIES]

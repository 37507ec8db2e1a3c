"""Runs of fingerprints that are damaged: made again from the journal if nothing is lost by that, and else when
an operator has decided, who is told what was lost."""

import json
import sqlite3

import pytest
from journal import head, make_event, new_network, publish

FILE = "diffusion.db"
PLACES = 1 << 20  # of pages, a run


@pytest.fixture
def journal():
    with new_network() as network:
        yield network


def fill(journal):
    """Events that stay, and some that retention has removed; all are in runs then."""
    stay = [make_event() for _ in range(5)]
    gone = [make_event(kind="veille") for _ in range(3)]
    receipts = publish(journal, stay + gone)
    done = journal.pia("journal", "retain", "--kind", "veille", "--older-than", "0s")
    assert done.returncode == 0, done.stderr
    return stay, gone, [r["sequence"] for r in receipts]


def spoil(journal, wanted):
    """Flips a bit of each page of which `wanted` likes the sequences; the journal has ended."""
    journal.processes[-1].kill()
    database = sqlite3.connect(journal.data / FILE)
    first = dict(database.execute("SELECT run, first_sequence FROM journal_run"))
    spoilt = 0
    for place, page in database.execute("SELECT place, bytes FROM journal_run_page").fetchall():
        sequences = {first[place // PLACES] + int.from_bytes(page[at + 16 : at + 20], "big")
                     for at in range(0, len(page) - 8, 20)}
        if wanted(sequences):
            bad = bytes([page[0] ^ 1]) + page[1:]
            database.execute("UPDATE journal_run_page SET bytes = ? WHERE place = ?", (bad, place))
            spoilt += 1
    database.commit()
    database.close()
    assert spoilt


def test_a_run_is_made_again_if_nothing_is_lost(journal):
    stay, gone, numbers = fill(journal)
    removed = set(numbers[len(stay):])
    spoil(journal, lambda sequences: not sequences & removed)
    process = journal.start("diffusion", "--redis", "")
    assert "damage" not in head(journal) and "made anew" in process.tail(200)
    again = publish(journal, stay + gone)
    assert [r["sequence"] for r in again] == numbers and all(r["duplicate"] for r in again)
    assert publish(journal, [make_event()])[0]["epoch"] == 1


def test_what_only_a_run_knew_is_given_up_by_decision_alone(journal):
    stay, gone, numbers = fill(journal)
    end = head(journal)["sequence"]
    spoil(journal, lambda sequences: True)
    process = journal.start("diffusion", "--redis", "")
    assert "of 3 removed events" in head(journal)["damage"]
    with journal.diffusion(journal.token()) as connection:
        assert connection.publish([make_event()])["status"] == "unavailable"
    done = journal.pia("journal", "begin-epoch", "a disk was damaged", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"epoch": 2, "sequence": end, "forgotten": 3}
    assert process.wait() == 0
    journal.start("diffusion", "--redis", "")
    assert "damage" not in head(journal)
    again = publish(journal, stay)
    assert [r["sequence"] for r in again] == numbers[: len(stay)]
    assert all(r["duplicate"] for r in again)
    anew = publish(journal, gone)  # as was said
    assert [r["sequence"] for r in anew] == [end + 1, end + 2, end + 3]
    assert journal.pia("journal", "verify").returncode == 0


def test_a_run_that_is_damaged_while_the_journal_works_is_made_again(journal):
    """Whoever publishes something for the second time reads it; the process ends, to begin anew."""
    stay, _, _ = fill(journal)
    database = sqlite3.connect(journal.data / FILE, timeout=20)
    database.execute("UPDATE journal_run_page SET bytes = zeroblob(length(bytes))")
    database.commit()
    database.close()
    process = journal.processes[-1]
    with journal.diffusion(journal.token()) as connection:
        assert connection.publish(stay)["status"] != "ok"
    assert process.wait() == 0 and "a run of fingerprints is damaged" in process.tail(200)
    journal.start("diffusion", "--redis", "")
    assert "removed events" in head(journal)["damage"]  # all pages, also those of what is gone

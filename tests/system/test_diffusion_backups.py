"""What a service announced leaves its outbox when two backups of the journal hold it; after a restore of
either of them nothing is lost and nothing is there twice. On both engines what the engine allows."""

import os
import sqlite3
import subprocess
import time

import pytest
from journal import head, make_key, read_all, wait_for_poles
from pia import Network


class Outbox(Network):
    """Broker, registry and journal on one engine, and a look into the registry's outbox."""

    def __init__(self, postgres=None):
        super().__init__()
        self.postgres = postgres

    def options(self, service):
        if not self.postgres:
            return ()
        return ("--database", f"{self.postgres}#{service}_outbox{os.getpid()}")

    def start_three(self):
        self.start_broker("--drain-ms", "200")
        self.start("registry", "--redis", "", "--registry.demonstration", "true",
                   *self.few_communes(), *self.options("registry"))
        self.start_diffusion()
        wait_for_poles(self)

    def start_diffusion(self):
        self.start("diffusion", "--redis", "", *self.options("diffusion"))

    def number(self, query):
        if not self.postgres:
            database = sqlite3.connect(f"file:{self.data / 'registry.db'}?mode=ro", uri=True)
            [value] = database.execute(query).fetchone()
            database.close()
            return value
        schema = self.options("registry")[1].split("#")[1]
        done = subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", self.postgres, "-c",
                               f"SET search_path TO {schema}; {query}"],
                              capture_output=True, text=True, check=False, timeout=30)
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    def wait_for(self, query, wanted, timeout=30):
        until = time.monotonic() + timeout
        while (value := self.number(query)) != wanted:
            assert time.monotonic() < until, f"{query}: {value}, not {wanted}"
            time.sleep(0.02)

    def announce(self):
        """Announces something, and waits until its receipt is kept; the number of its first row."""
        before = self.last()
        made = make_key(self, "pole", pole="cnidep")
        assert self.call("registry.key.revoke", {"id": made["id"]}).status == 200
        self.wait_for("SELECT COUNT(*) FROM outbox WHERE state <> 1", 0)
        assert self.last() > before
        return before + 1

    def last(self):
        return self.number("SELECT MAX(number) FROM outbox")

    def back_up(self, name):
        """By whichever means the engine has; the file, or None."""
        if self.postgres:
            done = self.pia("journal", "backed-up", head(self)["cursor"])
        else:
            done = self.pia("journal", "backup", self.data / name)
        assert done.returncode == 0 and done.stderr == "", done.stderr
        return self.data / name

    def restore(self, path):
        self.processes[-1].kill()
        done = self.pia("restore", path)
        assert done.returncode == 0, done.stderr
        self.start_diffusion()
        return done.stderr

    def announced(self):
        """What the journal has of the registry: (source, id), in its order."""
        return [(r.event["source"], r.event["id"]) for r in
                read_all(self, self.token(), {"sources": ["/services/registry"]})]

    def wait_until_announced(self, wanted):
        until = time.monotonic() + 30
        while (there := self.announced()) != wanted:
            assert time.monotonic() < until, f"{len(there)} of {len(wanted)}"
            time.sleep(0.1)


ROWS = "SELECT COUNT(*) FROM outbox"
FIRST = "SELECT MIN(number) FROM outbox"


@pytest.fixture(params=["sqlite", "postgres"])
def either(request):
    with Outbox(request.getfixturevalue("postgres") if request.param == "postgres" else None) as network:
        network.start_three()
        yield network


@pytest.fixture
def embedded():
    with Outbox() as network:
        network.start_three()
        yield network


def test_what_two_backups_hold_leaves_the_outbox(either):
    assert either.announce() > 1 and either.number(ROWS) == either.last()  # the reference pôles
    either.back_up("1.db")
    second = either.announce()
    assert either.number(FIRST) == 1
    either.back_up("2.db")  # the first is the last but one
    either.wait_for(FIRST, second)
    either.back_up("3.db")
    either.announce()
    either.back_up("4.db")
    either.back_up("5.db")
    either.wait_for(ROWS, 1)  # the last one stays: by its receipt a new epoch is noticed
    last = either.last()
    assert either.number(FIRST) == last
    counters = either.call("service.stats", service="registry").body["counters"]
    assert counters["outbox_purged_total"] == last - 1 and counters["outbox_sent_total"] == last
    assert len(set(either.announced())) == last == len(either.announced())

    # who has just come learns it at the greeting
    with either.diffusion(either.token()) as connection:
        said = connection.hello()
    assert said["backed_up"] and int(said["backed_up"].split(".")[1]) <= head(either)["sequence"]
    answer = either.call("diffusion.journal.backed_up", {"cursor": "1.3.00000000", "idempotency_key": "a"})
    assert (answer.status, answer.body["pointer"]) == (400, "/cursor")


def test_after_a_restore_of_either_nothing_is_lost_and_nothing_twice(embedded):
    embedded.announce()
    one = embedded.back_up("1.db")
    second = embedded.announce()
    two = embedded.back_up("2.db")
    embedded.announce()
    embedded.wait_for(FIRST, second)
    before = embedded.announced()
    for path in (two, one):
        assert embedded.restore(path) == ""
        embedded.wait_until_announced(before)
        assert len(set(before)) == len(before)
    embedded.announce()
    assert embedded.announced()[:len(before)] == before and embedded.number(FIRST) == second
    embedded.back_up("3.db")  # the third is the last but one now
    embedded.back_up("4.db")
    embedded.wait_for(FIRST, embedded.last())
    assert embedded.pia("journal", "verify").returncode == 0


def test_who_restores_an_older_one_is_warned(embedded):
    old = embedded.back_up("0.db")
    first = embedded.announce()
    embedded.back_up("1.db")
    second = embedded.announce()
    two = embedded.back_up("2.db")
    embedded.announce()
    embedded.wait_for(FIRST, second)
    before = embedded.announced()
    assert "Restore one of the last two" in embedded.restore(old)
    embedded.wait_until_announced([*before[:first - 1], *before[second - 1:]])
    registry = embedded.processes[1]
    assert "announcements after" in registry.tail() and "not here any more" in registry.tail()
    embedded.restore(two)
    embedded.wait_until_announced(before)


def test_a_backup_that_cannot_be_noted_is_a_backup(embedded):
    embedded.announce()
    embedded.processes[-1].kill()  # nobody to tell
    done = embedded.pia("journal", "backup", embedded.data / "1.db", "--timeout", "1")
    assert done.returncode == 0 and "not noted" in done.stderr, done.stderr
    assert embedded.pia("journal", "check", embedded.data / "1.db").returncode == 0
    embedded.start_diffusion()

"""Two instances of the journal on one PostgreSQL."""

import contextlib
import os
import signal
import subprocess
import time

import piad
from journal import start_journal
from pia import Network


class Pair(Network):
    """`both`: the two; `processes` has them among the others."""

    def __init__(self, url, schema):
        super().__init__()
        self.url, self.schema = url, schema

    def options(self, number):
        return ("--database", f"{self.url}&application_name={self.schema}_{number}#{self.schema}")

    def start_both(self):
        first = start_journal(self, *self.options(1))
        self.both = [first, self.start("diffusion", "--redis", "", *self.options(2))]

    def start_again(self):
        """After both have ended."""
        self.both = [self.start("diffusion", "--redis", "", *self.options(n)) for n in (1, 2)]

    def sql(self, text):
        """Of PostgreSQL's superuser, beside the journal."""
        done = subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", self.url, "-c",
                               f"SET search_path TO {self.schema}; {text}"],
                              capture_output=True, text=True, check=False, timeout=30)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def where(self, number):
        return self.endpoint("diffusion" if number == 1 else f"diffusion.{number}")

    def connect(self, number):
        connection = piad.Diffusion(self.where(number), self.token())
        self.peers.append(connection)
        return connection

    def publish_by(self, number, *events):
        with self.connect(number) as connection:
            return connection.publish(list(events))

    @contextlib.contextmanager
    def unreachable(self, number):
        """The database gives this instance no answer; it stands still between two transactions, so
        that nobody else waits for it."""
        pids = self._stop_idle(f"application_name = '{self.schema}_{number}'")
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def _stop_idle(self, which, timeout=20):
        until = time.monotonic() + timeout
        while True:
            pids = [int(pid) for pid in
                    self.sql(f"SELECT pid FROM pg_stat_activity WHERE {which}").split()]
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            busy = self.sql(f"SELECT COUNT(*) FROM pg_stat_activity WHERE {which} AND state <> 'idle'")
            if pids and busy == "0":
                return pids
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
            assert time.monotonic() < until, f"{which}: never idle"

    def lock(self, statement):
        """A session that holds what the statement locks, until its input is closed."""
        session = subprocess.Popen(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", self.url],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        session.stdin.write(f"SET search_path TO {self.schema}; BEGIN; {statement};\n\\echo locked\n")
        session.stdin.flush()
        line = session.stdout.readline()
        while line and line != "locked\n":
            line = session.stdout.readline()
        assert line, "the lock was not given"
        return session

    def wait_for(self, query, wanted, timeout=20):
        until = time.monotonic() + timeout
        while self.sql(query) != wanted:
            assert time.monotonic() < until, query

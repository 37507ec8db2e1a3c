"""What all figures share: where things are, how a client program is run, sides that take turns."""

import json
import os
import subprocess
import sys

from harness.servers import Failed, before_exec, held_interrupts

CLIENT_S = 300  # no client works longer than that


class Bench:
    """Folders, sizes and the running of client programs."""

    def __init__(self, root, build, runs, quick):
        self.root, self.build, self.runs, self.quick = root, build, runs, quick
        self.bin = build / "bin"
        self.clients = build / "bench"
        self.results, self.data = build, build / "data"

    def scaled(self, full, quick):
        """A size or a time, for a real run and for a sanity pass."""
        return quick if self.quick else full

    def has(self, client):
        return (self.clients / f"bench-{client}").exists()

    def client(self, server, program, operation, *options, core=None, timeout=CLIENT_S):
        """Runs bench-PROGRAM OPERATION against `server`; what it printed, as an object."""
        command = [self.clients / f"bench-{program}", operation, *server.endpoint(), *options]
        child = None
        try:
            with held_interrupts():
                child = subprocess.Popen(
                    [str(word) for word in command], cwd=server.directory, text=True,
                    errors="replace", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                    preexec_fn=before_exec(core))
            printed, said = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as late:
            raise Failed(f"bench-{program} {operation}: no end after {timeout} s") from late
        finally:
            if child and child.poll() is None:
                child.kill()
                child.wait()
        if child.returncode != 0:
            raise Failed(f"bench-{program} {operation}: {said.strip() or child.returncode}")
        return json.loads(printed)


class Side:
    """One of those compared: a name in the table, a server, and what its client is told."""

    def __init__(self, name, server, *options):
        self.name, self.server, self.options = name, server, options

    def there(self, bench):
        return bench.has(self.server.client)


class Row:
    """One line of a figure: the values of every side, a run each, and what is to be reached.

    `targets` is a list of (side or None, "≥" or "≤", number): PIA's median divided by that side's,
    or PIA's own."""

    def __init__(self, label, unit, targets=()):
        self.label, self.unit, self.targets = label, unit, targets
        self.values = {}

    def add(self, side, value):
        self.values.setdefault(side, []).append(value)


class Figure:
    """What a figure gave: rows, notes, what failed; `x` if its rows are points of a curve."""

    def __init__(self, name, title):
        self.name, self.title = name, title
        self.rows, self.notes, self.failures = [], [], []
        self.details = []  # every answer of a client, for results.json
        self.curve = None  # (label of x, [(series, [(x, y)])])

    def row(self, label, unit, targets=()):
        self.rows.append(Row(label, unit, targets))
        return self.rows[-1]

    def fail(self, side, why):
        self.failures.append(f"{side}: {why}")
        print(f"  {self.name}: {side} failed: {why}", file=sys.stderr)

    def detail(self, side, what, answer):
        self.details.append({"side": side, "what": what, **answer})


def take_turns(bench, figure, sides, measure):
    """Runs measure(side) for each side in turn, `runs` times: A B C A B C …"""
    failed = set()
    for run in range(bench.runs):
        for side in sides:
            if not side.there(bench):
                if run == 0:
                    figure.notes.append(f"{side.name}: its client library is not installed")
                continue
            if side.name in failed:
                continue
            try:
                measure(side)
            except Failed as why:
                failed.add(side.name)
                figure.fail(side.name, why)


def cores():
    """Two cores that we may use, or the same one twice."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[1] if len(allowed) > 1 else allowed[0]

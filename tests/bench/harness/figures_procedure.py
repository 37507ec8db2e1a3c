"""The labellisation's engine on a durable store: transitions, many dossiers, timers due at once."""

import json
import subprocess

from harness.core import Figure
from harness.servers import Failed

BARE = "SQLite, the same rows"
FLAT = 1.25  # a cost that stays within this is flat
LIMIT_S = 280


def engine(bench, *options):
    """bench-labellisation in a folder of its own on the disk that is meant."""
    folder = bench.data / "run-labellisation"
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([bench.clients / "bench-labellisation", *map(str, options)], cwd=folder,
                          capture_output=True, text=True, timeout=LIMIT_S, check=False)
    if done.returncode != 0:
        raise Failed(f"bench-labellisation: {done.stderr.strip() or done.returncode}")
    return json.loads(done.stdout)


def transitions(bench):
    """durable transitions per second, beside SQLite writing the same rows"""
    figure = Figure("transitions", "Durable transitions, a text and an announcement each")
    for label, batch, count in (("one a commit", 1, bench.scaled(5000, 50)),
                                ("64 a commit", 64, bench.scaled(40_000, 200))):
        row = figure.row(label, "transitions/s", [(BARE, "≥", 0.5)])
        for _ in range(bench.runs):
            answer = engine(bench, "transitions", count, batch)
            row.add("PIA", answer["rate"])
            row.add(BARE, answer["bare"])
            figure.detail("PIA", label, answer)
    figure.notes.append("On 1,000 dossiers in turn: load, rights, guards, chain and log, state, outbox. Beside it "
                        "the same store with rows of the same tables, indexes and sizes, and nothing else done.")
    return figure


def dossiers(bench):
    """cost of a transition, a read and a page as dossiers grow to 100,000"""
    sizes = bench.scaled((1000, 10_000, 100_000), (100, 1000))
    figure = Figure("dossiers", "Cost of a transition, a read and a page as the dossiers grow")
    answers = {size: [engine(bench, "dossiers", size) for _ in range(bench.runs)] for size in sizes}
    series = []
    for label, member in (("one transition, committed", "transition_us"), ("one read", "read_us"),
                          ("a page of 50", "page_us")):
        points = []
        for size in sizes:
            row = figure.row(f"{label}, {size:,} dossiers", "µs")
            for answer in answers[size]:
                row.add("PIA", answer[member])
            points.append((size, sorted(row.values["PIA"])[len(row.values["PIA"]) // 2]))
        ratio = figure.row(f"{label}: {sizes[-1]:,} beside {sizes[0]:,}", "×", [(None, "≤", FLAT)])
        ratio.add("PIA", points[-1][1] / max(points[0][1], 1e-9))
        series.append((label, points))
    figure.curve = ("dossiers", "µs", series)
    figure.notes.append(f"Flat is within {FLAT}.")
    return figure


def timers(bench):
    """10,000 timers due in the same second, handled durably"""
    count = bench.scaled(10_000, 200)
    figure = Figure("timers", f"{count:,} timers due in the same second")
    rows = (("alerts", "alerts before a decision", "s", 5), ("decisions", "decisions by silence", "s", 5))
    handled = [(name, figure.row(label, unit, [(None, "≤", most)])) for name, label, unit, most in rows]
    waits = [(name, figure.row(f"{label}: longest time in which nobody else is answered", "ms",
                               [(None, "≤", 250)])) for name, label, _, _ in rows]
    for _ in range(bench.runs):
        answer = engine(bench, "timers", count)
        for name, row in handled:
            row.add("PIA", answer[f"{name}_s"])
        for name, row in waits:
            row.add("PIA", answer[f"{name}_longest_ms"])
        figure.detail("PIA", "timers", answer)
    figure.notes.append("A tick every 200 ms, as the service makes them, each a commit; until none is due.")
    return figure

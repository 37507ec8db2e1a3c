"""Whom an event reaches."""

import json
import statistics
import subprocess

from harness.core import Figure
from harness.population import add_subscriptions
from harness.servers import Failed, Pia, Postgres, Redis

MASK, GIN, SINTER = "PostgreSQL, masks", "PostgreSQL, GIN", "Redis SINTERCARD (counts only)"
MATCH_S = 200
PEOPLE = 960_000


def index_alone(bench, count):
    """bench-match's lines by figure: build, count, list, page_all (match.c)."""
    done = subprocess.run([bench.clients / "bench-match", str(count)], capture_output=True, text=True,
                          timeout=MATCH_S, check=False)
    if done.returncode != 0:
        raise Failed(f"bench-match: {done.stderr.strip() or done.returncode}")
    return {line["figure"]: line for line in map(json.loads, done.stdout.splitlines())}


def samples_us(line):
    """Sorted."""
    return sorted(sample / 1000 for sample in line["samples"])


def percentile(values, share):
    return values[int(share * (len(values) - 1))]


def match(bench):
    """one event against 960,000 subscriptions, 1 % matching"""
    count, events = bench.scaled(PEOPLE, 20_000), bench.scaled(40, 10)
    figure = Figure("match", f"One event against {count:,} subscriptions, about 1 % matching")
    half = figure.row("with the list of matches, p50", "µs", [(MASK, "≤", 1 / 300), (GIN, "≤", 1 / 300)])
    most = figure.row("with the list of matches, p99", "µs", [(None, "≤", 200)])
    counted = figure.row("only their number, p50", "µs")
    memory = figure.row("index, without keywords", "MB", [(None, "≤", 16)])
    built = figure.row("built in", "ms")
    for _ in range(bench.runs):
        lines = index_alone(bench, count)
        listed = samples_us(lines["list"])
        half.add("PIA", statistics.median(listed))
        most.add("PIA", percentile(listed, 0.99))
        counted.add("PIA", statistics.median(samples_us(lines["count"])))
        memory.add("PIA", lines["build"]["bytes"] / 1e6)
        built.add("PIA", lines["build"]["ns"] / 1e6)
        figure.notes[:] = [f"PIA's matched {lines['list']['matched'] / count:.2%} on average"]
        figure.detail("PIA", "match", {name: {k: v for k, v in line.items() if k != "samples"}
                                       for name, line in lines.items()})
    peers(bench, figure, (half, most, counted), count, events)
    return figure


def peers(bench, figure, rows, count, events):
    """Each is loaded once: that takes longer than all its matching."""
    half, most, counted = rows
    options = ("--count", count, "--window", events)
    try:
        with Postgres(bench) as server:
            answer = bench.client(server, "postgres", "match", *options)
        for side, name in ((MASK, "mask_us"), (GIN, "gin_us")):
            values = sorted(answer.pop(name))
            half.add(side, statistics.median(values))
            most.add(side, percentile(values, 0.99))
        figure.notes[0] += f", PostgreSQL's {answer['matched'] / count:.2%}; {events} events for the peers."
        figure.detail("PostgreSQL", "match", answer)
    except Failed as why:
        figure.fail("PostgreSQL", why)
    try:
        with Redis(bench, durable=False) as server:
            answer = bench.client(server, "sinter", "match", *options)
        counted.add(SINTER, statistics.median(answer.pop("count_us")))
        figure.detail(SINTER, "match", answer)
    except Failed as why:
        figure.fail("Redis", why)


def audience(bench):
    """page an audience of 960,000"""
    count = bench.scaled(PEOPLE, 5_000)
    figure = Figure("audience", f"Pages of 2,000 through an audience of {count:,}")
    asked = figure.row("as a service asks, through the broker", "recipients/s", [(None, "≥", 1e6)])
    with Pia(bench) as server:
        server.stop_diffusion()
        add_subscriptions(server.directory, count, everything=True)
        server.restart()
        bench.client(server, "pia", "publish", "--count", 1, "--window", 1)
        sequence = server.head()["sequence"]
        for _ in range(bench.runs):
            answer = bench.client(server, "requests", "audience", "--sequence", sequence)
            if answer["recipients"] != count:
                raise Failed(f"{answer['recipients']} recipients of {count}")
            asked.add("PIA", answer["rate"])
            figure.detail("PIA", asked.label, answer)
    if bench.has("match"):
        alone = figure.row("the index alone", "recipients/s", [(None, "≥", 1e6)])
        pages = samples_us(index_alone(bench, count)["page_all"])
        alone.add("PIA", count * 1e6 / statistics.median(pages))
    return figure

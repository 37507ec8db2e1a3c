"""What size costs: publishing while the journal and the subscriptions grow, and starting on both."""

import hashlib
import json
import shutil
import statistics

from harness.core import Figure
from harness.figures_streams import drop_caches
from harness.population import add_subscriptions
from harness.servers import Pia

FLAT = 1.25  # a cost that stays within this is flat
PARTS = 3  # a measurement is the median of so many
MEASURED_MAX = PARTS * 200_000  # events of one measurement
FILL_S = 280
STAMP = "grown.json"


def sizes(bench):
    return bench.scaled(([1000, 10_000, 100_000, 1_000_000, 10_000_000], [1000, 10_000, 100_000, 960_000]),
                        ([1000, 10_000], [100, 1000]))


def grown(bench):
    """The folder of the grown journal, and whether it was already made by the same program."""
    program = hashlib.sha256((bench.bin / "pia-diffusion").read_bytes()).hexdigest()[:16]
    folder = bench.data / ("grown-quick" if bench.quick else "grown")
    wanted = {"program": program, "sizes": sizes(bench)}
    stamp = folder / STAMP
    made = stamp.exists() and json.loads(stamp.read_text()) == json.loads(json.dumps(wanted))
    return folder, wanted, made


def publish(bench, server, count):
    return bench.client(server, "pia", "publish", "--publishers", 4, "--window", 1024,
                        "--seconds", FILL_S, "--count", count)


class Costs:
    """The cost of a publish at each size; the rows and curves of the figure."""

    def __init__(self, bench, figure, server):
        self.bench, self.figure, self.server = bench, figure, server
        self.one, self.many, self.cpu = [], [], []

    def measure(self, size, count, many):
        """With `count` events; one in flight, and many unless the journal is still too small."""
        answer = self.bench.client(self.server, "pia", "publish", "--window", 1,
                                   "--count", self.bench.scaled(1000, 100), "--seconds", 10)
        self.one.append((size, answer["p50_us"]))
        if not many:
            return
        times, loads = [], []
        for _ in range(PARTS):
            before = self.server.cpu_seconds()
            answer = publish(self.bench, self.server, count // PARTS)
            times.append(1e6 / answer["rate"])
            loads.append((self.server.cpu_seconds() - before) * 1e6 / answer["events"])
            self.figure.detail("PIA", f"at {size}", answer)
        self.many.append((size, statistics.median(times)))
        if statistics.median(loads) > 0:  # shorter than a tick of the kernel's count says nothing
            self.cpu.append((size, statistics.median(loads)))

    def rows(self, what):
        for name, points in (("1 in flight, time to acknowledgement", self.one),
                             ("4 × 1024, time for an event", self.many),
                             ("4 × 1024, server CPU for an event", self.cpu)):
            for size, cost in points:
                self.figure.row(f"{name}, {size:,} {what}", "µs").add("PIA", cost)
            if len(points) < 2:
                continue
            first, last = points[0], points[-1]
            row = self.figure.row(f"{name}: {last[0]:,} beside {first[0]:,} {what}", "×",
                                  [(None, "≤", FLAT)])
            row.add("PIA", last[1] / first[1])

    def series(self, what):
        return [(f"1 in flight, by {what}", self.one), (f"4 × 1024, by {what}", self.many),
                (f"4 × 1024, CPU, by {what}", self.cpu)]


def grow(bench, figure, folder):
    """Makes the folder: first events, then subscriptions."""
    events, people = sizes(bench)
    with Pia(bench, directory=folder) as server:
        by_events = Costs(bench, figure, server)
        for size in events:
            count = min(size // 2, MEASURED_MAX)
            missing = size - count - server.head()["sequence"]
            if missing > 0:
                publish(bench, server, missing)
            by_events.measure(size, count, size > events[0])
        by_people = Costs(bench, figure, server)
        for size in people:
            server.stop_diffusion()
            add_subscriptions(folder, size)
            server.restart()
            by_people.measure(size, bench.scaled(MEASURED_MAX, 2000), True)
        memory = server.memory_bytes()
        head = server.head()["sequence"]
    by_events.rows("events")
    by_people.rows("subscriptions")
    figure.curve = ("events, or subscriptions", "µs",
                    by_events.series("events") + by_people.series("subscriptions"))
    size = sum(path.stat().st_size for path in folder.glob("diffusion.db*"))
    figure.notes.append(
        f"One pass, since it makes {head:,} events; each point is the median of {PARTS} parts of it. "
        f"At the end {size / head:.0f} bytes an event on disk, "
        f"{memory / 2**20:,.0f} MiB in memory. Flat is within {FLAT}.")


def growth(bench):
    """cost of one publish as the journal and the subscriptions grow"""
    figure = Figure("growth", "Cost of one publish as the journal and the subscriptions grow")
    folder, wanted, _ = grown(bench)
    shutil.rmtree(folder, ignore_errors=True)
    grow(bench, figure, folder)
    (folder / STAMP).write_text(json.dumps(wanted))
    return figure


def start(bench):
    """start with 10 million events and 960,000 subscriptions, until ready"""
    folder, wanted, made = grown(bench)
    if not made:
        shutil.rmtree(folder, ignore_errors=True)
        grow(bench, Figure("growth", ""), folder)
        (folder / STAMP).write_text(json.dumps(wanted))
    events, people = wanted["sizes"]
    figure = Figure("start", f"Start with {events[-1]:,} events and {people[-1]:,} subscriptions")
    ready = figure.row("until it answers", "s", [(None, "≤", 3)])
    warm = figure.row("the same, files in the page cache", "s")
    with Pia(bench, directory=folder) as server:
        dropped = []
        for _ in range(bench.runs):
            dropped.append(drop_caches())
            ready.add("PIA", server.restart())
            bench.client(server, "pia", "publish", "--count", 1, "--window", 1)
            warm.add("PIA", server.restart())
    figure.notes.append("The page cache was " + ("dropped before the first kind of start."
                        if all(dropped) else "not dropped: that needs root.")
                        + " The registry and the broker run; the diffusion starts.")
    return figure

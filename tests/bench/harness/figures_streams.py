"""The ways out: fan-out, latency, replay."""

import os

from harness.core import Figure, Side, take_turns
from harness.figures_publish import JETSTREAM, REDIS, STREAM, measured
from harness.servers import Failed, Mosquitto, Nats, Pia, Redis

CORE, PUBLISH, QOS0 = "NATS core", "Redis PUBLISH", "mosquitto QoS 0"
LEAD_MAX, LEAD_ALL = 65536, 1638400  # events the publisher may be ahead; over all followers


def fanout(bench):
    """live streams to 1, 10 and 100 subscribers: deliveries a second, nothing lost"""
    figure = Figure("fanout", "Live streams, 256 B: deliveries to 1, 10, 100 subscribers")
    sides = [Side("PIA", Pia), Side(CORE, Nats), Side(PUBLISH, Redis), Side(QOS0, Mosquitto)]
    for followers in (1, 10, 100):
        row = figure.row(f"{followers} subscribers" if followers > 1 else "1 subscriber",
                         "deliveries/s", [(CORE, "≥", 2), (PUBLISH, "≥", 2)])

        def measure(side, followers=followers, row=row):
            answer = measured(bench, side, "fanout", "--followers", followers, "--window", 8192,
                              "--lead", min(LEAD_MAX, LEAD_ALL // followers),
                              "--seconds", bench.scaled(2, 0.2))
            row.add(side.name, answer["rate"])
            figure.detail(side.name, row.label, answer)

        take_turns(bench, figure, sides, measure)
    figure.notes.append("Every subscriber checks that it gets every event once and in order. PIA's are "
                        "durable, the others' are not. The one publisher has up to 8,192 "
                        "events without an acknowledgement (NATS core has none), and stays at most 65,536 events "
                        "(16,384 with 100 subscribers) ahead, so that nobody has to drop.")
    return figure


def latency(bench):
    """publish to subscriber callback at 5,000 events/s, durable"""
    figure = Figure("latency", "Publish to callback at 5,000 events/s, durable, 256 B")
    redis = REDIS + " → XREAD"
    sides = [Side("PIA", Pia), Side(redis, Redis, *STREAM), Side(JETSTREAM, Nats, *STREAM)]
    half = figure.row("p50", "µs", [(redis, "≤", 1)])
    most = figure.row("p99", "µs", [(redis, "≤", 1)])

    def measure(side):
        answer = measured(bench, side, "latency", "--rate", 5000, "--seconds", bench.scaled(3, 0.3))
        half.add(side.name, answer["p50_us"])
        most.add(side.name, answer["p99_us"])
        figure.detail(side.name, "5,000 events/s", answer)

    take_turns(bench, figure, sides, measure)
    figure.notes.append("Each event is sent when it is due, and its time counts from then. JetStream "
                        "delivers before fsync.")
    return figure


def drop_caches():
    """Asks the kernel to forget the files' pages; whether it did."""
    try:
        os.sync()
        with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as control:
            control.write("1\n")
        return True
    except OSError:
        return False


def replay(bench):
    """cold replay to one subscriber"""
    figure = Figure("replay", "Replay from the beginning to one subscriber, 256 B, server restarted")
    row = figure.row("1 subscriber", "events/s", [(None, "≥", 1e6)])
    events = bench.scaled(1_000_000, 20_000)
    dropped = []

    def again(server, side, start):
        dropped.append(drop_caches())
        server.restart()
        answer = bench.client(server, side.server.client, "replay", *STREAM, *start,
                              "--count", events)
        row.add(side.name, answer["rate"])
        figure.detail(side.name, "replay", answer)

    for side in (Side("PIA", Pia), Side(JETSTREAM, Nats), Side("Redis XREAD", Redis)):
        if not side.there(bench):
            continue
        try:
            with side.server(bench) as server:
                start = server.mark()
                bench.client(server, side.server.client, "publish", *STREAM, "--count", events,
                             "--seconds", 120, "--window", 1024)
                for _ in range(bench.runs):
                    again(server, side, start)
        except Failed as why:
            figure.fail(side.name, why)
    figure.notes.append("The system's page cache was " + ("dropped before each replay."
                        if all(dropped) else "warm: dropping it needs root.")
                        + " Redis has read everything into memory when it is ready.")
    return figure

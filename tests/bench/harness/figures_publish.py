"""Durable publishing: many in flight, and one."""

from harness.core import Figure, Side, cores, take_turns
from harness.servers import Mosquitto, Nats, Pia, Redis

STREAM = ("--subscriber", "stream")
REDIS, JETSTREAM, MQTT = "Redis XADD, always", "NATS JetStream, lazy", "mosquitto QoS 1, memory"


def sides():
    return [Side("PIA", Pia), Side(REDIS, Redis, *STREAM), Side(JETSTREAM, Nats, *STREAM),
            Side(MQTT, Mosquitto, *STREAM)]


def measured(bench, side, operation, *options, server_core=None, client_core=None):
    """One run on a new server: the client's answer, with the server's CPU time for an event."""
    with side.server(bench, core=server_core) as server:
        before = server.cpu_seconds()
        answer = bench.client(server, side.server.client, operation, *side.options, *options,
                              core=client_core)
        answer["server_cpu_us"] = (server.cpu_seconds() - before) * 1e6 / max(answer["events"], 1)
        answer["server_memory"] = server.memory_bytes()
    return answer


def many(bench, name, publishers):
    figure = Figure(name, f"Durable publish, 256 B, {publishers} × 1024 in flight")
    row = figure.row(f"{publishers} × 1024", "events/s", [(REDIS, "≥", 2), (JETSTREAM, "≥", 2)])
    cpu = figure.row("server CPU", "µs/event")

    def measure(side):
        answer = measured(bench, side, "publish", "--publishers", publishers, "--window", 1024,
                          "--seconds", bench.scaled(2, 0.2))
        row.add(side.name, answer["rate"])
        cpu.add(side.name, answer["server_cpu_us"])
        figure.detail(side.name, row.label, answer)

    take_turns(bench, figure, sides(), measure)
    figure.notes.append("Redis and NATS do not deduplicate here; PIA does, exactly, by (source, id).")
    return figure


def publish4(bench):
    """durable publish, 4 publishers × 1024 in flight"""
    return many(bench, "publish4", 4)


def publish1(bench):
    """durable publish, 1 publisher × 1024 in flight"""
    return many(bench, "publish1", 1)


def publish_one(bench):
    """durable publish, 1 in flight: time to the acknowledgement, on one core and on two"""
    figure = Figure("publish-one", "Durable publish, 256 B, 1 in flight: time to the acknowledgement")
    first, second = cores()
    for place, server_core in (("one core", first), ("two cores", second)):
        half = figure.row(f"{place}, p50", "µs", [(REDIS, "≤", 1.3)])
        most = figure.row(f"{place}, p99", "µs")

        def measure(side, place=place, server_core=server_core, half=half, most=most):
            answer = measured(bench, side, "publish", "--publishers", 1, "--window", 1,
                              "--seconds", bench.scaled(1.5, 0.2),
                              server_core=server_core, client_core=first)
            half.add(side.name, answer["p50_us"])
            most.add(side.name, answer["p99_us"])
            figure.detail(side.name, place, answer)

        take_turns(bench, figure, sides()[:3], measure)
    figure.notes.append("Server and client are pinned, all their threads: to the same core, or each "
                        "to one of its own. JetStream acknowledges before fsync.")
    return figure

#!/usr/bin/python3
"""Publishes, follows and listens while faults strike the journal, and checks the history of it all.

What a run does follows from its seed, but for the machine's own timing: a seed that found something
usually finds it again. Exit status: 0 nothing found, 1 anomalies, 2 usage, 3 not possible here.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import time

import history_check
import journal
from chaos import FAULTS as FAULTS_OF_LINKS
from history_faults import FAULTS, Impossible
from history_run import Run
from pia import BIN, ROOT, Network

SECONDS = 60


@contextlib.contextmanager
def postgresql():
    tool = ROOT / "tests/support/private_postgres"
    started = subprocess.run([tool, "start"], capture_output=True, text=True, check=False)
    if started.returncode:
        raise Impossible(started.stderr.strip())
    url = started.stdout.strip()
    try:
        yield url
    finally:
        subprocess.run([tool, "stop", url], check=True)


def start_services(run, faults):
    network = run.network

    def broker():
        return network.start_broker("--drain-ms", "200")

    def registry():
        return network.start("registry", "--redis", "", "--registry.demonstration", "true", *network.few_communes(),
                             wait=False)

    started = [("broker", broker), ("registry", registry)]
    if "redis" in faults:
        started.append(("redis", network.start_redis))
    for name, start in started:
        run.services[name] = (start(), start)
    return [] if "redis" in faults else ["--redis", ""]


def start_journal(run, faults, database, binary=None):
    """The instances that these faults need; returns when the reference pôles may publish."""
    options = start_services(run, faults)
    if database:
        run.database = database
        options += ["--database", f"{database}#history{os.getpid()}"]
        run.sockets = ["diffusion", "diffusion.2"]
        run.add_instance("first", options, binary)
        run.wait_alive([run.network.endpoint("diffusion")])  # so that it has the first socket
        run.add_instance("second", options, binary)
    elif "small" in faults:
        run.add_instance("first", [*options, "--database", "sqlite:disk/diffusion.db"], binary, True)
    else:
        run.add_instance("first", options, binary)
    run.wait_alive()
    journal.wait_for_poles(run.network)


def strike(run, faults, seconds):
    """Each fault once, in a random order; and again until the time is over."""
    until = time.monotonic() + seconds
    while True:
        order = list(faults)
        run.random.shuffle(order)
        for name in order:
            FAULTS[name][0](run)
            run.wait_growth(run.random.randint(1, 300))
        if time.monotonic() >= until:
            return


def play(seed, faults, seconds=0, database=None, binary=None, say=lambda text: None, keep=False):
    """One run: each fault once, and again for so long; its anomalies. `database`: the URL of a private
    PostgreSQL, instead of SQLite."""
    network = Network()
    run = Run(network, seed, say)
    if seconds:
        run.is_long, run.storm_size = True, 1000
    try:
        start_journal(run, faults, database, binary)
        run.start_clients(chaos=["calm", "split", "delay"] if "chaos" in faults else None,
                          loses="restore" in faults)
        run.wait_growth(100)
        strike(run, faults, seconds)
        found = run.finish()
        if found:
            say(history_check.report(found))
        else:
            say(f"nothing wrong in {int(run.last)} events")
        return found
    finally:
        end(run, keep, say)


def end(run, keep, say):
    """What remains, and what the processes themselves complained of."""
    network = run.network
    failing = sys.exc_info()[0] is not None
    for process, _ in run.services.values():
        process.kill()  # they are not what is tried here, and take a second to drain
    wrong, tails = network.stop(), network.tails()
    if run.holder:
        run.holder.kill()
        run.holder.wait()
    if keep:
        say(f"kept: {network.data}")
    else:
        shutil.rmtree(network.data, ignore_errors=True)
    if wrong and not failing:
        raise AssertionError("\n".join([*wrong, tails]))


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="faults:\n" + "\n".join(
            f"  {name:12}{function.__doc__.splitlines()[0] if function.__doc__ else ''}"
            f"{'' if len(engines) > 1 else f' ({engines[0]})'}"
            for name, (function, engines) in FAULTS.items())
        + "\n\nfaults of connections, under chaos:\n"
        + "\n".join(f"  {name:12}{what}" for name, what in FAULTS_OF_LINKS.items()))
    parser.add_argument("--seed", default=os.environ.get("PIA_SEED") or str(time.time_ns() % 10**9))
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"default {SECONDS}")
    parser.add_argument("--faults", help="NAME,NAME…; default: all of the engine but small and restore")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--diffusion", help="the program to try, instead of $PIA_BIN/pia-diffusion")
    parser.add_argument("--keep", action="store_true", help="keep the data directory and histories")
    options = parser.parse_args(arguments)
    fitting = [n for n, (_, engines) in FAULTS.items() if options.engine in engines]
    options.faults = options.faults.split(",") if options.faults else \
        [n for n in fitting if n not in ("small", "restore")]
    if set(options.faults) - set(fitting):
        parser.error(f"not for {options.engine}: {', '.join(set(options.faults) - set(fitting))}")
    if {"restore", "retain"} <= set(options.faults):
        parser.error("restore and retain exclude each other: what was noted before a removal may be lost")
    return options


def main(arguments):
    options = parse(arguments)
    begun = time.monotonic()

    def say(text):
        print(f"{time.monotonic() - begun:7.1f} {text}", flush=True)

    say(f"seed {options.seed}, {BIN}")
    with contextlib.ExitStack() as stack:
        try:
            database = stack.enter_context(postgresql()) if options.engine == "postgresql" else None
            found = play(options.seed, options.faults, options.seconds, database, options.diffusion,
                         say, options.keep)
        except Impossible as reason:
            say(f"not possible here: {reason}")
            return 3
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

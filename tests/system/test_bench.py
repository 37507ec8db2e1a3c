"""The benchmark's harness (tests/bench/run): that it measures what it says it does. Speed is nobody's
business here."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import xml.etree.ElementTree

import pytest

from pia import BIN, ROOT

CLIENTS = BIN.parent / "bench"
PEERS = {"Redis XADD, always": ("redis", "redis-server"), "NATS JetStream, lazy": ("nats", "nats-server")}


def run(results, *options):
    done = subprocess.run(
        [ROOT / "tests/bench/run", "--build", BIN.parent, "--results", results, *options],
        capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """One small figure, and where its results are."""
    folder = tmp_path_factory.mktemp("bench")
    printed = run(folder, "--quick", "--json", "publish1")
    return json.loads(printed), folder


def test_a_figure_is_complete(measured):
    results, folder = measured
    assert results == json.loads((folder / "results.json").read_text())
    assert results["machine"]["cpu"] and results["machine"]["file_system"] and results["settings"]
    assert all(value > 0 for value in results["limits"].values())
    (figure,) = results["figures"]
    assert figure["figure"] == "publish1" and figure["failures"] == []
    rate = figure["rows"][0]
    assert rate["values"]["PIA"][0] > 0 and rate["unit"] == "events/s"
    assert [target["against"] for target in rate["targets"]] == list(PEERS)
    (detail,) = [detail for detail in figure["details"] if detail["side"] == "PIA"]
    assert detail["events"] > 0


def test_a_figure_is_drawn(measured):
    _, folder = measured
    drawn = xml.etree.ElementTree.parse(folder / "publish1.svg")
    assert "PIA" in [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("peer", PEERS)
def test_a_peer_is_measured_beside_it(measured, peer):
    client, server = PEERS[peer]
    if not (CLIENTS / f"bench-{client}").exists() or not shutil.which(server):
        pytest.skip(f"{server} or its library is not installed (deploy/install bench)")
    results, _ = measured
    rate = results["figures"][0]["rows"][0]
    assert rate["values"][peer][0] > 0
    (target,) = [target for target in rate["targets"] if target["against"] == peer]
    assert target["value"] == pytest.approx(rate["medians"]["PIA"] / rate["medians"][peer])


def test_nothing_is_left_behind(measured):
    _, folder = measured
    assert list((folder / "data").glob("run-*")) == []


def processes_in(folder):
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/cwd"):
        try:
            if pathlib.Path(os.readlink(entry)).is_relative_to(folder):
                found.append((entry.parent / "cmdline").read_text().replace("\0", " "))
        except OSError:
            pass  # ended meanwhile, or another's
    return found


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_process(tmp_path, how):
    running = subprocess.Popen(
        [ROOT / "tests/bench/run", "--build", BIN.parent, "--results", tmp_path, "--runs", "99",
         "publish1"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(how, signal.SIG_DFL))  # a suite in the background ignores SIGINT
    until = time.monotonic() + 60
    while len(processes_in(tmp_path)) < 3:
        assert running.poll() is None and time.monotonic() < until
    running.send_signal(how)
    _, said = running.communicate(timeout=60)
    assert running.returncode != 0, said
    assert processes_in(tmp_path) == []
    assert list((tmp_path / "data").glob("run-*")) == []


def test_the_table_says_what_is_to_be_reached(tmp_path):
    folder = tmp_path / ("deeper than the address of a unix socket can say: " + "x" * 100)
    printed = run(folder, "--quick", "publish1")
    (line,) = [line for line in printed.splitlines() if line.startswith("publish1") and "1 × 1024" in line]
    assert "events/s" in line or "/s" in line
    assert all(peer in printed for peer in PEERS) and "FAILED" not in printed
    assert "Machine" in printed and "Versions" in printed and "Settings" in printed


def test_the_figures_are_listed():
    listed = subprocess.run([ROOT / "tests/bench/run", "--list"], capture_output=True, text=True,
                            check=True).stdout
    assert [line.split()[0] for line in listed.splitlines()][:3] == ["publish4", "publish1", "publish-one"]


def test_the_engine_is_measured_beside_the_same_rows(tmp_path):
    results = json.loads(run(tmp_path, "--quick", "--json", "transitions", "dossiers", "timers"))
    assert [figure["figure"] for figure in results["figures"]] == ["transitions", "dossiers", "timers"]
    assert all(figure["failures"] == [] and figure["rows"] for figure in results["figures"])
    for row in results["figures"][0]["rows"]:
        (target,) = row["targets"]
        assert target["wanted"] == 0.5 and target["value"] > 0
    assert list((tmp_path / "data").glob("run-*")) == []

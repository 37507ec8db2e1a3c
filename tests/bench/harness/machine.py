"""On what was measured: the machine, the versions, its own limits."""

import json
import os
import pathlib
import platform
import subprocess

PACKAGES = ("redis-server", "libhiredis0.14", "nats-server", "libnats3.4", "mosquitto",
            "libmosquitto1", "postgresql-15", "libsqlite3-0", "libzmq5", "libjansson4")


def output(*command, cwd=None):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def cpu_model():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def memory():
    for line in pathlib.Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal:"):
            return f"{int(line.split()[1]) / 1048576:.1f} GiB"
    return "unknown"


def file_system(path):
    """(type, device) of the file system that `path` is on."""
    best = ("", "unknown", "unknown")
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        device, mounted, kind = line.split()[:3]
        inside = str(path) == mounted or str(path).startswith(mounted.rstrip("/") + "/")
        if inside and len(mounted) >= len(best[0]):
            best = (mounted, kind, device)
    return best[1], best[2]


def versions():
    listed = {}
    for package in PACKAGES:
        version = output("dpkg-query", "-W", "-f", "${Version}", package)
        if version:
            listed[package] = version
    return listed


def describe(bench):
    kind, device = file_system(bench.data)
    commit = output("git", "rev-parse", "--short", "HEAD", cwd=bench.root)
    if output("git", "status", "--porcelain", "--untracked-files=no", cwd=bench.root):
        commit += " with changes"
    return {
        "cpu": cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "memory": memory(),
        "kernel": platform.release(),
        "file_system": f"{kind} on {device}",
        "commit": commit,
        "load": f"{os.getloadavg()[0]:.2f} before",
        "versions": versions(),
    }


def limits(bench):
    """What the machine can do at most (limits.c)."""
    bench.data.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [bench.clients / "bench-limits", str(bench.scaled(0.5, 0.1))], cwd=bench.data,
        capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def print_machine(machine, limit, settings):
    print(f"\nMachine   {machine['cpu']}, {machine['cores']} cores for server and client together, "
          f"{machine['memory']}")
    print(f"          Linux {machine['kernel']}; data on {machine['file_system']}; load "
          f"{machine['load']}")
    print(f"Limits    {limit['fdatasync_4k']:,.0f} fdatasync/s after 4 KiB, "
          f"{limit['fdatasync_256k']:,.0f}/s after 256 KiB; memcpy {limit['memcpy_bytes'] / 1e9:.1f} GB/s;")
    print(f"          SQLite alone, 1,000 events a blob and commit: {limit['sqlite_events']:,.0f} "
          f"events/s; a byte there and back: {limit['ping_one_core_us']:.1f} µs on one core, "
          f"{limit['ping_two_cores_us']:.1f} µs on two")
    print(f"Versions  PIA {machine['commit']}; "
          + ", ".join(f"{name} {version}" for name, version in machine["versions"].items()))
    for name, text in settings.items():
        print(f"Settings  {name}: {text}")

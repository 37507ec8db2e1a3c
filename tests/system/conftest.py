"""Fixtures for the system tests: `pia` (an empty data directory), `broker` (with a broker in it),
`network` (all services, one a file), `postgres` (a private server), `engine` (SQLite, then PostgreSQL)."""

import pathlib
import subprocess
import sys
import uuid

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from pia import BIN, ROOT, SERVICES, Engine, Network  # noqa: E402


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """When a test fails, its processes' logs belong to the report."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for name, value in getattr(item, "funcargs", {}).items():
            if isinstance(value, Network):
                report.sections.append((f"logs of {name}", value.tails()))


@pytest.fixture
def pia():
    """A data directory in which nothing runs yet."""
    with Network() as network:
        yield network


@pytest.fixture
def broker(pia):
    """A data directory in which a broker runs."""
    pia.start_broker("--drain-ms", "200")
    return pia


@pytest.fixture(scope="module")
def network():
    """Everything up, shared by the tests of a file."""
    missing = [s for s in ("broker", *SERVICES) if not (BIN / f"pia-{s}").exists()]
    if missing:
        pytest.skip(f"not built: {', '.join(missing)}")
    with Network() as network:
        network.start_all()
        yield network


@pytest.fixture(scope="session")
def postgres():
    """The URL of a private PostgreSQL."""
    tool = ROOT / "tests/support/private_postgres"
    if not tool.exists():
        pytest.skip("no private PostgreSQL")
    started = subprocess.run([str(tool), "start"], capture_output=True, text=True, check=False)
    if started.returncode == 3:
        pytest.skip(started.stderr.strip())
    assert started.returncode == 0, started.stderr
    url = started.stdout.strip()
    yield url
    subprocess.run([str(tool), "stop", url], check=True)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(request):
    """Both engines, one after the other, with a schema of its own for the file."""
    if request.param == "sqlite":
        return Engine()
    schema = f"{request.module.__name__}_{uuid.uuid4().hex[:8]}"
    return Engine(f"{request.getfixturevalue('postgres')}#{schema}")

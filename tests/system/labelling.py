"""Services with a campaign of dossiers, for the tests of labellisation, on both engines."""

import time
import uuid

import pytest

from campaign import Campaign
from pia import BIN, Network

NEEDED = ("broker", "registry", "diffusion", "labellisation")
pytestmark = pytest.mark.skipif(
    not all((BIN / f"pia-{name}").exists() for name in NEEDED), reason="not built")


def start(network, *options, instances=1, registry=()):
    network.start_broker("--drain-ms", "200")
    network.start("registry", *registry, wait=False)
    network.start("diffusion", wait=False)
    for number in range(instances):
        network.start("labellisation", "--instance", f"labellisation-{number}", *options, wait=False)
    for service in ("registry", "diffusion", "labellisation"):
        network.wait_ready(service)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def running(request):
    options = ()
    if request.param == "postgresql":
        schema = "labellisation_" + uuid.uuid4().hex[:8]
        options = ("--database", f"{request.getfixturevalue('postgres')}#{schema}")
    network = Network()
    try:
        start(network, *options)
    except BaseException:
        print(network.tails())
        network.stop()
        network.remove()
        raise
    yield network
    wrong = network.stop()
    tails = network.tails()
    network.remove()
    assert not wrong, "\n".join([*wrong, tails])


@pytest.fixture(scope="module")
def campaign(running):
    return Campaign(running)


def refused(answer, status, pointer=None):
    assert answer.status == status, answer
    assert answer.body["detail"], answer
    if pointer is not None:
        assert answer.body["pointer"] == pointer, answer
    return answer.body["detail"]


def await_state(campaign, dossier, state):
    until = time.monotonic() + 20
    while dossier["state"] != state:
        assert time.monotonic() < until, dossier
        dossier = campaign.get(dossier)
    return dossier

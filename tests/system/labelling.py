"""Services with a campaign of dossiers, for the tests of labellisation, on both engines."""

import time

import pytest

from campaign import Campaign
from pia import BIN, Network

NEEDED = ("broker", "registry", "diffusion", "labellisation")
DEMONSTRATION = ("--registry.demonstration", "true")  # the registry's: its clock may be moved


def needs(*services):
    return pytest.mark.skipif(not all((BIN / f"pia-{name}").exists() for name in services), reason="not built")


pytestmark = needs(*NEEDED)


def start(network, *options, instances=1, registry=()):
    """What NEEDED says; `options` are labellisation's."""
    network.options = options
    network.start_broker("--drain-ms", "200")
    network.start("registry", *network.few_communes(), *registry, wait=False)
    network.start("diffusion", wait=False)
    for number in range(instances):
        network.start("labellisation", "--instance", f"labellisation-{number}", *options, wait=False)
    for service in ("registry", "diffusion", "labellisation"):
        network.wait_ready(service)


@pytest.fixture(scope="module")
def running(engine):
    with Network() as network:
        start(network, *engine.options)
        yield network


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

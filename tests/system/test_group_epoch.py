"""Groups in a new epoch: what the journal has lost is not settled, its numbers are given again, and all
that was settled before stays so."""

import json

import pytest
from group import Member
from journal import POLE, head, make_event, new_network, publish
from test_diffusion_damage import FILE, flip, stop

OURS = {"sources": [f"/poles/{POLE}"]}


@pytest.fixture
def journal():
    with new_network() as network:
        yield network


def add(network, keys, **members):
    return [r["sequence"] for r in publish(network, [make_event(partitionkey=k, **members) for k in keys])]


def begin_epoch(network):
    """The operator decides; the journal ends by itself, and is started as a supervisor would."""
    process = network.processes[-1]
    done = network.pia("journal", "begin-epoch", "a disk was damaged", "--json")
    assert done.returncode == 0, done.stderr
    assert process.wait() == 0
    network.start("diffusion", "--redis", "")
    return json.loads(done.stdout)["sequence"]


@pytest.mark.parametrize("behind", [False, True])
def test_a_group_goes_on_from_the_common_place(journal, behind):
    """All of the lost tail was settled: by its place, or (behind) above an event that was not."""
    with Member(journal.endpoint("diffusion"), journal.token()) as member:
        member.joined("essai", credit=100, filter=OURS, **{"from": "head"})
        first = add(journal, "abc")
        tasks = {t.sequence: t for t in member.take(3)}
        kept = [tasks.pop(first[1])] if behind else []
        member.done(*tasks.values())
        lost = add(journal, "de", data={"text": "the needle"}) + add(journal, "f")
        member.done(*member.take(3))
    stop(journal)
    assert flip(journal.data / FILE, b"the needle") == 2
    journal.start("diffusion", "--redis", "")
    assert begin_epoch(journal) == lost[0] - 1

    again = add(journal, "dgf")  # under the numbers of what was lost
    assert again == lost and head(journal)["epoch"] == 2
    with Member(journal.endpoint("diffusion"), journal.token()) as member:
        said = member.joined("essai", credit=100)
        if not behind:  # its place was lost, and it is told where it goes on
            assert said["epoch"] == 1 and said["cursor"].startswith(f"1.{first[2]}.")
        tasks = member.take(len(kept) + 3)
        assert {t.sequence for t in tasks} == {t.sequence for t in kept} | set(again)
        member.done(*tasks)
        assert member.nothing()

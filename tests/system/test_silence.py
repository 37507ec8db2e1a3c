"""The legal clock of a dossier: its deadline explained, and what silence decides at its second."""

import uuid

import pytest

from campaign import Campaign
from labelling import DEMONSTRATION, await_state, pytestmark, refused, start  # noqa: F401

DAY_MS = 24 * 3600 * 1000


def advance(campaign, days):
    campaign.ok("admin", "registry.clock.advance", {"by_ms": days * DAY_MS})


def explained(campaign, deadline, completions):
    """The same period, computed without a dossier."""
    return campaign.ok("admin", "labellisation.deadline.compute",
                       {"rule": deadline["rule"], "from": deadline["from"],
                        "completions": completions})


def campaign_key(pia, campaign):
    path = pia.data / "secretariat.key"
    path.write_text(campaign.keys["secretariat"])
    return path


def test_the_deadline_of_a_dossier_is_explained(pia):
    start(pia, registry=DEMONSTRATION)
    campaign = Campaign(pia)
    dossier = campaign.create()
    assert "deadline" not in dossier
    dossier = campaign.go("candidate", dossier, "deposer")
    deadline = dossier["deadline"]
    assert deadline["silence"] == "rejet" and deadline["transition"] == "refuser_implicitement"
    assert deadline["ends_at"] == dossier["timers"][0]["due_at"]
    late = {"pieces": [{"piece": "budget", "why": "missing"}], "delai": "2020-01-01"}
    refused(campaign.move("secretariat", dossier, "declarer_incomplet", late), 400, "/data/delai")
    pieces = campaign.pieces(20)
    requested = campaign.ok("admin", "registry.clock.get", {})["now"][:10]
    dossier = campaign.go("secretariat", dossier, "declarer_incomplet", pieces)
    waiting = dossier["deadline"]
    assert [s["effect"] for s in waiting["segments"]] == ["runs", "suspended", "runs"]
    asked = [{"requested": waiting["segments"][1]["from"], "until": pieces["delai"]}]
    assert asked[0]["requested"] >= requested
    assert explained(campaign, waiting, asked)["segments"] == waiting["segments"]
    assert [timer["name"] for timer in dossier["timers"]] == ["production", "rappel_production"]
    body = {"dossier": dossier["id"], "if_produced": pieces["delai"]}
    what_if = campaign.ok("candidate", "labellisation.dossier.deadline", body)["what_if"]
    assert what_if["last_day"] == waiting["last_day"]
    body["if_produced"] = asked[0]["requested"]
    what_if = campaign.ok("candidate", "labellisation.dossier.deadline", body)["what_if"]
    assert what_if["last_day"] == deadline["last_day"]
    shown = pia.pia("dossier", "deadline", dossier["id"], "--if-produced", pieces["delai"],
                    "--key", campaign_key(pia, campaign))
    assert "if the pieces come then" in shown.stdout, shown
    campaign.advance(5)
    dossier = campaign.go("candidate", campaign.get(dossier), "completer")
    answered = dossier["deadline"]
    asked[0]["produced"] = answered["segments"][1]["to"]
    assert explained(campaign, answered, asked)["segments"] == answered["segments"]
    assert deadline["last_day"] < answered["last_day"] < waiting["last_day"]
    body["if_produced"] = "2030-01-01"
    refused(campaign.call("candidate", "labellisation.dossier.deadline", body), 400, "/if_produced")
    dossier = campaign.go("candidate", dossier, "retirer")
    assert "deadline" not in dossier
    refused(campaign.call("candidate", "labellisation.dossier.deadline", {"dossier": dossier["id"]}), 409)


def decided(campaign, dossier):
    """The entries of the history that silence made."""
    return [entry for entry in campaign.history(dossier)
            if entry["transition"] == "refuser_implicitement"]


def announced(pia, dossier):
    """How often the decision was announced, up to a later dossier's first event."""
    count = 0
    with pia.diffusion(pia.token()) as stream:
        stream.hello()
        stream.subscribe(cursor="", filter={"sources": ["/services/labellisation"]})
        while True:
            for record in stream.next()[2]:
                data = record.event["data"]
                if data.get("dossier") == dossier["id"]:
                    count += data.get("transition") == "refuser_implicitement"
                elif data.get("title") == "Le dernier":
                    return count


def begin(pia, options):
    start(pia, *options, registry=DEMONSTRATION)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_silence_decides_once_at_its_second_though_everything_was_down(pia, engine, request):
    options = ()
    if engine == "postgresql":
        options = ("--database", f"{request.getfixturevalue('postgres')}#silence_{uuid.uuid4().hex[:8]}")
    begin(pia, options)
    campaign = Campaign(pia)
    dossier = campaign.go("candidate", campaign.create(), "deposer")
    dossier = campaign.go("secretariat", dossier, "declarer_incomplet", campaign.pieces(10))
    ends_at = dossier["deadline"]["ends_at"]
    [p for p in pia.processes if p.name == "labellisation"][-1].kill()
    advance(campaign, 200)  # nobody is there when the second comes
    for process in reversed(pia.processes):
        process.kill()
    begin(pia, options)
    until = campaign.ok("secretariat", "labellisation.dossier.list", {"state": "refuse_implicite"})
    if not until["items"]:
        await_state(campaign, dossier, "refuse_implicite")
    entry, = decided(campaign, dossier)
    assert entry["effective_at"] == ends_at and entry["recorded_at"] > ends_at
    made = [e["transition"] for e in campaign.history(dossier)]
    assert made == ["creer", "deposer", "enregistrer", "declarer_incomplet", "rappeler_pieces",
                    "constater_delai", "alerter_silence", "refuser_implicitement"]
    for process in reversed(pia.processes):
        if process.child.poll() is None:
            process.kill()
    begin(pia, options)
    assert decided(campaign, dossier) == [entry]
    campaign.create(title="Le dernier")
    assert announced(pia, dossier) == 1

"""Legal periods over every way they can be asked: a table of vectors, and a thousand random facts
against a computation that shares nothing with the service's (deadlines.py)."""

import datetime as dt
import json
import os
import pathlib
import random

import deadlines
import pytest
from gateway import Gateway
from pia import Network

TABLE = pathlib.Path(__file__).with_name("deadlines.tsv")
ROWS = [line.split("\t") for line in TABLE.read_text().splitlines() if not line.startswith("#")]
PLACES = ["75", "2A", "57", "67", "68", "etranger", *deadlines.ZONES]
SEED = int(os.environ.get("PIA_SEED", "421"))


@pytest.fixture(scope="module")
def net():
    with Network() as network:
        network.start_broker("--drain-ms", "200")
        for service in ("registry", "labellisation"):
            network.start(service, wait=False)
        network.wait_ready("labellisation")
        yield network


@pytest.fixture(scope="module")
def client(net):
    return net.client()


def compute(client, **facts):
    return client.call("labellisation.deadline.compute", facts)


def computed(client, **facts):
    answer = compute(client, **facts)
    assert answer.status == 200, answer
    return answer.body


def assert_explained(body, start):
    """What counts joins from the first day to the last one."""
    at = start
    for segment in body["segments"]:
        assert segment["text"] and segment["article"]
        if segment["effect"] == "ignored":
            assert segment["from"] == segment["to"]
            continue
        assert segment["from"] == at <= segment["to"], body
        at = segment["to"]
    assert not body["running"] or at == body["last_day"]


@pytest.mark.parametrize("row", ROWS, ids=["-".join(row[:4]) + f"-{i}" for i, row in enumerate(ROWS)])
def test_vectors(client, row):
    rule, start, place, court, extra, last, ends_at = row
    facts = {} if extra == "-" else json.loads(extra)
    independent = deadlines.last_day(rule, start, place, court, **facts)
    assert last == (str(independent) if independent else "-")
    body = computed(client, rule=rule, **{"from": start}, place=place, court=court, **facts)
    assert body["running"] == (last != "-")
    if last != "-":
        assert (body["last_day"], body["ends_at"]) == (last, ends_at)
    if rule != "convocation" and not rule.startswith("renouvellement"):
        assert_explained(body, body["from"])


def random_day(generator, first=dt.date(2008, 1, 1), days=15000):
    return first + dt.timedelta(generator.randrange(days))


def random_completions(generator, start):
    completions, at = [], start
    for _ in range(generator.randrange(4)):
        requested = at + dt.timedelta(generator.randrange(40))
        until = requested + dt.timedelta(generator.randrange(40))
        asked = {"requested": str(requested), "until": str(until)}
        at = until
        if generator.random() < 0.7:
            at = requested + dt.timedelta(generator.randrange(60))
            asked["produced"] = str(at)
        if generator.random() < 0.2:
            asked["indispensable"] = False
        completions.append(asked)
    return completions


def random_appeals(generator, start):
    appeals = []
    for kind in generator.sample(["gracieux", "hierarchique"], generator.randrange(3)):
        sent = start + dt.timedelta(generator.randrange(80))
        received = sent + dt.timedelta(generator.randrange(5))
        appeal = {"kind": kind, "sent": str(sent), "received": str(received)}
        if generator.random() < 0.5:
            appeal["rejected"] = str(received + dt.timedelta(generator.randrange(200)))
        appeals.append(appeal)
    return appeals


def random_facts(generator):
    rule = generator.choice([*deadlines.MONTHS, *deadlines.DAYS, "enregistrement"])
    start = random_day(generator)
    facts = {"place": generator.choice(PLACES), "court": generator.choice(PLACES)}
    if rule.startswith("silence"):
        facts["completions"] = random_completions(generator, start)
    if rule == "recours-contentieux":
        facts["appeals"] = random_appeals(generator, start)
    return rule, str(start), facts


def test_random_facts_agree_with_the_independent_computation(client):
    generator = random.Random(SEED)
    for _ in range(1000):
        rule, start, facts = random_facts(generator)
        expected = deadlines.last_day(
            rule, start, facts["place"], facts["court"], facts.get("completions", ()), facts.get("appeals", ()))
        body = computed(client, rule=rule, **{"from": start}, **facts)
        assert body.get("last_day") == (str(expected) if expected else None), (SEED, rule, start, facts, body)
        if expected:
            assert body["ends_at"] == deadlines.ends_at(rule, expected, facts["place"]), (SEED, rule, start, facts)


def test_every_holiday_of_thirty_years(client):
    """The working day after each day of a year tells which days are off."""
    for year in (1983, 2000, 2008, 2017, 2018, 2024, 2026):
        for place in ("75", "67", "974", "978"):
            at = dt.date(year, 1, 1)
            while at.year == year:
                body = computed(client, rule="enregistrement", **{"from": str(at)}, place=place)
                found = dt.date.fromisoformat(body["last_day"])
                assert found == deadlines.last_day("enregistrement", str(at), place), (place, at)
                at = found


def test_another_period_needs_its_text(client):
    facts = {"rule": "silence-rejet", "from": "2026-01-31", "months": 4}
    refused = compute(client, **facts)
    assert (refused.status, refused.body["pointer"]) == (400, "/basis")
    body = computed(client, **facts, basis="décret n° 2014-1304")
    assert (body["last_day"], body["article"]) == ("2026-05-31", "décret n° 2014-1304")
    body = computed(client, rule="silence-rejet", **{"from": "2026-01-31"}, days=15, weeks=1, basis="appel 2026")
    assert body["last_day"] == "2026-02-22"


def test_what_if_the_pieces_come_on_the_14th(client):
    pending = [{"requested": "2026-03-02", "until": "2026-03-31"}]
    facts = {"rule": "silence-rejet", "from": "2026-02-10", "completions": pending}
    body = computed(client, **facts, if_produced="2026-03-14")
    assert (body["last_day"], body["what_if"]["last_day"]) == ("2026-05-09", "2026-04-22")
    assert_explained(body["what_if"], "2026-02-10")
    assert compute(client, **facts, if_produced="2026-03-01").body["pointer"] == "/if_produced"
    done = [{**pending[0], "produced": "2026-03-05"}]
    assert compute(client, **{**facts, "completions": done}, if_produced="2026-03-14").status == 400


def test_who_was_not_told_has_time(client):
    body = computed(client, rule="recours-contentieux", **{"from": "2026-02-10"}, uninformed=True)
    assert body["running"] is False and "last_day" not in body
    assert "L112-6" in body["segments"][0]["article"]


@pytest.mark.parametrize(
    "facts,pointer",
    [
        ({"rule": "nonsense"}, "/rule"),
        ({"from": "2026-02-30"}, "/from"),
        ({"from": "hier matin"}, "/from"),
        ({"from": "5000-01-01"}, "/from"),
        ({"place": "99"}, "/place"),
        ({"place": "20"}, "/place"),
        ({"court": "zz"}, "/court"),
        ({"completions": [{"requested": "2026-01-01", "until": "2026-03-01"}]}, "/completions/0"),
        ({"completions": [{"requested": "2026-02-20", "until": "2026-02-19"}]}, "/completions/0"),
        ({"completions": [{"requested": "2026-02-20", "until": "2026-03-19", "produced": "2026-02-19"}]},
         "/completions/0"),
        ({"completions": [{"requested": "2026-02-20", "until": "2026-03-19"},
                          {"requested": "2026-03-01", "until": "2026-03-19"}]}, "/completions/1"),
        ({"completions": [{"requested": "2026-02-31", "until": "2026-03-19"}]}, "/completions/0/requested"),
        ({"appeals": [{"kind": "gracieux", "sent": "2026-02-20"}]}, "/appeals/0"),
        ({"rule": "motifs", "completions": [{"requested": "2026-02-20", "until": "2026-02-21"}]}, "/completions/0"),
        ({"rule": "recours-contentieux", "appeals": [{"kind": "gracieux", "sent": "2026-02-01"}]}, "/appeals/0"),
        ({"rule": "recours-contentieux", "appeals": [{"kind": "gracieux", "sent": "2026-02-20"}] * 2}, "/appeals/1"),
        ({"rule": "enregistrement", "months": 1, "basis": "x"}, "/months"),
    ],
)
def test_facts_that_cannot_be_are_refused(client, facts, pointer):
    answer = compute(client, **{"rule": "silence-rejet", "from": "2026-02-10", **facts})
    assert answer.status in (400, 404), answer
    assert answer.body["pointer"] == pointer


def test_over_http(net):
    web = Gateway(net)
    web.wait_ready()
    got = web.get("/v1/deadlines/recours-contentieux?from=2007-10-01")
    assert (got.status, got.json["last_day"]) == (200, "2007-12-03")
    rules = [item["rule"] for item in web.get("/v1/deadlines").json["items"]]
    assert set(rules) == {*deadlines.MONTHS, *deadlines.DAYS, "enregistrement"}
    asked = {"rule": "recours-contentieux", "from": "2026-01-05",
             "appeals": [{"kind": "gracieux", "sent": "2026-02-01"}]}  # fmt: skip
    posted = web.post("/v1/deadlines", asked)
    assert (posted.status, posted.json["last_day"]) == (200, "2026-06-02")
    assert web.get("/v1/deadlines/nonsense?from=2026-01-05").status == 404
    assert web.get("/v1/deadlines/motifs").status == 400


def test_on_the_command_line(net):
    shown = net.pia("deadline", "recours-contentieux", "--from", "2022-11-03", "--place", "974")
    assert shown.returncode == 0, shown.stderr
    assert "last day: 2023-02-06" in shown.stdout and "La Réunion" in shown.stdout
    done = net.pia("deadline", "silence-rejet", "--from", "2024-12-31", "--completions",
                   '{"requested":"2025-01-10","until":"2025-02-10"}', "--if-produced", "2025-01-20", "--json")
    body = json.loads(done.stdout)
    assert (body["last_day"], body["what_if"]["last_day"]) == ("2025-03-31", "2025-03-10")
    assert "recours-contentieux" in net.pia("deadline", "rules").stdout
    assert net.pia("deadline", "nonsense", "--from", "2026-01-01").returncode == 1
    assert net.pia("deadline", "motifs").returncode == 2

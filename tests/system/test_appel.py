"""Calls and specifications: what is pinned, and when dossiers may be filed."""

import json

import pytest

from campaign import Campaign, moving
from labelling import DEMONSTRATION, pytestmark, refused, start  # noqa: F401
from pia import Network

CRITERION = {"code": "besoins", "label": "Besoins", "weight": 2, "min": 0, "max": 5, "threshold": 2}


@pytest.fixture(scope="module")
def campaign(engine):
    with Network() as network:
        start(network, *engine.options, registry=DEMONSTRATION)
        yield Campaign(network)


def specify(campaign, **more):
    return campaign.ok("instructing service", "labellisation.specification.create",
                       {"name": "cahier-essai", "title": "Essai", "criteria": [CRITERION], **more})


def prepare(campaign, opens, closes=None, **more):
    body = {"title": "Appel d'essai", "specification": {"name": "cahier-pia"},
            "opens": campaign.day(opens), **more}
    if closes is not None:
        body["closes"] = campaign.day(closes)
    return campaign.ok("instructing service", "labellisation.appel.create", body)


def do(campaign, who, appel, transition, data=None):
    return campaign.call(who, "labellisation.appel.transition", moving("appel", appel, transition, data))


def done(campaign, who, appel, transition, data=None):
    answer = do(campaign, who, appel, transition, data)
    assert answer.status == 200, answer
    return answer.body


def shown(campaign, appel):
    return campaign.ok("candidate", "labellisation.appel.get", {"appel": appel["id"]})


def test_a_specification_is_versioned_and_never_changes(campaign):
    first = specify(campaign, threshold=50)
    assert first["version"] == 1 and first["criteria"] == [CRITERION]
    second = specify(campaign, title="Autre", version=2)
    assert second["version"] == 2
    refused(campaign.call("secretariat", "labellisation.specification.create",
                          {"name": "cahier-essai", "title": "Autre", "version": 2,
                           "criteria": [CRITERION]}), 409, "/version")
    get = "labellisation.specification.get"
    assert campaign.network.call(get, {"name": "cahier-essai", "version": 1}, anonymous=True).body == first
    assert campaign.network.call(get, {"name": "cahier-essai"}, anonymous=True).body == second
    refused(campaign.call("secretariat", get, {"name": "rien"}), 404)
    page = campaign.ok("candidate", "labellisation.specification.list", {"limit": 2})
    rest = campaign.ok("candidate", "labellisation.specification.list", {"after": page["next"]})
    names = [(s["name"], s["version"]) for s in page["items"] + rest["items"]]
    assert [n for n in names if n[0] != "cahier-ligne"] == [
        ("cahier-essai", 1), ("cahier-essai", 2), ("cahier-pia", 1)]


@pytest.mark.parametrize("criteria, pointer", [
    ([CRITERION, CRITERION], "/criteria/1/code"),
    ([{**CRITERION, "min": 5}], "/criteria/0/max"),
    ([{**CRITERION, "threshold": 6}], "/criteria/0/threshold"),
    ([{**CRITERION, "weight": 0}], "/criteria/0/weight"),
])
def test_a_specification_that_does_not_fit_is_refused_at_its_place(campaign, criteria, pointer):
    refused(campaign.call("secretariat", "labellisation.specification.create",
                          {"name": "cahier-essai", "title": "Essai", "criteria": criteria}), 400, pointer)


def test_a_call_takes_dossiers_between_its_dates_only(campaign):
    appel = prepare(campaign, opens=2, closes=40)
    assert appel["state"] == "preparation" and appel["open"] is False
    dossier = campaign.create(appel=appel["id"])
    assert dossier["appel"] == appel["id"] and dossier["process"] == appel["process"]
    assert dossier["specification"] == {"name": "cahier-pia", "version": 1}
    detail = refused(campaign.move("candidate", dossier, "deposer"), 409, "/transition")
    assert appel["opens"] in detail and appel["closes"] in detail
    refused(do(campaign, "candidate", appel, "annoncer"), 403)
    appel = done(campaign, "secretariat", appel, "annoncer")
    blocked = next(t for t in campaign.ok("candidate", "labellisation.dossier.transitions",
                                          {"dossier": dossier["id"]})["items"] if t["name"] == "deposer")
    assert blocked["ready"] is False and appel["opens"] in blocked["blocked_by"]
    campaign.advance(3)
    dossier = campaign.go("candidate", campaign.get(dossier), "deposer")
    assert dossier["state"] == "recevabilite"
    assert shown(campaign, appel)["open"] is True
    late = campaign.create(appel=appel["id"])
    campaign.advance(30)  # a reminder on the way
    appel = shown(campaign, appel)
    appel = done(campaign, "instructing service", appel, "proroger",
               {"cloture": campaign.day(20)})
    campaign.advance(10)  # past the first closing day
    late = campaign.go("candidate", campaign.get(late), "deposer")
    too_late = campaign.create(appel=appel["id"])
    campaign.advance(11)
    refused(campaign.move("candidate", too_late, "deposer"), 409, "/transition")
    appel = shown(campaign, appel)
    assert appel["open"] is False
    made = campaign.ok("secretariat", "labellisation.appel.history", {"appel": appel["id"]})["items"]
    assert [entry["transition"] for entry in made] == [
        "preparer", "annoncer", "ouvrir_depots", "rappeler_cloture", "proroger", "rappeler_cloture",
        "clore_depots"]
    assert made[2]["effective_at"][11:19] in ("22:00:00", "23:00:00")  # 0:00 in Paris
    refused(campaign.call("candidate", "labellisation.appel.history", {"appel": appel["id"]}), 403)
    listed = campaign.ok("secretariat", "labellisation.dossier.list", {"appel": appel["id"]})["items"]
    assert [d["id"] for d in listed] == [dossier["id"], late["id"], too_late["id"]]
    assert campaign.ok("admin", "labellisation.appel.verify", {"appel": appel["id"]})["valid"]
    appel = done(campaign, "secretariat", appel, "achever")
    body = {"structure": campaign.structure, "title": "Trop tard", "themes": ["sante"],
            "appel": appel["id"], "pole": {"code": "trop-tard", "name": "Trop tard"}}
    refused(campaign.call("candidate", "labellisation.dossier.create", body), 409, "/appel")


def test_intake_without_a_closing_day_is_permanent(campaign):
    appel = done(campaign, "secretariat", prepare(campaign, opens=0), "annoncer")
    assert "closes" not in appel
    campaign.advance(800)
    dossier = campaign.go("candidate", campaign.create(appel=appel["id"]), "deposer")
    assert dossier["state"] == "recevabilite"
    appel = done(campaign, "instructing service", shown(campaign, appel), "arreter_depots",
               {"motifs": "La procédure change."})
    refused(campaign.move("candidate", campaign.create(appel=appel["id"]), "deposer"), 409)
    without = campaign.go("candidate", campaign.create(), "deposer")
    assert "appel" not in without and without["specification"]["name"] == "cahier-pia"


def test_a_call_narrows_themes_and_sets_the_validity(campaign):
    appel = prepare(campaign, opens=0, themes=["sante"], validity={"years": 5})
    appel = done(campaign, "secretariat", appel, "annoncer")
    refused(campaign.call("candidate", "labellisation.dossier.create", {
        "structure": campaign.structure, "title": "Essai", "themes": ["habitat"], "appel": appel["id"],
        "pole": {"code": "essai-theme", "name": "Essai"}}), 400, "/themes/0")
    dossier = campaign.to_award(campaign.create(appel=appel["id"]))
    label = campaign.ok("candidate", "labellisation.label.get", {"label": dossier["label"]})
    assert int(label["until"][:4]) - int(label["from"][:4]) == 5


@pytest.mark.parametrize("change, status, pointer", [
    ({"specification": {"name": "rien"}}, 400, "/specification"),
    ({"closes": "2020-01-01"}, 400, "/closes"),
    ({"themes": ["cuisine"]}, 400, "/themes/0"),
    ({"process": {"name": "autre"}}, 404, "/process"),
    ({"transition": "annoncer"}, 409, "/transition"),
])
def test_a_call_that_cannot_be_is_refused(campaign, change, status, pointer):
    body = {"title": "Appel", "specification": {"name": "cahier-pia"}, "opens": "2027-01-01", **change}
    refused(campaign.call("secretariat", "labellisation.appel.create", body), status, pointer)
    refused(campaign.call("candidate", "labellisation.appel.create",
                          {**body, "specification": {"name": "cahier-pia"}, "closes": "2027-02-01",
                           "themes": ["sante"], "process": {"name": "label-pia"},
                           "transition": "preparer"}), 403)


def test_a_call_from_the_command_line(campaign):
    pia = campaign.network
    secretary = pia.data / "secretary.key"
    secretary.write_text(campaign.keys["secretariat"])

    def run(*words):
        done = pia.pia(*words, "--key", secretary, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    cahier = pia.data / "cahier.json"
    cahier.write_text(json.dumps({"name": "cahier-ligne", "title": "Essai", "criteria": [CRITERION]}))
    assert run("specification", "create", cahier)["version"] == 1
    appel = run("appel", "create", "Appel d'essai", "--specification-name", "cahier-ligne",
                "--opens", campaign.day(), "--closes", campaign.day(30))
    assert appel["specification"] == {"name": "cahier-ligne", "version": 1}
    assert "annoncer" in {t["name"] for t in run("appel", "transitions", appel["id"])["items"]}
    run("appel", "do", appel["id"], "annoncer")
    table = pia.pia("appel", "list", "--key", secretary).stdout
    assert "cahier-ligne" in table and appel["closes"] in table

"""Reviewers: what they know, how much they have to do, to whom they are linked; whom to propose."""

import uuid

import pytest

from campaign import Campaign
from labelling import DEMONSTRATION, pytestmark, refused, start  # noqa: F401
from pia import Network
from test_reviews import ask, done, propose


@pytest.fixture(scope="module")
def campaign(engine):
    with Network() as network:
        start(network, *engine.options, registry=DEMONSTRATION)
        campaign = Campaign(network)
        for who in ("expert", "half an expert", "linked", "away", "stranger to the theme", "without room"):
            campaign.add(who, ["reviewer"])
        yield campaign


def know(campaign, who, themes, load_max=4, by="secretariat", **more):
    body = {"person": campaign.persons[who], "themes": themes, "load_max": load_max, **more}
    return campaign.call(by, "labellisation.reviewer.put", body)


def candidates(campaign, dossier, **more):
    answer = campaign.ok("secretariat", "labellisation.review.propose", {"dossier": dossier["id"], **more})
    names = {person: who for who, person in campaign.persons.items()}
    return answer, [(names[item["person"]], item["proposed"]) for item in answer["items"]]


def examined(campaign, **more):
    dossier = campaign.go("candidate", campaign.create(**more), "deposer")
    return campaign.go("secretariat", dossier, "declarer_complet")


def test_proposals_balance_expertise_and_load_within_the_quota(campaign):
    dossier = examined(campaign, themes=["sante", "numerique"])
    refused(ask(campaign, dossier, "committee"), 400, "/person")  # all persons are known there by now
    link = {"structure": campaign.structure, "kind": "financement_recent"}
    known = [know(campaign, "expert", ["sante", "numerique"], sectors=["alimentaire"]),
             know(campaign, "half an expert", ["sante"], sectors=["alimentaire"]),
             know(campaign, "reviewer 1", ["sante", "numerique"]),
             know(campaign, "linked", ["sante", "numerique"], links=[link]),
             know(campaign, "away", ["sante"], away=[{"from": campaign.day(-2), "until": campaign.day(2)}]),
             know(campaign, "stranger to the theme", ["arts"]),
             know(campaign, "without room", ["sante"], load_max=0),
             know(campaign, "reviewer of the structure", ["sante"])]
    assert all(answer.status == 200 for answer in known), known
    answer, ranked = candidates(campaign, dossier)
    assert (answer["active"], answer["wanted"]) == (0, 2)
    # equal expertise and load: in the order of their ids, which is that of their registration
    assert ranked == [("expert", True), ("reviewer 1", True), ("half an expert", False)] or ranked == [
        ("reviewer 1", True), ("expert", True), ("half an expert", False)]
    assert [item["expertise"] for item in answer["items"]] == [1000, 666, 666] and "links" not in answer["items"][0]
    assert candidates(campaign, dossier) == (answer, ranked)
    review = propose(campaign, dossier, "expert")
    answer, ranked = candidates(campaign, dossier, quota=2)
    assert (answer["active"], answer["wanted"]) == (1, 1) and [p for _, p in ranked] == [True, False]
    # what the expert has to do now counts at another dossier, until it is over
    other = examined(campaign, themes=["sante", "numerique"])
    loaded = candidates(campaign, other)[0]["items"][0]
    assert (loaded["open"], loaded["load"], loaded["score"]) == (1, 250, 1000 - 250 // 3)
    done(campaign, "expert", review, "decliner", {"motif": "Pas disponible."})
    assert candidates(campaign, other)[0]["items"][0]["open"] == 0
    assert "expert" not in [who for who, _ in candidates(campaign, dossier)[1]]  # not asked twice
    campaign.go("secretariat", campaign.get(other), "affecter", campaign.reviewers("expert"))
    card = campaign.ok("expert", "labellisation.reviewer.get", {"person": campaign.persons["expert"]})
    assert card["open"] == 1 and card["sectors"] == ["alimentaire"]


def test_a_declared_link_refuses_an_assignment(campaign):
    dossier = examined(campaign)
    link = {"structure": campaign.structure, "kind": "projet_commun"}
    assert know(campaign, "linked", ["sante"], links=[link]).status == 200
    assert "projet_commun" in refused(ask(campaign, dossier, "linked"), 409, "/person")
    refused(campaign.move("secretariat", dossier, "affecter", campaign.reviewers("linked")), 409,
            "/data/rapporteurs/0")
    past = {**link, "until": campaign.day(-3)}
    assert know(campaign, "linked", ["sante"], links=[past]).status == 200
    review = propose(campaign, dossier, "linked")
    assert know(campaign, "linked", ["sante"], links=[link]).status == 200  # said meanwhile
    review = done(campaign, "linked", review, "declarer", {"lien": "aucun"})
    body = {"review": review["id"], "transition": "accepter", "version": review["version"]}
    refused(campaign.call("linked", "labellisation.review.transition", body), 409, "/person")


def test_a_reviewer_speaks_for_itself_only(campaign):
    assert know(campaign, "reviewer 2", ["arts"], by="reviewer 2").status == 200
    refused(know(campaign, "reviewer 1", ["arts"], by="reviewer 2"), 403, "/person")
    get = "labellisation.reviewer.get"
    refused(campaign.call("reviewer 2", get, {"person": campaign.persons["reviewer 1"]}), 403)
    refused(campaign.call("secretariat", get, {"person": str(uuid.uuid4())}), 404)
    refused(campaign.call("secretariat", "labellisation.reviewer.put",
                          {"person": campaign.persons["reviewer 1"], "themes": ["arts"], "load_max": 4,
                           "away": [{"from": "hier", "until": "demain"}]}), 400)

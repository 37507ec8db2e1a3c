"""The committee: composition, convocation, quorum, interests, votes, opinions (CRPA R133-3 to R133-13)."""

import json

import pytest

from campaign import Campaign
from committee import Committee, Session, before_committee
from labelling import DEMONSTRATION, pytestmark, refused, start  # noqa: F401
from pia import ROOT, Network

DEFAULT = ROOT / "services/labellisation/process/label-pia.v1.json"


@pytest.fixture(scope="module")
def campaign():
    """On SQLite; test_committee_decision.py has the same statements on both engines."""
    with Network() as network:
        by_choice = json.loads(DEFAULT.read_text(encoding="utf-8"))
        by_choice.update(name="avis-au-choix", committee={"rules": "by_choice", "majority": "votes"})
        (network.data / "procedures").mkdir()
        (network.data / "procedures" / "choix.json").write_text(json.dumps(by_choice), encoding="utf-8")
        start(network, "--labellisation.definitions", "procedures", registry=DEMONSTRATION)
        campaign = Campaign(network)
        campaign.other = campaign.ok("admin", "registry.structure.create", {
            "name": "Autre structure", "departement": "75", "demonstration": True})["id"]
        yield campaign


@pytest.fixture(scope="module")
def committee(campaign):
    """Five permanent members, one of the candidate structure, and one who is called for a theme."""
    committee = Committee(campaign)
    committee.seat("chair", "membre_de_droit", president=True)
    committee.seat("first", structure=campaign.other)
    committee.seat("second")
    committee.seat("expert", "personnalite_qualifiee")
    committee.seat("insider", structure=campaign.structure)
    committee.seat("craft", "personnalite_qualifiee", themes=["arts"])
    assert committee.stand_in("deputy", "first").status == 200
    return committee


def opened(committee, dossiers, presences):
    """A meeting that was convened in time and is opened on its day."""
    session = Session(committee, 6, dossiers)
    session.done("convoquer")
    committee.campaign.advance(6)
    session.show()
    session.done("ouvrir", {"presences": presences})
    return session


def test_a_composition_follows_the_rules_and_its_history_tells_it(campaign, committee):
    refused(committee.stand_in("nobody's deputy", "expert"), 409, "/data/titulaire")
    assert "R133-3" in refused(committee.stand_in("another", "expert"), 409)
    refused(committee.stand_in("deputy's deputy", "deputy"), 400, "/data/titulaire")
    person = {"personne": [campaign.persons["first"]], "nom": "x", "qualite": "representant", "du": "2026-01-01"}
    refused(committee.do("nommer", person), 409, "/data/personne")
    refused(committee.do("nommer", {**person, "personne": [campaign.persons["reviewer 1"]]}), 400, "/data/personne")
    refused(committee.do("nommer", {**person, "personne": [campaign.persons["committee"]], "president": True}),
            409, "/data/president")
    refused(committee.do("nommer", {**person, "personne": [campaign.persons["committee"]], "themes": ["inconnu"]}),
            400, "/data/themes")
    refused(committee.do("nommer", person, who="committee"), 403)
    number = committee.seat("leaver", du="2020-01-01", au="2099-12-31")
    refused(committee.do("mettre_fin", {"membre": number, "fin": "2019-12-31", "cause": "demission"}), 400, "/data/fin")
    assert committee.do("mettre_fin", {"membre": number, "fin": "2020-06-30", "cause": "demission"}).status == 200
    shown = {member["number"]: member for member in committee.matter["members"]}
    assert shown[number]["until"] == "2020-06-30" and not shown[number]["in_office"]
    deputy = shown[committee.members["deputy"]]
    assert deputy["substitute_of"] == committee.members["first"] and deputy["name"] == "Suppléance : deputy"
    history = campaign.ok("secretariat", "labellisation.committee.history",
                          {"committee": committee.matter["id"], "limit": 200})["items"]
    assert [entry["transition"] for entry in history][-2:] == ["nommer", "mettre_fin"]
    assert campaign.ok("admin", "labellisation.committee.verify", {"committee": committee.matter["id"]})["valid"]
    refused(campaign.call("candidate", "labellisation.committee.get", {"committee": committee.matter["id"]}), 403)


def test_a_convocation_is_received_five_days_before(campaign, committee):
    dossier = before_committee(campaign)
    session = Session(committee, 4, [dossier])
    assert session.matter["deadline"]["article"] == "CRPA, art. R133-8" and session.matter["deadline"]["segments"]
    detail = refused(session.do("convoquer"), 409)
    assert "R133-8" in detail and session.matter["deadline"]["last_day"] in detail
    refused(session.do("convoquer", {"urgence": True}), 409, "/data/motifs")
    refused(session.do("convoquer", {"reception": session.campaign.day(1)}), 409)
    session.done("reporter", {"jour": session.campaign.day(5)})
    session.done("convoquer")
    assert session.matter["state"] == "convoquee" and not session.matter["breaches"]
    sitting = session.matter["sittings"][0]
    assert sitting["received_by"] == sitting["deadline"]["last_day"] == session.campaign.day(0)
    assert [seat["name"] for seat in sitting["seats"]][0] == "Fonction : chair"
    assert committee.members["craft"] not in [seat["member"] for seat in sitting["seats"]]
    text = campaign.ok("first", "labellisation.session.convocation", {"session": session.matter["id"]})["text"]
    assert "Ordre du jour" in text and dossier["title"] in text and "quorum" not in text
    refused(session.do("ouvrir", {"presences": []}), 409)  # not before its day
    session.done("annuler", {"motifs": "Essai."})


def test_an_urgent_convocation_says_why(campaign, committee):
    dossier = before_committee(campaign)
    session = Session(committee, 0, [dossier])
    session.done("convoquer", {"urgence": True, "motifs": "Le silence déciderait avant."})
    assert session.matter["sittings"][0]["urgent"]
    session.done("ouvrir", {"presences": committee.present("chair", "first", "second")})
    assert session.matter["state"] == "ouverte"
    session.done("renvoyer", {"point": 1, "motifs": "Essai."})
    session.done("lever")
    assert campaign.get(dossier)["state"] == "comite"


def test_without_quorum_a_second_convocation_says_so(campaign, committee):
    dossier = before_committee(campaign)
    session = opened(committee, [dossier], committee.present("chair", "second"))
    assert session.matter["state"] == "sans_quorum" and not session.matter["sittings"][0]["quorum_met"]
    refused(session.do("inscrire", {"dossiers": [dossier["id"]]}), 409)  # the same agenda
    refused(session.do("reconvoquer", {"jour": session.campaign.day(3)}), 409)
    session.done("reconvoquer", {"jour": session.campaign.day(5)})
    assert session.matter["second"]
    text = campaign.ok("secretariat", "labellisation.session.convocation", {"session": session.matter["id"]})["text"]
    assert "SECONDE CONVOCATION" in text and "Aucun quorum ne sera exigé" in text
    campaign.advance(5)
    session.show()
    session.done("ouvrir", {"presences": committee.present("chair", "second")})
    assert session.matter["state"] == "ouverte"
    assert session.vote(dossier).status == 200
    ballot = session.point(dossier)["ballots"][0]
    assert (ballot["sitting"], ballot["quorum"], ballot["entitled"]) == (2, False, 2)
    session.done("lever")
    assert campaign.get(dossier)["facts"]["avis"] == "favorable"


def test_attendance_keeps_to_mandates_and_suppleants(campaign, committee):
    dossier = before_committee(campaign)
    session = Session(committee, 6, [dossier])
    session.done("convoquer")
    campaign.advance(6)
    session.show()
    present = committee.present
    for presences in (present("chair", first=("represented", "chair"), second=("represented", "chair")),
                      present("chair", first=("represented", "second")),
                      present("chair", first=("represented", "first")),
                      present("chair", expert=("substituted", "deputy"))):
        refused(session.do("ouvrir", {"presences": presences}), 400, "/data/presences/1/by")
    refused(session.do("ouvrir", {"presences": present("chair", "chair")}), 400, "/data/presences/1/member")
    refused(session.do("ouvrir", {"presences": [{"member": 999, "mode": "present"}]}), 400, "/data/presences/0/member")
    refused(session.do("ouvrir", {"presences": present("second", "expert", "insider")}), 400, "/data/president")
    session.done("ouvrir", {"presences": present("chair", second=("represented", "chair"), expert=("remote", None),
                                                 first=("substituted", "deputy"))})
    item = session.point(dossier)
    assert (item["composing"], item["needed"], session.matter["state"]) == (5, 3, "ouverte")
    session.done("pointer", {"presences": present(first=("absent", None), expert=("absent", None))})
    assert "no quorum: 2 of the 5" in refused(session.vote(dossier), 409, "/data/point")
    session.done("constater_perte")
    assert session.matter["state"] == "sans_quorum"
    session.done("annuler", {"motifs": "Essai."})


def test_an_interested_member_takes_no_part(campaign, committee):
    own = before_committee(campaign)
    session = opened(committee, [own], committee.present("chair", "first", "second", "expert", "insider"))
    item = session.point(own)
    assert [(i["member"], i["kind"], i["source"]) for i in item["interests"]] == [
        (committee.members["insider"], "meme_structure", "registry")]
    assert "R133-12" in refused(session.vote(own), 409, "/data/point")
    session.done("statuer_interet", {"point": item["number"], "membre": committee.members["insider"],
                                     "suite": "recusation", "motifs": "Même structure."})
    refused(session.do("declarer_interet", {"point": item["number"], "lien": "autre"}, who="committee"), 403)
    session.done("declarer_interet", {"point": item["number"], "lien": "projet_commun"}, who="expert")
    refused(session.vote(own, **session.votes(expert="for")), 409, "/data/voix/0/member")
    assert session.vote(own).status == 200
    ballot = session.point(own)["ballots"][0]
    assert (ballot["composing"], ballot["taking_part"], ballot["entitled"]) == (5, 3, 3)
    assert {vote["member"] for vote in ballot["votes"]} == {committee.members[w] for w in ("chair", "first", "second")}
    session.done("lever")


def test_who_has_withdrawn_is_not_called_back(campaign, committee):
    dossier = before_committee(campaign)
    session = opened(committee, [dossier], committee.present("chair", "first", "second", "insider"))
    session.done("declarer_interet", {"point": 1, "lien": "autre", "precisions": "Un proche."}, who="second")
    for who, status in (("second", 409), ("insider", 200)):
        ruling = {"point": 1, "membre": committee.members[who], "suite": "sans_objet", "motifs": "Examiné."}
        assert session.do("statuer_interet", ruling).status == status
    rulings = {i["member"]: i.get("ruling") for i in session.point(dossier)["interests"]}
    assert rulings == {committee.members["second"]: "recused", committee.members["insider"]: "dismissed"}
    refused(session.do("statuer_interet", {"point": 1, "membre": committee.members["chair"], "suite": "recusation",
                                           "motifs": "Sans en dire la nature."}), 409, "/data/membre")
    assert session.vote(dossier).status == 200
    assert session.point(dossier)["ballots"][0]["entitled"] == 3  # the insider's interest was dismissed
    session.done("lever")


def test_an_agenda_is_ordered_so_that_members_leave_seldom_and_several_items_are_voted_at_once(campaign, committee):
    own = campaign.structure
    elsewhere = [campaign.other, own, campaign.other, own]
    dossiers = []
    for structure in elsewhere:
        campaign.structure = structure
        dossiers.append(before_committee(campaign) if structure == own else filed_by_other(campaign))
    campaign.structure = own
    session = opened(committee, dossiers, committee.present("chair", "first", "second", "expert", "insider"))
    concerned = [sorted(i["member"] for i in item["interests"]) for item in session.matter["agenda"]]
    first, insider = committee.members["first"], committee.members["insider"]
    assert concerned == [[first], [first], [insider], [insider]] and session.matter["leaves"] == 2
    recused(session)
    refused(session.do("adopter_en_bloc", {"points": ["1", "5"], "proposition": "favorable", "texte": "x"}), 400,
            "/data/points/1")
    session.done("adopter_en_bloc", {"points": ["1", "2", "3", "4"], "proposition": "favorable",
                                     "texte": "Avis favorable sur tous."})
    voters = [{vote["member"] for vote in item["ballots"][0]["votes"]} for item in session.matter["agenda"]]
    assert all(not set(away) & votes and len(votes) == 4 for away, votes in zip(concerned, voters))
    session.done("lever")
    assert {campaign.get(dossier)["facts"]["avis"] for dossier in dossiers} == {"favorable"}


def test_interests_that_are_declared_later_change_the_order_of_treatment(campaign, committee):
    dossiers = [before_committee(campaign) for _ in range(3)]
    session = Session(committee, 6, dossiers)
    session.done("convoquer")
    for number in (1, 3):
        session.done("declarer_interet", {"point": number, "lien": "autre"}, who="second")
    assert session.matter["leaves"] == 3  # the insider for all, the second member twice
    campaign.advance(6)
    session.show()
    session.done("ouvrir", {"presences": committee.present("chair", "first", "second", "expert")})
    assert [item["number"] for item in session.matter["agenda"]] == [1, 3, 2] and session.matter["leaves"] == 2
    for number in (1, 3, 2):
        session.done("renvoyer", {"point": number, "motifs": "Essai."})
    session.done("lever")


def filed_by_other(campaign):
    """A dossier of the other structure, which its own candidate files."""
    if "other candidate" not in campaign.persons:
        campaign.add("other candidate", ["candidat"], campaign.other)
    own, campaign.keys["candidate"] = campaign.keys["candidate"], campaign.keys["other candidate"]
    try:
        return before_committee(campaign)
    finally:
        campaign.keys["candidate"] = own


def test_where_the_rules_are_a_choice_a_breach_is_recorded(campaign):
    process = {"name": "avis-au-choix"}
    committee = Committee(campaign, process=process)
    committee.seat("chair by choice", president=True)
    committee.seat("member by choice", structure=campaign.structure)
    committee.seat("third by choice")
    dossiers = [before_committee(campaign, process=process) for _ in range(2)]
    session = Session(committee, 0, dossiers)
    session.done("convoquer")
    session.done("ouvrir", {"presences": committee.present("chair by choice")})
    assert session.matter["state"] == "ouverte"
    assert session.vote(dossiers[0]).status == 200
    session.done("pointer", {"presences": committee.present("member by choice")})
    votes = session.votes(chair_by_choice="for")
    assert session.vote(dossiers[1], **votes).status == 200  # an abstention: one vote of one
    assert session.point(dossiers[1])["status"] == "given"
    assert [(b["article"].split()[-1], b.get("item")) for b in session.matter["breaches"]] == [
        ("R133-8", None), ("R133-10", 1), ("R133-12", 2)]
    session.close()


def test_a_name_can_be_erased_and_leaves_its_number(campaign):
    committee = Committee(campaign, title="Comité éphémère", process={"name": "avis-au-choix"})
    committee.seat("to be forgotten")
    answer = committee.do("effacer_textes", {"etape": 2, "fondement": "demande_de_la_personne"})
    assert answer.status == 200 and answer.body["members"][0]["name"] == ""
    assert campaign.ok("admin", "labellisation.committee.verify", {"committee": committee.matter["id"]})["valid"]
    answer = committee.do("dissoudre", {"acte": "Fin"}, who="instructing service")
    assert answer.body["final"]
    refused(campaign.call("secretariat", "labellisation.session.create", {
        "committee": committee.matter["id"], "title": "Trop tard", "day": "2099-01-01"}), 409, "/committee")


def recused(session):
    for item in session.matter["agenda"]:
        for interest in item["interests"]:
            session.done("statuer_interet", {"point": item["number"], "membre": interest["member"],
                                             "suite": "recusation", "motifs": "Même structure."})


def test_votes_majority_and_the_casting_vote(campaign, committee):
    dossiers = [before_committee(campaign) for _ in range(3)]
    session = opened(committee, dossiers, committee.present("chair", "first", "second", "expert", "insider"))
    recused(session)
    first, second, third = dossiers
    # two of four: no majority of who takes part, and no tie
    assert session.vote(first, **session.votes(chair="for", first="for", second="against")).status == 200
    assert not session.point(first)["ballots"][0]["adopted"] and session.point(first)["status"] == "pending"
    tie = session.votes(chair="for", first="for", second="against", expert="against")
    assert session.vote(first, "reserve", **tie).status == 200
    item = session.point(first)
    assert (item["opinion"], item["ballots"][1]["casting"]) == ("reserve", True)
    refused(session.vote(first), 409, "/data/point")
    assert session.vote(second, pour=2, contre=2).status == 200  # secret: the chair's vote is not known
    assert session.point(second)["status"] == "pending" and "votes" not in session.point(second)["ballots"][0]
    refused(session.vote(second, pour=4, contre=1), 400, "/data/contre")
    refused(session.vote(second, pour=5, contre=0), 400, "/data/pour")
    assert session.vote(second, "defavorable", pour=3, contre=1, abstentions=0).status == 200
    refused(session.do("lever"), 409)
    assert session.vote(third, "ajournement").status == 200
    point = session.point(second)["number"]
    session.done("exprimer_desaccord", {"point": point, "motifs": "Le besoin est établi."}, who="first")
    session.done("exprimer_desaccord", {"point": point, "membre": committee.members["expert"]})
    refused(session.do("exprimer_desaccord", {"point": point}, who="insider"), 409)
    session.done("lever")
    assert [d["member"] for d in session.point(second)["dissents"]] == [
        committee.members["first"], committee.members["expert"]]
    facts = [campaign.get(dossier)["facts"] for dossier in dossiers]
    assert [f["avis"] for f in facts] == ["reserve", "defavorable", "ajournement"]
    assert facts[0]["proposition"] == "accord" and "proposition" not in facts[1]
    assert facts[1]["avis_origine"]["session"] == session.matter["id"] and facts[1]["avis_origine"]["item"] == point
    history = campaign.history(second)[-1]
    assert history["transition"] == "recevoir_avis" and history["data"]["origin"]["item"] == point
    assert campaign.ok("admin", "labellisation.session.verify", {"session": session.matter["id"]})["valid"]


def test_a_theme_calls_its_member_and_makes_the_formation(campaign, committee):
    plain, crafts = before_committee(campaign), before_committee(campaign, themes=["arts"])
    session = opened(committee, [plain, crafts], committee.present("chair", "first", "craft"))
    recused(session)
    assert (session.point(plain)["composing"], session.point(crafts)["composing"]) == (5, 6)
    refused(session.vote(plain), 409, "/data/point")  # two of five
    assert session.vote(crafts).status == 200         # three of six
    session.done("constater_perte")
    session.done("reconvoquer", {"jour": session.campaign.day(5)})
    campaign.advance(5)
    session.show()
    session.done("ouvrir", {"presences": committee.present("chair")})
    assert session.vote(plain).status == 200
    session.done("lever")
    assert [campaign.get(d)["state"] for d in (plain, crafts)] == ["decision", "decision"]


def test_what_is_withdrawn_meanwhile_is_moot(campaign, committee):
    kept, withdrawn = before_committee(campaign), before_committee(campaign)
    refused(campaign.move("committee", kept, "rendre_avis", {"avis": "favorable", "texte": "x"}), 409)
    session = Session(committee, 6, [kept, withdrawn])
    refused(Session(committee, 9).do("inscrire", {"dossiers": [kept["id"]]}), 409, "/data/dossiers/0")
    refused(session.do("inscrire", {"dossiers": [campaign.create()["id"]]}), 409, "/data/dossiers/0")
    session.done("convoquer")
    campaign.go("candidate", campaign.get(withdrawn), "retirer")
    campaign.advance(6)
    session.show()
    session.done("ouvrir", {"presences": committee.present("chair", "first", "second")})
    assert session.point(withdrawn)["status"] == "moot"
    recused(session)
    assert session.vote(kept).status == 200
    session.done("lever")
    assert campaign.get(withdrawn)["state"] == "retire_par_candidat"

"""Reviews: proposed, declared, accepted, filed; nothing of a dossier is read before the declaration."""

import json

import pytest

from campaign import REPORT, Campaign, moving, report
from content import attach
from labelling import DEMONSTRATION, pytestmark, refused, start  # noqa: F401
from pia import Network


@pytest.fixture(scope="module")
def campaign(engine):
    with Network() as network:
        start(network, *engine.options, registry=DEMONSTRATION)
        yield Campaign(network)


@pytest.fixture
def dossier(campaign):
    """In examination, with a section and a file."""
    dossier = campaign.create()
    campaign.ok("candidate", "labellisation.section.save",
                {"dossier": dossier["id"], "section": "presentation", "version": 0, "text": "Présentation."})
    attach(campaign, dossier, "statuts")
    dossier = campaign.go("candidate", dossier, "deposer")
    return campaign.go("secretariat", dossier, "declarer_complet")


def ask(campaign, dossier, who, by="secretariat"):
    return campaign.patient(by, "labellisation.review.create",
                            {"dossier": dossier["id"], "person": campaign.persons[who]})


def propose(campaign, dossier, who="reviewer 1"):
    answer = ask(campaign, dossier, who)
    assert answer.status == 200, answer
    return answer.body


def do(campaign, who, review, transition, data=None):
    return campaign.call(who, "labellisation.review.transition", moving("review", review, transition, data))


def done(campaign, who, review, transition, data=None):
    answer = do(campaign, who, review, transition, data)
    assert answer.status == 200, answer
    return answer.body


def shown(campaign, review, who="secretariat"):
    return campaign.ok(who, "labellisation.review.get", {"review": review["id"]})


def made(campaign, review):
    items = campaign.ok("secretariat", "labellisation.review.history", {"review": review["id"]})["items"]
    return [entry["transition"] for entry in items]


def accepted(campaign, dossier, who="reviewer 1"):
    review = done(campaign, who, propose(campaign, dossier, who), "declarer", {"lien": "aucun"})
    return done(campaign, who, review, "accepter")


def lacks(campaign, dossier):
    """How often the secretariat was told that nobody else can be asked."""
    return [e["transition"] for e in campaign.history(dossier)].count("signaler_manque_rapporteur")


def attachment(campaign, dossier):
    pieces = campaign.ok("secretariat", "labellisation.piece.list", {"dossier": dossier["id"]})["items"]
    return next(file["id"] for piece in pieces for file in piece["attachments"])


def readings(campaign, dossier):
    """Every message that shows what a dossier holds, for someone who reviews it."""
    body = {"dossier": dossier["id"]}
    return [
        ("labellisation.section.list", body),
        ("labellisation.section.get", {**body, "section": "presentation"}),
        ("labellisation.section.versions", {**body, "section": "presentation"}),
        ("labellisation.piece.list", body),
        ("labellisation.attachment.read", {**body, "attachment": attachment(campaign, dossier), "offset": 0}),
        ("labellisation.completion.list", body),
        ("labellisation.receipt.get", body),
        ("labellisation.dossier.history", body),
        ("labellisation.dossier.proof", body),
        ("labellisation.dossier.export", body),
    ]


def reads(campaign, who, dossier):
    """Whether this reviewer gets past the door of everything that the dossier holds: all or nothing."""
    answers = {message: campaign.call(who, message, body) for message, body in readings(campaign, dossier)}
    texts = {"dossier": dossier["id"], "number": 2}  # of the filing; a reviewer reads the sections
    answer = campaign.call(who, "labellisation.dossier.texts", texts)
    opened = answer.status == 200 or answer.body.get("pointer") == "/number"
    got = {message: answer.status for message, answer in answers.items()}
    assert set(got.values()) == {200} if opened else not {200} & set(got.values()), (opened, got)
    return opened


def test_a_review_from_its_proposal_to_the_committee(campaign, dossier):
    first, second = propose(campaign, dossier), propose(campaign, dossier, "reviewer 2")
    assert first["state"] == "proposee" and first["dossier"] == dossier["id"]
    assert campaign.get(dossier)["state"] == "evaluation"
    assert [timer["name"] for timer in first["timers"]] == ["reponse", "rappel_reponse", "silence"]
    refused(do(campaign, "reviewer 1", first, "accepter"), 409)
    refused(do(campaign, "reviewer 2", second, "rendre", REPORT), 409)
    reviews = []
    for who, review in (("reviewer 1", first), ("reviewer 2", second)):
        review = done(campaign, who, review, "declarer", {"lien": "aucun"})
        assert review["state"] == "declaree" and "facts" not in review
        reviews.append(done(campaign, who, review, "accepter"))
    assert [timer["name"] for timer in reviews[0]["timers"]] == [
        "rapport", "rappel_rapport", "relance_rapport", "carence"]
    refused(campaign.move("secretariat", campaign.get(dossier), "saisir_comite"), 409)
    first = done(campaign, "reviewer 1", reviews[0], "rendre", REPORT)
    second = done(campaign, "reviewer 2", reviews[1], "rendre", REPORT)
    better = report(5, text="Rapport d'essai, seconde version.")
    first = done(campaign, "reviewer 1", first, "corriger", better)
    listed = campaign.ok("committee", "labellisation.dossier.reviews", {"dossier": dossier["id"]})["items"]
    assert [(r["total"], r["text"]) for r in listed] == [(10000, better["texte"]), (8000, REPORT["texte"])]
    versions = [campaign.ok("reviewer 1", "labellisation.review.texts",
                            {"review": first["id"], "number": first["version"] - back})["items"]
                for back in (1, 0)]
    assert [[item["text"] for item in texts if item["name"] == "texte"] for texts in versions] == [
        [REPORT["texte"]], [better["texte"]]]
    campaign.go("secretariat", campaign.get(dossier), "saisir_comite")
    first = shown(campaign, first)
    assert first["state"] == "figee" and first["final"] is True
    refused(do(campaign, "reviewer 1", first, "corriger", better), 409)
    assert made(campaign, first) == ["proposer", "declarer", "accepter", "rendre", "corriger", "figer"]
    assert campaign.ok("admin", "labellisation.review.verify", {"review": first["id"]})["valid"]


def test_nothing_of_a_dossier_is_read_before_the_declaration(campaign, dossier):
    review = propose(campaign, dossier)
    assert not reads(campaign, "reviewer 1", dossier)
    refused(campaign.call("reviewer 1", "labellisation.dossier.get", {"dossier": dossier["id"]}), 404)
    seen = shown(campaign, review, "reviewer 1")  # what a declaration needs
    assert seen["title"] == dossier["title"] and seen["structure"] == campaign.structure
    review = done(campaign, "reviewer 1", review, "declarer", {"lien": "aucun"})
    assert not reads(campaign, "reviewer 1", dossier)
    done(campaign, "reviewer 1", review, "accepter")
    assert reads(campaign, "reviewer 1", dossier)


def test_who_is_asked_with_others_declares_before_reading_too(campaign, dossier):
    dossier = campaign.go("secretariat", dossier, "affecter", campaign.reviewers())
    assert not reads(campaign, "reviewer 1", dossier) and dossier["reviewers"] == []
    names = {item["name"] for item in campaign.ok(
        "reviewer 1", "labellisation.review.transitions",
        {"review": campaign.review("reviewer 1", dossier)["id"]})["items"]}
    assert names == {"declarer", "decliner"}
    campaign.declare("reviewer 1", dossier)
    assert reads(campaign, "reviewer 1", dossier) and not reads(campaign, "reviewer 2", dossier)
    campaign.declare("reviewer 2", dossier, "meme_groupe")
    refused(campaign.call("reviewer 2", "labellisation.dossier.get", {"dossier": dossier["id"]}), 404)
    assert campaign.get(dossier)["reviewers"] == [campaign.persons["reviewer 1"]]


def test_other_roles_do_not_open_what_a_reviewer_has_not_declared_for(campaign, dossier):
    campaign.add("reviewing member", ["reviewer", "committee"])
    assert "facts" in campaign.get(dossier, "reviewing member")
    propose(campaign, dossier, "reviewing member")
    assert not reads(campaign, "reviewing member", dossier)
    card = campaign.get(dossier, "reviewing member")
    assert "facts" not in card and "signatures" not in card and "deadline" not in card
    propose(campaign, dossier)
    campaign.report("reviewer 1", dossier)
    other = campaign.review("reviewer 1", dossier)
    reviews, texts = {"dossier": dossier["id"]}, {"review": other["id"], "number": other["version"]}
    own = lambda: campaign.ok("reviewing member", "labellisation.dossier.reviews", reviews)["items"]
    assert own() == []
    refused(campaign.call("reviewing member", "labellisation.review.texts", texts), 403)
    campaign.declare("reviewing member", dossier)
    assert reads(campaign, "reviewing member", dossier)
    assert [item["reviewer"] for item in own()] == [campaign.persons["reviewing member"]]
    refused(campaign.call("reviewing member", "labellisation.review.texts", texts), 403)
    refused(campaign.call("reviewing member", "labellisation.review.history", {"review": other["id"]}), 403)
    campaign.report("reviewing member", dossier)  # after its own report, those of others
    assert len(own()) == 2
    assert campaign.ok("reviewing member", "labellisation.review.texts", texts)["items"]


@pytest.mark.parametrize("link", ["meme_structure", "meme_groupe", "financement_recent", "projet_commun"])
def test_an_interest_refuses_the_assignment(campaign, dossier, link):
    review = propose(campaign, dossier)
    review = done(campaign, "reviewer 1", review, "declarer", {"lien": link, "precisions": "Depuis un an."})
    assert review["state"] == "recusee" and review["final"] is True
    refused(do(campaign, "reviewer 1", review, "accepter"), 409)
    refused(campaign.call("reviewer 1", "labellisation.section.list", {"dossier": dossier["id"]}), 404)
    assert shown(campaign, review)["facts"]["lien"] == link
    assert made(campaign, review) == ["proposer", "declarer", "recuser"]
    assert lacks(campaign, dossier) == 1  # nobody else can be asked


def test_who_may_not_review_is_not_asked(campaign, dossier):
    refused(ask(campaign, dossier, "reviewer of the structure"), 400, "/person")
    refused(ask(campaign, dossier, "committee"), 400, "/person")
    refused(ask(campaign, dossier, "reviewer 1", by="candidate"), 403)
    review = propose(campaign, dossier)
    refused(ask(campaign, dossier, "reviewer 1"), 409, "/person")
    review = done(campaign, "reviewer 1", review, "decliner", {"motif": "Pas disponible."})
    assert review["state"] == "declinee"
    accepted(campaign, dossier)  # asked again
    refused(ask(campaign, dossier, "reviewer 1"), 409, "/person")
    draft = campaign.create()
    refused(ask(campaign, draft, "reviewer 1"), 409)


def test_the_candidate_and_others_do_not_see_reviews(campaign, dossier):
    review = propose(campaign, dossier)
    for who in ("reviewer 2", "reviewer of the structure"):
        refused(campaign.call(who, "labellisation.review.get", {"review": review["id"]}), 404)
    for message in ("get", "history"):
        refused(campaign.call("candidate", f"labellisation.review.{message}", {"review": review["id"]}), 403)
    refused(do(campaign, "candidate", review, "declarer", {"lien": "aucun"}), 404)
    refused(campaign.call("candidate", "labellisation.review.transitions", {"review": review["id"]}), 404)
    own = campaign.ok("reviewer 1", "labellisation.review.list", {"limit": 200})["items"]
    assert review["id"] in [item["id"] for item in own]
    assert all(item["person"] == campaign.persons["reviewer 1"] for item in own)
    listed = campaign.ok("secretariat", "labellisation.review.list", {"dossier": dossier["id"]})["items"]
    assert [item["id"] for item in listed] == [review["id"]]
    assert campaign.ok("reviewer 2", "labellisation.review.list", {"dossier": dossier["id"]})["items"] == []


def test_a_withdrawn_dossier_closes_its_reviews(campaign, dossier):
    review = accepted(campaign, dossier)
    campaign.go("candidate", campaign.get(dossier), "retirer")
    assert shown(campaign, review)["state"] == "close"


def test_silence_and_lateness_are_reminded_and_end(campaign, dossier):
    silent, late = propose(campaign, dossier), accepted(campaign, dossier, "reviewer 2")
    campaign.advance(8)
    assert made(campaign, shown(campaign, silent)) == ["proposer", "rappeler_reponse"]
    campaign.advance(3)
    assert made(campaign, shown(campaign, silent))[-1] == "signaler_attente"
    campaign.advance(4)
    assert shown(campaign, silent)["state"] == "remplacee" and lacks(campaign, dossier) == 1
    campaign.advance(17)
    assert made(campaign, shown(campaign, late)) == [
        "proposer", "declarer", "accepter", "rappeler_rapport", "signaler_retard"]
    assert campaign.call("reviewer 2", "labellisation.section.list", {"dossier": dossier["id"]}).status == 200
    campaign.advance(14)
    late = shown(campaign, late)
    assert late["state"] == "remplacee" and campaign.get(dossier)["reviewers"] == []
    assert made(campaign, late)[-3:] == ["signaler_retard", "rappeler_rapport", "constater_carence"]
    refused(campaign.call("reviewer 2", "labellisation.section.list", {"dossier": dossier["id"]}), 404)


def test_the_secretariat_replaces_a_reviewer(campaign, dossier):
    review = accepted(campaign, dossier)
    review = done(campaign, "secretariat", review, "remplacer", {"motif": "Absence longue."})
    assert review["state"] == "remplacee"
    refused(campaign.call("reviewer 1", "labellisation.dossier.get", {"dossier": dossier["id"]}), 404)


def test_a_review_from_the_command_line(campaign, dossier):
    pia = campaign.network

    def run(who, *words):
        key = pia.data / "reviews.key"
        key.write_text(campaign.keys[who])
        ended = pia.pia(*words, "--key", key, "--json")
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    review = run("secretariat", "review", "propose", dossier["id"], campaign.persons["reviewer 1"])
    names = {item["name"] for item in run("reviewer 1", "review", "transitions", review["id"])["items"]}
    assert names == {"declarer", "decliner"}
    key = ("--key", pia.data / "reviews.key")
    assert "lien,precisions" in pia.pia("review", "transitions", review["id"], *key).stdout
    wrong = pia.pia("review", "do", review["id"], "declarer", "lien=rien", *key)
    assert wrong.returncode == 1 and "(at /data/lien)\n" in wrong.stderr
    assert "  lien: Lien d’intérêt avec la structure candidate, choice (aucun,meme_structure," in wrong.stderr
    shown = pia.pia("specification", "show", "cahier-pia", *key).stdout
    assert "\ncriteria.1.code    interlocuteur\n" in shown and "[{" not in shown
    run("reviewer 1", "review", "do", review["id"], "declarer", "lien=aucun")
    assert run("reviewer 1", "review", "do", review["id"], "accepter")["state"] == "acceptee"
    assert len(run("secretariat", "review", "history", review["id"])["items"]) == 3

"""Reports: drafts, scored grids, divergence and the third reviewer, the candidate's answer; over HTTP and
from the command line."""

import json

import pytest

from campaign import CRITERIA, REPORT, Campaign, report
from gateway import Gateway
from labelling import NEEDED, needs, refused, start
from pia import Network

pytestmark = needs(*NEEDED, "gateway")


@pytest.fixture(scope="module")
def campaign(engine):
    with Network() as network:
        start(network, *engine.options)
        campaign = Campaign(network)
        campaign.web = Gateway(network)
        for who in ("third", "fourth"):
            campaign.add(who, ["reviewer"])
        yield campaign


def http(campaign, who, method, path, body=None, status=200):
    answer = campaign.web.ask(method, path, body, key=campaign.keys[who])
    assert answer.status == status, (who, method, path, answer)
    return answer.json


def reports(campaign, who, dossier):
    return http(campaign, who, "GET", f"/v1/dossiers/{dossier['id']}/reviews")


def known(campaign, who, load_max):
    campaign.ok("secretariat", "labellisation.reviewer.put", {
        "person": campaign.persons[who], "themes": ["sante"], "load_max": load_max})


def steps(campaign, dossier):
    return [entry["transition"] for entry in campaign.history(dossier)]


@pytest.fixture
def review(campaign):
    """Of reviewer 1, who has accepted it."""
    dossier = campaign.declare("reviewer 1", campaign.to_review())
    return campaign.review("reviewer 1", dossier)


def test_a_report_is_saved_as_often_as_it_is_written(campaign, review):
    path = f"/v1/reviews/{review['id']}/draft"
    empty = http(campaign, "reviewer 1", "GET", path)
    assert empty["version"] == 0 and empty["content"] == {} and empty["missing"] == list(CRITERIA)
    scores = [{"criterion": "moyens", "score": 3}, {"criterion": "programme", "score": 4, "justification": "Chiffré."}]
    content = {"text": "Un début", "scores": scores}
    first = http(campaign, "reviewer 1", "PUT", path, {"version": 0, "content": content})
    assert first["version"] == 1 and first["content"] == content and "total" not in first
    assert first["missing"] == [*CRITERIA]  # eight bytes do not justify a score, ten do
    whole = {"opinion": "reserve", "text": "Un début, et la suite", "scores": report(3)["grille"]}
    second = http(campaign, "reviewer 1", "PUT", path, {"version": 1, "content": whole})
    assert second["missing"] == [] and second["total"] == 6000
    late = http(campaign, "reviewer 1", "PUT", path, {"version": 1, "content": content}, status=409)
    assert late["pointer"] == "/version" and late["present"]["content"] == whole
    wrong = {"scores": [{"criterion": "moyens", "score": 6}]}
    problem = http(campaign, "reviewer 1", "PUT", path, {"version": 2, "content": wrong}, status=400)
    assert problem["pointer"] == "/content/scores/0/score" and "moyens" in problem["detail"]
    for who, status in (("reviewer 2", 404), ("secretariat", 403), ("candidate", 403)):
        http(campaign, who, "GET", path, status=status)
    history = campaign.ok("secretariat", "labellisation.review.history", {"review": review["id"]})["items"]
    assert [entry["transition"] for entry in history] == ["designer", "declarer", "accepter"]
    body = {"transition": "rendre", "version": review["version"],
            "data": {"avis": "reserve", "grille": whole["scores"], "texte": whole["text"]}}
    http(campaign, "reviewer 1", "POST", f"/v1/reviews/{review['id']}/transitions", body)
    assert http(campaign, "reviewer 1", "GET", path)["version"] == 0  # the draft is gone


def test_no_report_is_written_before_it_is_accepted(campaign):
    review = campaign.review("reviewer 1", campaign.to_review())
    body = {"version": 0, "content": {}}
    http(campaign, "reviewer 1", "PUT", f"/v1/reviews/{review['id']}/draft", body, status=409)


@pytest.mark.parametrize("change, pointer, named", [
    (lambda grid: grid.pop(), "/data/grille", "programme"),
    (lambda grid: grid[1].update(score=6), "/data/grille/1/score", "producteur"),
    (lambda grid: grid[2].update(justification="Bien."), "/data/grille/2/justification", "diffuseur"),
    (lambda grid: grid[3].update(criterion="prestige"), "/data/grille/3/criterion", "prestige"),
    (lambda grid: grid[4].update(criterion="programme"), "/data/grille/5/criterion", "programme"),
    (lambda grid: grid[5].update(score=3.5), "/data/grille", None),
    (lambda grid: grid[5].pop("justification"), "/data/grille", None),
])
def test_a_grid_that_is_wrong_names_the_criterion(campaign, change, pointer, named):
    if not hasattr(campaign, "accepted"):
        campaign.accepted = campaign.declare("reviewer 1", campaign.to_review())
    wrong = report()
    change(wrong["grille"])
    detail = refused(campaign.review_do("reviewer 1", campaign.accepted, "rendre", wrong), 400, pointer)
    assert named is None or named in detail


def test_totals_and_thresholds(campaign):
    dossier = campaign.to_review()
    scores = dict(zip(CRITERIA, (3, 2, 5, 1, 0, 4)))  # weights 15 25 20 20 10 10; thresholds 2 2 2 2
    grid = [{**line, "score": scores[line["criterion"]]} for line in report()["grille"]]
    campaign.report("reviewer 1", dossier, {**REPORT, "grille": list(reversed(grid))})
    item, = reports(campaign, "committee", dossier)["items"]
    assert item["total"] == 5100 and item["met"] is False  # the whole is enough, accompagnateur is not
    assert [line["criterion"] for line in item["scores"]] == list(CRITERIA)
    assert [line.get("met") for line in item["scores"]] == [True, True, True, False, None, None]


def test_reports_that_diverge_ask_for_a_third(campaign):
    known(campaign, "third", 9)
    dossier = campaign.to_review()
    campaign.report("reviewer 1", dossier, report(4))
    campaign.report("reviewer 2", dossier, report(4, "defavorable"))
    assert steps(campaign, dossier)[-1] == "signaler_divergence"
    seen = reports(campaign, "instructing service", dossier)
    assert seen["diverge"] is True and campaign.get(dossier)["facts"]["divergence"] == "constatee"
    refused(campaign.move("secretariat", campaign.get(dossier), "saisir_comite"), 409)
    assert campaign.review("third", dossier)["state"] == "proposee"
    campaign.report("third", dossier, report(3, "reserve"))
    campaign.go("secretariat", campaign.get(dossier), "saisir_comite")
    assert steps(campaign, dossier).count("signaler_divergence") == 1
    known(campaign, "third", 0)


def test_a_divergence_is_waived_with_reasons(campaign):
    dossier = campaign.to_review()
    campaign.report("reviewer 1", dossier, report(5))
    campaign.report("reviewer 2", dossier, report(3))  # 40 points less
    assert steps(campaign, dossier)[-2:] == ["signaler_divergence", "signaler_manque_rapporteur"]
    waive = lambda who, data: campaign.move(who, campaign.get(dossier), "passer_outre_divergence", data)  # noqa: E731
    refused(waive("secretariat", {"motifs": "Les rapports se complètent."}), 403)
    refused(waive("instructing service", {}), 400, "/data/motifs")
    assert waive("instructing service", {"motifs": "Les rapports se complètent."}).status == 200
    campaign.go("secretariat", campaign.get(dossier), "saisir_comite")


def test_who_declines_is_replaced_until_nobody_is_left(campaign):
    known(campaign, "third", 9)
    known(campaign, "fourth", 8)
    dossier = campaign.to_review()
    for who in ("reviewer 1", "third"):
        assert campaign.review_do(who, dossier, "decliner", {"motif": "Absence."}).status == 200
    assert campaign.review("fourth", dossier)["state"] == "proposee"
    open_ = [item["state"] for item in campaign.ok("secretariat", "labellisation.review.list",
                                                   {"dossier": dossier["id"], "state": "proposee"})["items"]]
    assert len(open_) == 2 and "signaler_manque_rapporteur" not in steps(campaign, dossier)
    assert campaign.review_do("fourth", dossier, "decliner", {"motif": "Absence."}).status == 200
    assert steps(campaign, dossier)[-1] == "signaler_manque_rapporteur"
    known(campaign, "third", 0)
    known(campaign, "fourth", 0)


def test_the_candidate_reads_the_reports_without_names_and_answers(campaign):
    dossier = campaign.to_review()
    campaign.report("reviewer 1", dossier)
    dossier = campaign.report("reviewer 2", dossier, report(3, "reserve"))
    assert reports(campaign, "candidate", dossier)["items"] == []
    dossier = campaign.go("secretariat", dossier, "ouvrir_contradictoire", {"texte": "Merci de répondre."})
    assert {"reponse_contradictoire", "rappel_contradictoire"} <= {timer["name"] for timer in dossier["timers"]}
    shown = reports(campaign, "candidate", dossier)
    assert [item["rank"] for item in shown["items"]] == [1, 2]
    assert [item["total"] for item in shown["items"]] == [8000, 6000]
    told = json.dumps(shown)
    assert "reviewer" not in told and campaign.persons["reviewer 1"] not in told and "diverge" not in shown
    refused(campaign.review_do("reviewer 1", dossier, "corriger", report(1)), 409)
    answer = {"transition": "repondre", "version": dossier["version"],
              "data": {"observations": "Les relais sont acquis depuis le dépôt."}}
    answered = http(campaign, "candidate", "POST", f"/v1/dossiers/{dossier['id']}/transitions", answer)
    assert answered["state"] == "contradictoire"
    campaign.go("candidate", answered, "clore_contradictoire")
    for who in ("candidate", "committee"):
        assert reports(campaign, who, dossier)["answer"]["text"] == answer["data"]["observations"]
    assert "answer" not in reports(campaign, "reviewer 1", dossier)
    assert campaign.get(dossier)["state"] == "comite"
    assert campaign.review("reviewer 1", dossier)["state"] == "figee"


def test_a_report_from_the_command_line(campaign, review, tmp_path):
    pia = campaign.network

    def run(who, *words):
        (pia.data / "reports.key").write_text(campaign.keys[who])
        ended = pia.pia(*words, "--key", pia.data / "reports.key", "--json")
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    draft, grid, text = tmp_path / "brouillon.json", tmp_path / "grille.json", tmp_path / "rapport.txt"
    content = {"opinion": "favorable", "scores": report(5)["grille"]}
    draft.write_text(json.dumps({"review": review["id"], "version": 0, "content": content}))
    grid.write_text(json.dumps(content["scores"]))
    text.write_text("Un rapport écrit ailleurs.\n")
    assert run("reviewer 1", "review", "save", draft)["total"] == 10000
    assert run("reviewer 1", "review", "draft", review["id"])["content"] == content
    filed = run("reviewer 1", "review", "do", review["id"], "rendre", "avis=favorable", f"grille=@{grid}",
                f"texte=@{text}")
    assert filed["state"] == "rendue"
    item, = run("secretariat", "review", "reports", review["dossier"])["items"]
    assert item["total"] == 10000 and item["text"] == "Un rapport écrit ailleurs.\n"
    missing = pia.pia("review", "do", review["id"], "rendre", "texte=@/nulle/part")
    assert missing.returncode != 0 and "/nulle/part" in missing.stderr

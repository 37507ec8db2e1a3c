"""Certificates of labels: the paper, the code on it, the page that it leads to, the same bytes again."""

import json
import pathlib
import re
import subprocess
import urllib.parse

import pytest

from campaign import Campaign
from gateway import Gateway
from labelling import NEEDED, needs, refused, start
from pia import Network

pytestmark = needs(*NEEDED, "gateway")


@pytest.fixture(scope="module")
def campaign(engine):
    with Network() as network:
        start(network, "--public-url", "https://label.example", *engine.options)
        campaign = Campaign(network)
        campaign.web = Gateway(network)
        yield campaign


def label_of(campaign):
    dossier = campaign.to_award()
    return campaign.ok("secretariat", "labellisation.label.get", {"label": dossier["label"]})


def move(campaign, who, label, transition, data=None):
    return campaign.ok(who, "labellisation.label.transition", {
        "label": label["id"], "transition": transition, "version": label["version"],
        **({"data": data} if data else {})})


def suspend(campaign, label):
    label = move(campaign, "secretariat", label, "ouvrir_procedure", campaign.notice("suspension"))
    label = move(campaign, "candidate", label, "presenter_observations", {"observations": "Nous agissons."})
    label = move(campaign, "candidate", label, "achever_observations")
    return move(campaign, "minister", label, "suspendre",
                {"motifs_droit": "CRPA L242-2.", "motifs_fait": "Aucune action."})


def page_of(campaign, number):
    return campaign.web.get("/verification/" + urllib.parse.quote(number))


def paper(campaign, label, who="candidate"):
    answer = campaign.web.get(f"/v1/labels/{label['id']}/certificate", key=campaign.keys[who])
    assert answer.status == 200, answer
    return answer


def run(*command, **how):
    return subprocess.run(command, capture_output=True, check=True, **how).stdout


def test_numbers_are_counted_by_year(campaign):
    first, second = label_of(campaign), label_of(campaign)
    year = first["from"][:4]
    numbers = [re.fullmatch(rf"PIA-{year}-(\d{{4}})", label["number"]) for label in (first, second)]
    assert all(numbers) and int(numbers[1][1]) == int(numbers[0][1]) + 1


def test_the_paper_says_it_in_french(campaign, tmp_path):
    label = label_of(campaign)
    answer = paper(campaign, label)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''certificat-{label['number']}.pdf"
    path = tmp_path / "certificat.pdf"
    path.write_bytes(answer.body)
    text = run("pdftotext", "-layout", path, "-").decode()
    for words in ("Certificat de label", "« Pôle d’innovation pour l’artisanat »", "Pôle d’essai",
                  "porté par Structure candidate (démonstration)", label["number"],
                  "Santé, sécurité et autonomie", "Le ministre chargé de l’artisanat",
                  "L’Institut supérieur des métiers", "LABEL FICTIF"):
        assert words in text.replace("\u202f", "\u00a0").replace("\u00a0", " "), (words, text)
    assert "'" not in text and '"' not in text
    fonts = run("pdffonts", path).decode().splitlines()[2:]
    assert fonts and all(line.split()[-5] == "yes" for line in fonts)  # embedded
    assert len(run("pdfinfo", path)) > 0 and b"Pages:           1" in run("pdfinfo", path)


def test_the_code_on_the_paper_leads_to_the_page(campaign, tmp_path):
    label = label_of(campaign)
    (tmp_path / "c.pdf").write_bytes(paper(campaign, label).body)
    run("pdftoppm", "-r", "100", "-png", "-singlefile", tmp_path / "c.pdf", tmp_path / "c")
    url = run("zbarimg", "-q", "--raw", tmp_path / "c.png").decode().strip()
    assert url == f"https://label.example/verification/{label['number']}"
    page = campaign.web.get(urllib.parse.urlparse(url).path)
    assert page.status == 200 and page.headers["content-type"] == "text/html; charset=utf-8"
    text = page.body.decode()
    assert "Ce label est <strong>valide</strong> depuis le" in text and "Pôle d&#39;" not in text
    assert label["number"] in text and "<script" not in text


def test_it_is_always_the_same_bytes(campaign):
    label = label_of(campaign)
    first = paper(campaign, label)
    assert paper(campaign, label, "secretariat").body == first.body
    known = campaign.web.get(f"/v1/labels/{label['id']}/certificate", key=campaign.keys["candidate"],
                             headers={"If-None-Match": first.headers["etag"]})
    assert known.status == 304
    running = [p for p in campaign.network.processes if p.name == "labellisation"][-1]
    assert running.stop() is None
    campaign.network.start("labellisation", *campaign.network.options)
    assert paper(campaign, label).body == first.body


def test_who_is_not_the_holder_gets_no_paper(campaign):
    label = label_of(campaign)
    path = f"/v1/labels/{label['id']}/certificate"
    assert campaign.web.get(path).status == 401
    assert campaign.web.get(path, key=campaign.keys["reviewer 1"]).status == 403
    part = campaign.web.get(path, key=campaign.keys["candidate"], headers={"Range": "bytes=1-3"})
    assert part.status == 206 and part.body == b"PDF"
    head = campaign.web.ask("HEAD", path, key=campaign.keys["candidate"])
    assert head.status == 200 and int(head.headers["content-length"]) > 10000
    body = {"label": label["id"], "offset": 1 << 40}
    refused(campaign.call("candidate", "labellisation.label.certificate", body), 400, "/offset")
    body = {"label": label["id"], "sha256": "0" * 64}
    refused(campaign.call("candidate", "labellisation.label.certificate", body), 409, "/sha256")


def test_a_label_that_does_not_hold_says_so(campaign):
    label = suspend(campaign, label_of(campaign))
    body = {"number": label["number"]}
    shown = campaign.network.call("labellisation.certificate.get", body, anonymous=True).body
    assert shown["standing"] == "suspended" and shown["state_label"] == "Suspendu"
    assert "<strong>suspendu</strong>" in page_of(campaign, label["number"]).body.decode()
    refused(campaign.call("candidate", "labellisation.label.certificate", {"label": label["id"]}), 409)
    label = move(campaign, "secretariat", label, "ouvrir_procedure", campaign.notice("abrogation"))
    shown = campaign.web.get(f"/v1/certificates/{label['number']}").json
    assert shown["standing"] == "suspended"  # a procedure that is open changes nothing
    label = move(campaign, "minister", label, "classer_suspendu")
    assert campaign.web.get(f"/v1/certificates/{label['number']}").json["standing"] == "suspended"
    label = move(campaign, "minister", label, "lever_suspension")
    assert campaign.web.get(f"/v1/certificates/{label['number']}").json["standing"] == "valid"
    label = move(campaign, "candidate", label, "renoncer")
    shown = campaign.web.get(f"/v1/certificates/{label['number']}").json
    assert shown["standing"] == "renounced" and shown["until"] == shown["since"] == label["until"]
    assert "<strong>abandonné par son titulaire</strong>" in page_of(campaign, label["number"]).body.decode()


def test_the_page_says_what_it_does_not_know(campaign):
    unknown = page_of(campaign, "PIA-1999-0001")
    assert unknown.status == 404 and "Label inconnu" in unknown.body.decode()
    evil = page_of(campaign, "<b>&\"")
    assert evil.status == 404 and "<b>" not in evil.body.decode()
    assert page_of(campaign, "x" * 24).status == 404
    form = campaign.web.get("/verification")
    assert form.status == 200 and "form action=\"/verification\"" in form.body.decode()
    label = label_of(campaign)
    found = campaign.web.get("/verification?numero=" + label["number"])
    assert found.status == 200 and "valide" in found.body.decode()
    assert campaign.web.post("/verification", {}).status == 405
    assert campaign.web.get("/v1/certificates/PIA-1999-0001").status == 404


def test_the_command_line_writes_the_paper(campaign, tmp_path):
    label = label_of(campaign)
    pia = campaign.network.pia
    path = tmp_path / "certificat.pdf"
    done = pia("label", "certificate", label["id"], "--output", str(path))
    assert done.returncode == 0, done
    assert path.read_bytes() == paper(campaign, label).body
    assert pathlib.Path(str(path) + ".part").exists() is False
    suspend(campaign, label)
    again = pia("label", "certificate", label["id"], "--output", str(tmp_path / "x.pdf"))
    assert again.returncode == 1 and "suspended" in again.stderr and not (tmp_path / "x.pdf").exists()
    assert json.loads(pia("label", "show", label["id"], "--json").stdout)["number"] == label["number"]

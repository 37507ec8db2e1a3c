"""What anyone sees of the labels: numbers, certificates, the public page, the registry."""

import subprocess
import urllib.parse

import deadlines
from three_years import days

# after: what holds at the end of the three years, in the certificate, on the page, in the registry
END = {
    "renouvelé": ("expired", "expiré", "active"),  # but another one follows it
    "redemandé": ("valid", "valide", "active"),
    "suspendu": ("valid", "valide", "active"),
    "retiré": ("withdrawn", "retiré, et réputé n’avoir jamais existé", "ended"),
    "expiré": ("expired", "expiré", "ended"),
}


def ask(story, path, **how):
    return story.troupe.ask(None, "GET", path, **how)


def show_the_awards(story):
    """Sixteen numbers in a row, each with a certificate, a page and a card in the registry."""
    labels = story.troupe.pages(None, "labellisation.label.list", {})
    awarded = story.with_(decision="label")
    assert sorted(label["pole"]["code"] for label in labels) == sorted(c.code for c in awarded)
    assert sorted(label["number"] for label in labels) == [f"PIA-{story.decided.year}-{n:04}" for n in range(1, 17)]
    for candidate in awarded:
        show(story, candidate, candidate.label.card, ("valid", "valide", "active"))
    for candidate in story.with_(decision="refus"):
        ask(story, f"/v1/poles/{candidate.code}", status=404)


def show(story, candidate, label, standing):
    """A label by its number, and its pôle, as anyone may ask."""
    in_certificate, in_words, in_registry = standing
    end = deadlines.add_months(story.decided, 36)
    certificate = ask(story, f"/v1/certificates/{label['number']}")
    assert certificate["standing"] == in_certificate and certificate["holder"] == candidate.structure, certificate
    assert [signature["capacity"] for signature in certificate["signatures"]] == ["ministre", "ism"]
    assert certificate["from"] == str(story.decided)
    page = ask(story, f"/verification/{label['number']}").decode()
    assert f"<strong>{in_words}</strong>" in page and candidate.structure in page
    pole = pole_in_state(story, candidate.code, in_registry)
    assert pole["departement"] == candidate.departement and pole["demonstration"] is True
    if in_certificate == "valid":
        assert certificate["until"] == pole["label_until"] == str(end) and pole["label"] == label["id"]


def pole_in_state(story, code, state):
    """The registry's card, once it says so."""
    def card():
        pole = story.troupe.ok("secretariat", "registry.pole.get", {"code": code})
        return pole if pole["state"] == state else None

    return story.troupe.eventually(card, (code, state))


def show_the_end(story):
    """Each as the plot has it, and the one that was renewed goes on under another number."""
    for candidate in story.with_(decision="label"):
        show(story, candidate, candidate.label.card, END[candidate.after])
        assert candidate.label.card.get("held", False) == (candidate.after in ("redemandé", "suspendu"))
    renewed, = story.with_(after="renouvelé")
    following = ask(story, f"/v1/certificates/{renewed.next.card['number']}")
    begins = deadlines.add_months(story.decided, 36)
    assert (following["standing"], following["from"]) == ("valid", str(begins))
    assert following["until"] == str(deadlines.add_months(begins, 36))
    assert following["renews"] == renewed.label.card["number"]
    pole = pole_in_state(story, renewed.code, "active")
    assert pole["label"] == renewed.next.id and pole["label_until"] == following["until"]


def show_the_past(story):
    """What held on a day before, as the law sees it today: a withdrawn label never was."""
    early, late = story.decided + days(10), deadlines.add_months(story.decided, 36) - days(1)
    suspended = deadlines.add_months(story.decided, 21) + days(40)
    for after, day, standing in (
            ("renouvelé", late, "valid"), ("suspendu", suspended, "suspended"), ("suspendu", late, "valid"),
            ("retiré", early, "withdrawn"), ("expiré", late, "valid")):
        candidate = story.with_(after=after)[0]
        certificate = ask(story, f"/v1/certificates/{candidate.label.card['number']}?on={day}")
        assert certificate["standing"] == standing, (candidate, day, certificate)


def follow_the_paper(story, folder):
    """From the code on a certificate to the page that it leads to."""
    run = lambda *command: subprocess.run(command, capture_output=True, check=True).stdout.decode()  # noqa: E731
    candidate = story.with_(after="renouvelé")[0]
    paper = folder / "certificat.pdf"
    paper.write_bytes(story.troupe.ask(candidate.who, "GET", f"/v1/labels/{candidate.next.id}/certificate"))
    run("pdftoppm", "-r", "100", "-png", "-singlefile", paper, folder / "certificat")
    url = run("zbarimg", "-q", "--raw", folder / "certificat.png").strip()
    page = ask(story, urllib.parse.urlparse(url).path).decode()
    assert candidate.structure in page and candidate.next.card["number"] in page

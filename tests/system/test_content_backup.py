"""A backup of the dossiers holds their files; restored, everything is there again."""

import os

import pytest

from campaign import Campaign
from content import PART, PDF, attach, begin, download, put, save, section
from labelling import pytestmark, refused, start  # noqa: F401



@pytest.fixture
def campaign(pia):
    start(pia)
    campaign = Campaign(pia)
    campaign.add("colleague", ["candidat"], campaign.structure)
    return campaign


def test_a_restored_backup_has_the_texts_and_the_files(pia, campaign):
    dossier = campaign.create()
    content = PDF + os.urandom(2 * PART)
    save(campaign, "candidate", dossier, "presentation", 0, "Avant.")
    kept = attach(campaign, dossier, "statuts", content)
    twin = attach(campaign, dossier, "budget", content)
    open_upload = begin(campaign, dossier, "comptes", content).body
    put(campaign, dossier, open_upload, 0, content[:PART])
    folder = pia.data / "sauvegarde"
    made = pia.pia("dossier", "backup", folder)
    assert made.returncode == 0 and made.stdout == f"{folder} holds the database and 1 files\n", made
    assert "there is a folder" in pia.pia("dossier", "backup", folder).stderr
    assert pia.pia("dossier", "check", folder).returncode == 0
    save(campaign, "candidate", dossier, "presentation", 1, "Après.")
    campaign.ok("candidate", "labellisation.attachment.remove",
                {"dossier": dossier["id"], "attachment": kept["id"]})
    refused_restore = pia.pia("dossier", "restore", folder)
    assert refused_restore.returncode == 1 and "end it first" in refused_restore.stderr
    pia.processes[-1].kill()
    for path in (pia.data / "pieces").rglob("*"):
        if path.is_file():
            path.unlink()
    assert pia.pia("dossier", "restore", folder).returncode == 0
    assert (pia.data / "labellisation.db.before").exists()
    pia.start("labellisation", "--instance", "labellisation-0")
    assert section(campaign, "candidate", dossier, "presentation")["text"] == "Avant."
    for attachment in (kept, twin):
        assert download(campaign, "candidate", dossier, attachment) == content
    refused(put(campaign, dossier, open_upload, PART, content[PART:2 * PART]), 410)  # begin again
    assert attach(campaign, dossier, "rib", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(20))["type"] == "image/png"


def test_damage_is_found_in_a_backup_and_in_what_is_backed_up(pia, campaign):
    dossier = campaign.create()
    file = attach(campaign, dossier, "statuts")
    folder = pia.data / "sauvegarde"
    assert pia.pia("dossier", "backup", folder).returncode == 0
    copy = folder / "pieces" / file["sha256"][:2] / file["sha256"]
    copy.write_bytes(PDF[:-1] + b"!")
    checked = pia.pia("dossier", "check", folder)
    assert checked.returncode == 4 and "is damaged" in checked.stderr
    assert pia.pia("dossier", "restore", folder).returncode == 4
    copy.unlink()
    assert pia.pia("dossier", "check", folder).returncode == 4
    own = pia.data / "pieces" / file["sha256"][:2] / file["sha256"]
    own.chmod(0o600)
    own.write_bytes(b"x")
    again = pia.pia("dossier", "backup", pia.data / "autre")
    assert again.returncode == 4 and "is damaged" in again.stderr
    assert not (pia.data / "autre").exists()

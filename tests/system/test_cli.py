"""pia, the command line, against the real services."""

import itertools
import json
import signal
import subprocess

import pytest

from pia import BIN, Network

GUIDE = {
    "pole": "cnidep", "kind": "guide", "title": "Guide de l'éco-conception", "summary": "Pas à pas.",
    "themes": ["habitat"],
}


@pytest.fixture(scope="module")
def core():
    """Broker, registry, labellisation and diffusion."""
    services = ("registry", "labellisation", "diffusion")
    with Network() as network:
        network.start_broker()
        for service in services:
            network.start(service, wait=False)
        for service in services:
            network.wait_ready(service)
        yield network


def run(network, *arguments, code=0, **how):
    done = network.pia(*arguments, **how)
    assert done.returncode == code, (arguments, done.stdout, done.stderr)
    assert "Sanitizer" not in done.stderr
    return done


def answer(network, *arguments, **how):
    return json.loads(run(network, *arguments, "--json", **how).stdout)


def event(identifier, **more):
    return {
        "specversion": "1.0", "id": identifier, "source": "/poles/cnidep", "type": "essai.fait",
        "time": "2026-11-26T07:00:00Z", "visibility": "public", "data": {"title": identifier}, **more,
    }


def write(network, name, content):
    path = network.data / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


# What a command line may be


def test_help_of_every_command(core):
    done = subprocess.run([BIN / "pia", "--help"], capture_output=True, text=True, check=True)
    names = [line.split("  ")[1] for line in done.stdout.splitlines() if line.startswith("  ")]
    commands = [name for name in names if not name.startswith("--")]
    assert len(commands) > 40
    nouns = [noun for noun, _ in itertools.groupby(name.split()[0] for name in commands)]
    assert len(nouns) == len(set(nouns))  # what is about one thing stands together
    for line in commands:
        words = [word for word in line.split() if word.islower() and word[0].isalpha() and word.replace("-", "").isalpha()][:2]
        shown = subprocess.run([BIN / "pia", *words, "--help"], capture_output=True, text=True, check=False)
        assert shown.returncode == 0, (words, shown.stderr)
        assert shown.stdout.startswith("usage: pia " + words[0])
        assert not shown.stdout.endswith("options:\n")


def test_help_tells_what_a_file_holds():
    command = [BIN / "pia", "specification", "create", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    options, members = shown.stdout.split("the file's members:\n")
    assert "--idempotency-key" in options and "idempotency" not in members
    assert "  criteria.code code  (required)\n" in members and "  threshold N\n" in members


@pytest.mark.parametrize(
    "arguments,said",
    [
        ([], ""),
        (["nonsense"], "no command 'nonsense'"),
        (["dossier"], "dossier create"),
        (["pole", "show"], "usage: pia pole show [options] CODE"),
        (["pole", "show", "a", "b"], "usage: pia pole show [options] CODE"),
        (["pole", "list", "--nonsense", "1"], "--nonsense is not an option here"),
        (["pole", "list", "--limit"], "--limit needs a value"),
        (["pole", "list", "--limit", "many"], "not a whole number"),
        (["pole", "list", "--limit", "0"], "/limit"),
        (["pole", "list", "--json=1"], "--json takes no value"),
        (["status", "--timeout", "0"], "--timeout"),
        (["status", "--wait", "x"], "--wait"),
        (["follow", "--count", "0"], "--count"),
        (["follow", "--cursor", "x" * 100], "--cursor"),
        (["structure", "create", ""], "/name"),
        (["drain", "registry"], "SERVICE#INSTANCE"),
        (["call", "no.such.message"], "no message"),
        (["call", "registry.pole.get", "{"], "JSON"),
    ],
)
def test_wrong_usage_is_said_and_is_2(core, arguments, said):
    done = run(core, *arguments, code=2)
    assert said in done.stderr


def test_help_of_a_group_of_commands():
    done = subprocess.run([BIN / "pia", "person", "--help"], capture_output=True, text=True, check=True)
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        ["person", "create"], ["person", "show"], ["person", "list"]]  # fmt: skip


def test_what_is_no_text_is_refused(core):
    for arguments in (["pole", "show", b"\xe9"], ["level", b"a#\xff", "info"], [b"\xff"]):
        done = subprocess.run([BIN / "pia", *arguments], capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (2, b"pia: the command line is not UTF-8\n")


def test_version():
    done = subprocess.run([BIN / "pia", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("pia ")


def test_what_is_not_there_is_unavailable_and_3(pia):
    assert "data directory" in run(pia, "status", "--data", "/nowhere", code=3).stderr
    assert "timeout" in run(pia, "pole", "list", "--timeout", "1", code=3).stderr
    assert "deploy/up" in run(pia, "status", "--timeout", "1", code=3).stderr
    pia.start_broker()
    done = run(pia, "pole", "list", "--timeout", "1", code=3)
    assert "registry" in done.stderr


# Who asks


def test_a_key_is_made_used_and_revoked(core):
    person = answer(core, "person", "create", "chargée de mission", "--roles", "pole", "--pole", "cnidep")
    created = answer(core, "key", "create", "essai", "--person", person["id"])
    key = write(core, "person.key", created["key"] + "\n")
    write(core, "own.json", GUIDE)
    own = answer(core, "publish", core.data / "own.json", "--key", key)
    assert (own["pole"], own["state"]) == ("cnidep", "published")
    write(core, "foreign.json", {**GUIDE, "pole": "itemm"})
    refused = run(core, "publish", core.data / "foreign.json", "--key", key, code=1)
    assert "forbidden" in refused.stderr
    assert "forbidden" in run(core, "person", "create", "x", "--roles", "pole", "--key", key, code=1).stderr
    run(core, "key", "revoke", created["id"])
    refused = run(core, "publish", core.data / "own.json", "--key", key, code=1)
    assert "unauthenticated" in refused.stderr


def test_a_key_file_that_is_none(core):
    assert "No such file" in run(core, "pole", "list", "--key", "/nowhere", code=1).stderr
    key = write(core, "wrong.key", "not a key")
    assert "unauthenticated" in run(core, "pole", "list", "--key", key, code=1).stderr


def test_without_a_key_public_things_can_be_read(core):
    done = run(core, "call", "registry.pole.get", '{"code": "cnidep"}', "--anonymous")
    assert json.loads(done.stdout)["code"] == "cnidep"
    assert "unauthenticated" in run(core, "call", "registry.key.list", "--anonymous", code=1).stderr


# Reading and changing


def test_lists_are_tables_or_json(core):
    table = run(core, "pole", "list").stdout.splitlines()
    assert table[0].split() == ["code", "name", "departement", "region", "state", "themes"]
    poles = answer(core, "pole", "list")["items"]
    assert len(poles) == len(table) - 1
    assert len(answer(core, "pole", "list", "--limit", "2")["items"]) == 2
    themed = answer(core, "pole", "list", "--theme", "arts")["items"]
    assert {"cerfav", "itemm"} <= {pole["code"] for pole in themed}


def test_what_is_not_found_is_1(core):
    done = run(core, "pole", "show", "nowhere", code=1)
    assert done.stderr.startswith("pia: not_found: ")


def test_structures_and_reference_lists(core):
    made = answer(core, "structure", "create", "Structure (démonstration)", "--demonstration")
    shown = run(core, "structure", "show", made["id"]).stdout
    assert "Structure (démonstration)" in shown
    wrong = run(core, "structure", "create", "x", "--siren", "433367670", code=2)
    assert "/siren" in wrong.stderr
    assert "habitat" in run(core, "reference", "list", "themes").stdout


def test_a_dossier_from_prospect_on(core):
    structure = answer(core, "structure", "create", "Candidate (démonstration)", "--demonstration")
    dossier = answer(
        core, "dossier", "create", structure["id"], "Un pôle du bois", "--theme", "habitat",
        "--pole-code", "bois-essai", "--pole-name", "Pôle bois (démonstration)", "--demonstration",
        "--transition", "ouvrir_prospect",
    )
    shown = answer(core, "dossier", "show", dossier["id"])
    assert shown["pole"]["code"] == "bois-essai"
    assert shown["state"] == "prospect"
    allowed = {t["name"] for t in answer(core, "dossier", "transitions", dossier["id"])["items"]}
    assert {"prefigurer", "abandonner"} <= allowed
    refused = run(core, "dossier", "do", dossier["id"], "no_such_transition", code=1)
    assert refused.stderr.startswith("pia: ")
    goals = ["objectifs=Une filière", "fin=2027-06-30"]
    old = run(core, "dossier", "do", dossier["id"], "prefigurer", *goals, "--version", "99", code=1)
    assert old.stderr.startswith("pia: conflict")
    missing = run(core, "dossier", "do", dossier["id"], "prefigurer", goals[0], code=1)
    assert "fin" in missing.stderr
    done = answer(core, "dossier", "do", dossier["id"], "prefigurer", *goals)
    assert (done["state"], done["version"] > shown["version"]) == ("prefiguration", True)
    assert answer(core, "dossier", "do", dossier["id"], "ouvrir_dossier")["state"] == "brouillon"
    history = run(core, "dossier", "history", dossier["id"]).stdout
    assert "prefigurer" in history and "ouvrir_dossier" in history
    late = run(core, "dossier", "do", dossier["id"], "retirer", "--version", str(done["version"]), code=1)
    assert late.stderr.startswith("pia: conflict") and "ouvrir_dossier -> brouillon" in late.stderr
    assert "NAME=VALUE" in run(core, "dossier", "do", dossier["id"], "abandonner", "x", code=2).stderr
    assert any(d["id"] == dossier["id"] for d in answer(core, "dossier", "list")["items"])


# Publishing and following


def test_a_publication_from_a_file_or_standard_input(core):
    made = answer(core, "publish", write(core, "guide.json", GUIDE))
    assert made["state"] == "published"
    draft = answer(core, "publish", "-", "--draft", stdin=json.dumps(GUIDE))
    assert draft["state"] == "draft"
    done = answer(core, "publication", "publish", draft["publication"], str(draft["version"]))
    assert done["state"] == "published"
    cancelled = answer(core, "publication", "cancel", done["publication"], str(done["version"]))
    assert cancelled["state"] == "cancelled"
    listed = answer(core, "publication", "list", "--pole", "cnidep", "--kind", "guide")["items"]
    assert made["publication"] in {item["publication"] for item in listed}


def test_the_same_idempotency_key_publishes_once(core):
    path = write(core, "once.json", GUIDE)
    first = answer(core, "publish", path, "--idempotency-key", "once-1")
    assert answer(core, "publish", path, "--idempotency-key", "once-1") == first


def test_cloudevents_get_receipts_and_repeats_the_first_ones(core):
    batch = write(core, "batch.json", [event("a-1"), event("a-2")])
    first = answer(core, "publish", batch)["receipts"]
    assert [r["duplicate"] for r in first] == [False, False]
    again = answer(core, "publish", write(core, "one.json", event("a-2")))["receipts"]
    assert again[0]["sequence"] == first[1]["sequence"]
    assert again[0]["duplicate"] is True
    other = write(core, "other.json", event("a-2", data={"title": "autre"}))
    assert "conflict" in run(core, "publish", other, code=1).stderr


@pytest.mark.parametrize(
    "content,said",
    [
        ("", "JSON"),
        ("{", "JSON"),
        ('{"pole": "cnidep", "pole": "cnidep"}', "twice"),
        ("[]", "/events"),
        ('{"pole": "cnidep"}', "/kind"),
        (json.dumps({**GUIDE, "titel": "x"}), "/titel"),
        (json.dumps({**GUIDE, "kind": "nonsense"}), "/kind"),
        (json.dumps({**GUIDE, "themes": ["nonsense"]}), "/themes"),
        (json.dumps({**GUIDE, "starts_at": "tomorrow"}), "/starts_at"),
        (json.dumps({**GUIDE, "pole": "nowhere"}), "/pole"),
        (json.dumps(event("b-1", specversion="0.3")), "specversion"),
        (json.dumps([event("b-1"), {"specversion": "1.0"}]), "/events/1"),
        (json.dumps(event("b-1", source="/poles/nowhere")), "forbidden"),
    ],
)
def test_what_cannot_be_published_is_said_precisely(core, content, said):
    done = run(core, "publish", "-", stdin=content, code=1)
    assert said.lower() in done.stderr.lower(), done.stderr


def test_what_cannot_be_read_is_said(core):
    assert "invalid: .: Is a directory" in run(core, "publish", ".", code=1).stderr
    assert "No such file" in run(core, "publish", "nowhere.json", code=1).stderr


def test_follow_prints_what_matches_and_ends_after_count(core):
    first = answer(core, "publish", write(core, "f1.json", event("f-1")))["receipts"][0]
    run(core, "publish", write(core, "f2.json", {**GUIDE, "title": "Suivi"}))
    done = run(core, "follow", "--cursor", first["cursor"], "--kind", "guide", "--count", "1")
    line = done.stdout.strip()
    assert "publication.published" in line and line.endswith("guide  Suivi")
    cursor = line.split()[0]
    run(core, "publish", write(core, "f3.json", event("f-3")))
    lines = run(core, "follow", "--cursor", cursor, "--count", "1", "--json").stdout
    record = json.loads(lines)
    assert record["event"]["id"] == "f-3"
    assert record["cursor"].startswith("1.") and record["sequence"] > first["sequence"]


def follow(network, *arguments):
    return subprocess.Popen(
        [BIN / "pia", "--data", network.data, "follow", "--json", *arguments],
        stdout=subprocess.PIPE, text=True,
    )


def test_follow_goes_on_when_the_journal_comes_back(pia):
    pia.start_broker()
    pia.start("registry", *pia.few_communes())
    diffusion = pia.start("diffusion")
    run(pia, "follow", "--cursor", "", "--count", "1")  # the pôles have been announced: it may publish
    process = follow(pia, "--cursor", "", "--source", "/poles/cnidep", "--count", "2")
    run(pia, "publish", write(pia, "one.json", event("r-1")))
    assert json.loads(process.stdout.readline())["event"]["id"] == "r-1"
    diffusion.kill()
    pia.start("diffusion")
    run(pia, "publish", write(pia, "two.json", event("r-2")))
    assert json.loads(process.stdout.readline())["event"]["id"] == "r-2"
    assert process.wait(10) == 0
    process.stdout.close()


def test_follow_ends_at_a_signal(core):
    process = follow(core, "--cursor", "")
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.stdout.read()
    assert process.wait(10) == 0
    process.stdout.close()


def test_journal(core):
    head = answer(core, "journal", "head")
    assert head["sequence"] >= 10
    assert f"verified up to {answer(core, 'journal', 'head')['sequence']}" in run(core, "journal", "verify").stdout


# Operating


def test_status_shows_every_instance_and_says_who_is_missing(core):
    done = run(core, "status", code=1)
    assert "no active instance of notifications" in done.stderr
    rows = json.loads(core.pia("status", "--json").stdout)["items"]
    assert [(row["service"], row["state"]) for row in rows] == [
        ("broker", "active"), ("diffusion", "active"), ("labellisation", "active"), ("registry", "active"),
    ]
    assert all(row["instance"].startswith(row["service"] + "-") for row in rows)


def test_status_waits_until_everything_is_ready(network):
    table = run(network, "status", "--wait", "60").stdout
    assert table.splitlines()[0].split()[:4] == ["service", "instance", "state", "version"]
    services = {row["service"] for row in answer(network, "status")["items"]}
    assert {"broker", "registry", "labellisation", "diffusion", "notifications"} <= services


def test_status_waits_no_longer_than_told(pia):
    run(pia, "status", "--wait", "1", code=3)
    pia.start_broker()
    assert "no active instance of registry" in run(pia, "status", "--wait", "1", code=1).stderr


def test_level_changes_what_an_instance_logs(core):
    row = next(r for r in json.loads(core.pia("status", "--json").stdout)["items"] if r["service"] == "registry")
    session = f"registry#{row['instance']}"
    assert answer(core, "level", session, "debug")["instance"] == row["instance"]
    assert "/level" in run(core, "level", session, "loud", code=1).stderr
    run(core, "level", session, "info")


def test_drain_ends_one_instance_and_a_standby_takes_over(pia):
    pia.start_broker()
    first = pia.start("registry", "--instance", "registry-one", *pia.few_communes())
    second = pia.start("registry", "--instance", "registry-two", *pia.few_communes(), wait=False)
    states = {}
    while len(states) < 2:
        rows = json.loads(pia.pia("status", "--json").stdout)["items"]
        states = {r["instance"]: r["state"] for r in rows if r["service"] == "registry"}
    assert states == {"registry-one": "active", "registry-two": "standby"}
    run(pia, "drain", "registry#registry-one")
    assert first.wait(20) == 0
    assert answer(pia, "pole", "show", "cnidep", "--timeout", "30")["code"] == "cnidep"
    assert second.child.poll() is None


def test_drain_of_an_unknown_instance_is_3(core):
    assert run(core, "drain", "registry#nobody", "--timeout", "1", code=3).stderr


# Telling people


def test_contacts_subscriptions_and_inbox(network):
    contact = answer(
        network, "contact", "create", "webhook", "--address", "http://127.0.0.1:1/hook",
        "--consent-basis", "consent",
    )
    assert contact["secret"].startswith("whsec_")
    made = answer(network, "subscription", "create", contact["id"], "--theme", "habitat", "--kind", "guide")
    assert made["filter"] == {"themes": ["habitat"], "kinds": ["guide"]}
    listed = answer(network, "subscription", "list", "--contact", contact["id"])["items"]
    assert [item["subscription"] for item in listed] == [made["subscription"]]
    said = answer(network, "preview", "--pole", "cnidep", "--kind", "guide", "--theme", "habitat")
    assert said["count"] >= 1 and said["text"].startswith("Cette publication toucherait")
    told = answer(network, "explain", made["subscription"], "--sequence", "1")
    assert told["matches"] is False and [c["criterion"] for c in told["criteria"]] == ["kinds", "themes"]
    assert answer(network, "subscription", "end", made["subscription"])["state"] == "ended"
    assert answer(network, "contact", "remove", contact["id"])["state"] in ("removed", "gone")


def test_the_story_is_played_and_everyone_receives_what_concerns_them(network):
    done = run(network, "demo", "--web", network.web, timeout=120)
    assert "✗" not in done.stdout
    assert "nulle part ailleurs" in done.stdout.splitlines()[-1]


def test_the_story_is_played_again_after_one_that_was_cut_short(network):
    command = [BIN / "pia", "--data", network.data, "demo", "--web", network.web]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first:
        assert any(line.startswith(" 12.") for line in first.stdout)
        first.kill()
    for _ in range(2):
        done = run(network, "demo", "--web", network.web, timeout=120)
        assert "nulle part ailleurs" in done.stdout.splitlines()[-1], done.stdout

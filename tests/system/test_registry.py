"""The registry through the broker: each of its messages, good and bad, on both engines."""

import collections
import json
import os
import signal
import socket
import time
import uuid

import mdp
import pytest
from pia import BIN, ROOT, Network
from tokens import bad_tokens, own_seed, payload, sign

INJECTIONS = (
    "'); DROP TABLE structure; --",
    "\" OR 1=1 --",
    "$1 $2 %s %n {0} ${HOME} \\",
    "a\tb\nc <script>alert(1)</script> Œuvre 漢字",
)
NOBODY = str(uuid.UUID(int=0))
YEAR_MS = 365 * 86400000


def start(network, *options):
    return network.start("registry", "--redis", "", "--registry.demonstration", "true", *options)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def registry(request):
    """A broker and a registry, shared by the tests of this file."""
    options = ()
    if request.param == "postgresql":
        options = ("--database", request.getfixturevalue("postgres") + f"#r{os.getpid()}")
    network = Network()
    try:
        network.start_broker()
        start(network, *options)
        yield network
    finally:
        wrong = network.stop()
        tails = network.tails()
        network.remove()
    assert not wrong, "\n".join([*wrong, tails])


def make(network, message, body, key=None):
    answer = network.call(message, body, key=key)
    assert answer.status == 200, answer
    return answer.body


def make_person(network, *roles, key=None, **members):
    body = {"label": "personne d'essai", "roles": list(roles), **members}
    return make(network, "registry.person.create", body, key)


def make_key(network, *roles, key=None, **members):
    """A person with these roles and its key: (person, key)."""
    person = make_person(network, *roles, **members)
    body = {"label": "essai", "person": person["id"]}
    return person, make(network, "registry.key.create", body, key)["key"]


def refused(answer, status, pointer=None):
    assert answer.status == status, answer
    assert set(answer.body) <= {"status", "detail", "pointer"}, answer
    if pointer is not None:
        assert answer.body.get("pointer") == pointer, answer


def pages(network, message, body, limit, **how):
    """All items of a list, read page by page."""
    items, after = [], None
    while True:
        asked = {**body, "limit": limit, **({"after": after} if after else {})}
        answer = network.call(message, asked, **how)
        assert answer.status == 200, answer
        assert len(answer.body["items"]) <= limit
        items += answer.body["items"]
        after = answer.body.get("next")
        if not after:
            return items


# Keys and tokens


def test_the_first_start_leaves_private_files(registry):
    for path in ("admin.key", "token.key", "run/keys/gateway.key", "run/keys/diffusion.key",
                 "run/keys/labellisation.key", "run/keys/notifications.key"):
        assert (registry.data / path).stat().st_mode & 0o777 == 0o600, path
    assert (registry.data / "run/token.pub").exists()
    left = [p.name for p in registry.data.rglob("*") if ".new" in p.name or ".tmp" in p.name]
    assert not left


def test_a_key_is_exchanged_for_a_token(registry):
    answer = registry.call("registry.authenticate", {"key": registry.key()}, anonymous=True)
    assert answer.status == 200
    principal = answer.body["principal"]
    assert principal["subject"] == "/services/admin" and principal["pole"] == "*"
    assert len(principal["roles"]) == 9
    assert 0 < answer.body["expires_in_ms"] <= 60000
    for service in ("gateway", "labellisation", "diffusion", "notifications"):
        body = {"key": registry.key(service)}
        answer = registry.call("registry.authenticate", body, anonymous=True)
        assert answer.body["principal"]["subject"] == f"/services/{service}"
        assert answer.body["principal"]["roles"] == ["service"]


def test_every_bad_key_is_refused_with_the_same_words(registry):
    _, revoked = make_key(registry, "pole")
    key_id = make(registry, "registry.key.list", {})["items"][-1]["id"]
    make(registry, "registry.key.revoke", {"id": key_id})
    admin = registry.key()
    answers = [
        registry.call("registry.authenticate", {"key": key}, anonymous=True)
        for key in (revoked, "pia_" + "A" * 43, "x", admin[:-1], admin + "A", "' OR 1=1 --",
                    admin.replace("pia_", "PIA_"))
    ]
    assert {a.status for a in answers} == {401}
    assert len({json.dumps(a.body, sort_keys=True) for a in answers}) == 1


def test_an_expired_key_does_not_open(registry):
    person = make_person(registry, "pole")
    now = make(registry, "registry.clock.get", {})["now"]
    year, rest = int(now[:4]), now[4:]
    refused(registry.call("registry.key.create", {"label": "x", "person": person["id"],
                                                  "expires_at": f"{year - 1}{rest}"}),
            400, "/expires_at")
    made = make(registry, "registry.key.create",
                {"label": "x", "person": person["id"], "expires_at": f"{year + 1}{rest}"})
    before = registry.call("registry.authenticate", {"key": made["key"]}, anonymous=True)
    assert before.status == 200
    make(registry, "registry.clock.advance", {"by_ms": 2 * YEAR_MS})
    after = registry.call("registry.authenticate", {"key": made["key"]}, anonymous=True)
    refused(after, 401)
    states = {k["id"]: k["state"] for k in pages(registry, "registry.key.list", {}, 200)}
    assert states[made["id"]] == "expired"


def test_forged_expired_and_foreign_tokens_are_refused(registry):
    with registry.client() as client:
        own = sign(own_seed(registry), payload())
        assert client.call("registry.key.list", {}, own).status == 200
        for what, token in bad_tokens(registry).items():
            answer = client.call("registry.key.list", {}, token)
            assert answer.status == 401, (what, answer)


STAFF_ONLY = {
    "registry.key.create": {"label": "x", "service": "x", "roles": ["service"]},
    "registry.key.revoke": {"id": NOBODY},
    "registry.key.list": {},
    "registry.person.create": {"label": "x", "roles": ["pole"]},
    "registry.person.list": {},
    "registry.person.update": {"person": NOBODY, "version": 1},
    "registry.structure.create": {"name": "x"},
    "registry.structure.update": {"structure": NOBODY, "version": 1},
    "registry.pole.update": {"code": "cnidep", "version": 1},
    "registry.pole.suspend": {"code": "cnidep", "reason": "x"},
    "registry.pole.reactivate": {"code": "cnidep"},
    "registry.clock.advance": {"by_ms": 1},
}


def test_who_has_no_token_or_the_wrong_role_changes_nothing(registry):
    before = make(registry, "registry.pole.get", {"code": "cnidep"})
    _, candidate = make_key(registry, "candidat")
    for message, body in STAFF_ONLY.items():
        refused(registry.call(message, body, anonymous=True), 401)
        refused(registry.call(message, body, key=candidate), 403)
    refused(registry.call("registry.structure.list", {}, key=candidate), 403)
    refused(registry.call("registry.person.get", {"person": NOBODY}, anonymous=True), 401)
    assert make(registry, "registry.pole.get", {"code": "cnidep"}) == before


def test_unknown_and_wrong_members_are_named(registry):
    bodies = [
        ("registry.pole.get", {"code": "cnidep", "colour": "x"}, "/colour"),
        ("registry.pole.get", {}, "/code"),
        ("registry.pole.get", {"code": 7}, "/code"),
        ("registry.pole.get", {"code": "A B"}, "/code"),
        ("registry.pole.list", {"limit": 0}, "/limit"),
        ("registry.pole.list", {"limit": 201}, "/limit"),
        ("registry.pole.list", {"state": "happy"}, "/state"),
        ("registry.pole.list", {"region": "ZZ"}, "/region"),
        ("registry.pole.list", {"after": "bm90IGEgY3Vyc29y"}, "/after"),
        ("registry.reference.list", {"list": "colours"}, "/list"),
        ("registry.commune.list", {"q": "!!"}, "/q"),
        ("registry.structure.create", {"name": "x", "siren": "433367670"}, "/siren"),
        ("registry.structure.create", {"name": "x", "siren": "73282932"}, "/siren"),
        ("registry.structure.create", {"name": "x", "siret": "12345678912345"}, "/siret"),
        ("registry.structure.create", {"name": "x" * 301}, "/name"),
        ("registry.structure.create", {"name": ""}, "/name"),
        ("registry.structure.create", {"name": "x", "departement": "96"}, "/departement"),
        ("registry.person.create", {"label": "x", "roles": []}, "/roles"),
        ("registry.person.create", {"label": "x", "roles": ["emperor"]}, "/roles/0"),
        ("registry.person.create", {"label": "x", "roles": ["pole"], "pole": "nowhere"}, "/pole"),
        ("registry.person.create", {"label": "x", "roles": ["pole"], "structure": NOBODY}, "/structure"),
        ("registry.key.create", {"label": "x"}, "/person"),
        ("registry.key.create", {"label": "x", "person": NOBODY, "service": "x"}, "/person"),
        ("registry.key.create", {"label": "x", "service": "x"}, "/roles"),
        ("registry.clock.advance", {}, "/by_ms"),
        ("registry.clock.advance", {"to": "2000-01-01T00:00:00Z"}, "/to"),
        ("registry.clock.advance", {"to": "2026-02-30T00:00:00Z"}, "/to"),
    ]
    # A service may send members of a newer version: so the asker here is not one.
    roles = ["secretariat", "operator"]
    key = make(registry, "registry.key.create", {"label": "x", "service": "essai", "roles": roles})
    for message, body, pointer in bodies:
        answer = registry.call(message, body, key=key["key"])
        assert (answer.status, answer.body.get("pointer")) == (400, pointer), (message, body, answer)


def test_what_is_not_there_is_not_found(registry):
    for message, body in (
        ("registry.pole.get", {"code": "nowhere"}),
        ("registry.person.get", {"person": NOBODY}),
        ("registry.structure.get", {"structure": NOBODY}),
        ("registry.key.revoke", {"id": NOBODY}),
        ("registry.key.create", {"label": "x", "person": NOBODY}),
        ("registry.commune.get", {"code": "01999"}),
        ("registry.pole.suspend", {"code": "nowhere", "reason": "x"}),
    ):
        refused(registry.call(message, body), 404)


# People and rights


def test_nobody_gives_a_role_that_they_lack(registry):
    secretary, key = make_key(registry, "secretariat")
    for body in ({"label": "x", "roles": ["operator"]}, {"label": "x", "roles": ["secretariat", "pole"]}):
        refused(registry.call("registry.person.create", body, key=key), 403, "/roles")
    refused(registry.call("registry.person.create",
                          {"label": "x", "roles": ["secretariat"], "pole": "*"}, key=key), 403, "/pole")
    colleague = make_person(registry, "secretariat", key=key)
    assert colleague["roles"] == ["secretariat"]
    reviewer = make_person(registry, "reviewer")
    refused(registry.call("registry.key.create", {"label": "x", "person": reviewer["id"]}, key=key), 403)
    refused(registry.call("registry.key.create",
                          {"label": "x", "service": "x", "roles": ["service"]}, key=key), 403)
    # a program's name is a subject: revoking this key would end the gateway's own tokens
    refused(registry.call("registry.key.create",
                          {"label": "x", "service": "gateway", "roles": ["secretariat"]}, key=key), 403, "/service")
    refused(registry.call("registry.person.update",
                          {"person": secretary["id"], "version": 1, "roles": ["operator"]}, key=key), 403)
    admin_key = [k for k in pages(registry, "registry.key.list", {"service": "admin"}, 200)][-1]
    refused(registry.call("registry.key.revoke", {"id": admin_key["id"]}, key=key), 403)


def test_a_person_is_changed_in_the_version_seen(registry):
    person, key = make_key(registry, "reviewer")
    update = {"person": person["id"], "version": 1, "roles": ["reviewer", "committee"], "pole": "cnidep"}
    changed = registry.call("registry.person.update", update)
    assert (changed.status, changed.version) == (200, 2)
    assert changed.body["roles"] == ["reviewer", "committee"]
    stale = registry.call("registry.person.update", update)
    refused(stale, 409, "/version")
    assert "2" in stale.body["detail"]
    token = registry.call("registry.authenticate", {"key": key}, anonymous=True).body
    assert token["principal"]["roles"] == ["reviewer"], "a key gives no more than it was made for"
    assert token["principal"]["pole"] == "cnidep"
    removed = make(registry, "registry.person.update", {"person": person["id"], "version": 2, "pole": ""})
    assert "pole" not in removed and removed["version"] == 3


def test_a_person_sees_itself_and_no_other(registry):
    person, key = make_key(registry, "reviewer")
    other = make_person(registry, "reviewer")
    assert registry.call("registry.person.get", {"person": person["id"]}, key=key).body == person
    refused(registry.call("registry.person.get", {"person": other["id"]}, key=key), 404)
    refused(registry.call("registry.person.list", {}, key=key), 403)


def test_people_are_listed_by_role_page_by_page(registry):
    made = {make_person(registry, "signatory")["id"] for _ in range(5)}
    listed = [p["id"] for p in pages(registry, "registry.person.list", {"role": "signatory"}, 2)]
    assert made <= set(listed) and listed == sorted(listed) and len(set(listed)) == len(listed)


def test_a_key_is_shown_once_and_listed_without_its_secret(registry):
    person = make_person(registry, "reviewer")
    made = make(registry, "registry.key.create", {"label": "clé d'essai", "person": person["id"]})
    assert made["key"].startswith("pia_") and len(made["key"]) == 47
    listed = make(registry, "registry.key.list", {"person": person["id"]})["items"]
    assert [k["id"] for k in listed] == [made["id"]]
    assert made["key"] not in json.dumps(listed) and "last_used" not in listed[0]
    registry.call("registry.authenticate", {"key": made["key"]}, anonymous=True)
    listed = make(registry, "registry.key.list", {"person": person["id"]})["items"]
    assert len(listed[0]["last_used"]) == 10
    revoked = make(registry, "registry.key.revoke", {"id": made["id"]})
    assert revoked["state"] == "revoked"
    again = make(registry, "registry.key.revoke", {"id": made["id"]})
    assert again["revoked_at"] == revoked["revoked_at"]


def test_secrets_are_nowhere_in_the_store(registry):
    _, key = make_key(registry, "reviewer")
    secret = key[4:].encode()
    for path in registry.data.glob("registry.db*"):
        assert secret not in path.read_bytes()


# Structures


def test_a_structure_is_completed_by_its_numbers_and_commune(registry):
    body = {"name": "Atelier d'essai", "siret": "73282932000074", "commune": "97411"}
    made = make(registry, "registry.structure.create", body)
    assert (made["siren"], made["departement"], made["region"]) == ("732829320", "974", "04")
    assert made["demonstration"] is False and made["version"] == 1
    refused(registry.call("registry.structure.create", {"name": "x", "siren": "732829320"}), 409, "/siren")
    refused(registry.call("registry.structure.create",
                          {"name": "x", "siren": "552081317", "siret": "73282932000074"}), 400, "/siret")
    found = make(registry, "registry.structure.list", {"siren": "732829320"})["items"]
    assert found == [made]
    changed = registry.call("registry.structure.update",
                            {"structure": made["id"], "version": 1, "siret": "35600000049837"})
    assert (changed.status, changed.version, changed.body["siren"]) == (200, 2, "356000000")
    refused(registry.call("registry.structure.update",
                          {"structure": made["id"], "version": 1, "name": "x"}), 409, "/version")


def test_injections_are_texts_like_others(registry):
    for text in INJECTIONS:
        made = make(registry, "registry.structure.create", {"name": text})
        found = make(registry, "registry.structure.get", {"structure": made["id"]})
        assert found["name"] == text
        person = make_person(registry, "reviewer", label=text[:90])
        assert person["label"] == text[:90]
        refused(registry.call("registry.pole.list", {"theme": text}), 400, "/theme")
        assert registry.call("registry.commune.list", {"q": text[:90]}).status == 200


def test_structures_are_listed_once_each_by_folded_name(registry):
    prefix = f"zz{os.getpid()}"
    names = [f"{prefix} {n}" for n in ("Éclat", "eclair", "Œuvre", "Oeuf", "ZÈBRE", "abri", "Abri")]
    for name in names:
        make(registry, "registry.structure.create", {"name": name})
    listed = [s["name"] for s in pages(registry, "registry.structure.list", {}, 3)]
    ours = [n[len(prefix) + 1:] for n in listed if n.startswith(prefix)]
    assert [n.lower() for n in ours] == ["abri", "abri", "eclair", "éclat", "oeuf", "œuvre", "zèbre"]


def test_a_candidate_sees_its_own_structure_only(registry):
    own = make(registry, "registry.structure.create", {"name": "Candidate (démonstration)"})
    other = make(registry, "registry.structure.create", {"name": "Autre"})
    _, key = make_key(registry, "candidat", structure=own["id"])
    assert registry.call("registry.structure.get", {"structure": own["id"]}, key=key).body == own
    refused(registry.call("registry.structure.get", {"structure": other["id"]}, key=key), 404)
    refused(registry.call("registry.structure.get", {"structure": own["id"]}, anonymous=True), 401)


# Pôles, lists, territories


def test_the_directory_is_public_and_invents_nothing(registry):
    poles = pages(registry, "registry.pole.list", {}, 4, anonymous=True)
    codes = [p["code"] for p in poles]
    assert {"cnidep", "cerfav", "itemm", "iris-st", "filiere-bois"} <= set(codes)
    assert len(codes) == len(set(codes))
    by_code = {p["code"]: p for p in poles}
    assert by_code["cnidep"]["labelled_since"] == "1993" and by_code["cnidep"]["region"] == "44"
    assert by_code["cirbat"]["region"] == "04"
    assert "state" not in by_code["iris-st"] and "departement" not in by_code["filiere-bois"]
    assert not any(p["demonstration"] for p in poles if p["code"] in ("cnidep", "cerfav"))
    one = registry.call("registry.pole.get", {"code": "cerfav"}, anonymous=True)
    assert one.body == by_code["cerfav"] and one.version == one.body["version"]


def test_poles_are_filtered(registry):
    def codes(**body):
        return {p["code"] for p in make(registry, "registry.pole.list", body)["items"]}

    assert codes(theme="arts") == {"cerfav", "itemm"}
    assert codes(theme="habitat", region="04") == {"cirbat"}
    assert codes(departement="68") == {"ctai", "coprotec"}
    assert codes(theme="nosuchtheme") == set()
    assert "iris-st" not in codes(state="active") and "iris-st" in codes(theme="sante")


def test_a_pole_is_suspended_and_reactivated(registry):
    before = make(registry, "registry.pole.get", {"code": "aten"})
    suspended = registry.call("registry.pole.suspend", {"code": "aten", "reason": "essai"})
    assert suspended.body["state"] == "suspended" and suspended.version == before["version"] + 1
    refused(registry.call("registry.pole.suspend", {"code": "aten", "reason": "x"}), 409)
    refused(registry.call("registry.pole.reactivate", {"code": "aten", "version": before["version"]}),
            409, "/version")
    back = make(registry, "registry.pole.reactivate", {"code": "aten", "version": suspended.version})
    assert back["state"] == "active" and "reason" not in back
    refused(registry.call("registry.pole.suspend", {"code": "iris-st", "reason": "x"}), 409)


def test_a_pole_is_corrected_in_the_version_seen(registry):
    pole = make(registry, "registry.pole.get", {"code": "itemm"})
    change = {"code": "itemm", "version": pole["version"], "sectors": ["production", "services"],
              "departement": "2A"}
    changed = make(registry, "registry.pole.update", change)
    assert changed["sectors"] == ["production", "services"] and changed["region"] == "94"
    assert changed["themes"] == pole["themes"]
    refused(registry.call("registry.pole.update", change), 409, "/version")
    for themes in (["nosuch"], ["arts", "arts"], ["a,b"]):
        answer = registry.call("registry.pole.update",
                               {"code": "itemm", "version": changed["version"], "themes": themes})
        assert answer.status == 400 and answer.body["pointer"].startswith("/themes"), answer
    assert make(registry, "registry.pole.get", {"code": "itemm"}) == changed


def test_a_command_repeated_under_its_key_gets_the_first_answer(registry):
    body = {"name": "Une fois", "idempotency_key": f"k{os.getpid()}-{time.monotonic_ns()}"}
    first = registry.call("registry.structure.create", body)
    again = registry.call("registry.structure.create", body)
    assert first.status == again.status == 200 and first.body == again.body
    refused(registry.call("registry.structure.create", {**body, "name": "Deux fois"}), 409)


def test_reference_lists(registry):
    def items(name):
        body = registry.call("registry.reference.list", {"list": name}, anonymous=True).body
        assert body["list"] == name
        return {i["code"]: i for i in body["items"]}

    assert len(items("themes")) == 6 and len(items("sectors")) == 4
    assert items("kinds")["formation"]["dated"] is True
    assert len(items("regions")) == 26 and len(items("departements")) == 109
    assert items("departements")["2A"] == {"code": "2A", "label": "Corse-du-Sud", "region": "94",
                                           "zone": "metro"}
    assert items("regions")["01"]["label"] == "Guadeloupe"
    assert items("partner-types")["laboratoire"]["label"] == "Laboratoire"
    assert len(items("ape")) == 732


def test_communes(registry):
    one = registry.call("registry.commune.get", {"code": "75056"}, anonymous=True).body
    assert one["name"] == "Paris" and one["region"] == "11" and len(one["postcodes"]) == 21
    found = make(registry, "registry.commune.list", {"q": "SAINT ETIENNE", "departement": "42"})
    names = [c["name"] for c in found["items"]]
    assert names == ["Saint-Étienne", "Saint-Étienne-le-Molard"]
    corse = pages(registry, "registry.commune.list", {"departement": "2A"}, 50)
    assert len(corse) == 124 and len({c["code"] for c in corse}) == 124
    begins = pages(registry, "registry.commune.list", {"q": "vannes"}, 2)
    assert {"54548", "56260"} <= {c["code"] for c in begins}


def test_legal_time_moves_forward_only(registry):
    before = registry.call("registry.clock.get", {}, anonymous=True).body
    moved = make(registry, "registry.clock.advance", {"by_ms": 86400000})
    assert moved["shift_ms"] == before["shift_ms"] + 86400000 and moved["now"] > before["now"]
    target = f"{int(moved['now'][:4]) + 1}-01-02T03:04:05Z"
    moved = make(registry, "registry.clock.advance", {"to": target})
    assert moved["now"][:19] == target[:19]
    refused(registry.call("registry.clock.advance", {"to": target}), 400, "/to")
    refused(registry.call("registry.clock.advance", {"by_ms": 1, "to": target}), 400)
    _, secretary = make_key(registry, "secretariat")
    refused(registry.call("registry.clock.advance", {"by_ms": 1}, key=secretary), 403)
    make(registry, "registry.structure.create", {"name": "après"})
    assert make(registry, "registry.clock.get", {})["shift_ms"] == moved["shift_ms"]


def test_failed_sign_ins_are_limited_but_a_valid_key_opens(registry):
    with registry.client() as client:
        asked = [client.send_call("registry.authenticate", {"key": "pia_" + "B" * 43})
                 for _ in range(400)]
        statuses = {client.answer(i).status for i in asked}
    assert statuses == {401, 429}
    answer = registry.call("registry.authenticate", {"key": registry.key()}, anonymous=True)
    assert answer.status == 200


# Starting, ending, two instances


def test_legal_time_is_not_advanced_outside_a_demonstration(broker):
    broker.start("registry", "--redis", "")
    refused(broker.call("registry.clock.advance", {"by_ms": 1}), 403)
    assert make(broker, "registry.clock.get", {})["demonstration"] is False


def test_a_killed_first_start_is_completed_by_the_next(broker):
    """Killed while it loads, before it commits, before it signs, when it is there."""
    for line in ("file regions.tsv loaded", "file poles.json loaded", "token of its own", "active,"):
        process = broker.start("registry", "--redis", "", wait=False)
        broker._wait_line(process, line)
        process.kill()
    start(broker)
    assert len(make(broker, "registry.pole.list", {"limit": 200})["items"]) == 10
    for service in ("gateway", "labellisation", "diffusion", "notifications"):
        assert broker.call("registry.pole.list", {}, key=broker.key(service)).status == 200
    assert not [p.name for p in (broker.data / "run/keys").iterdir() if p.suffix != ".key"]


def test_a_lost_key_file_is_replaced_and_its_key_revoked(broker):
    process = start(broker)
    lost = broker.key("gateway")
    moved = make(broker, "registry.clock.advance", {"by_ms": YEAR_MS})
    process.stop()
    (broker.data / "run/keys/gateway.key").unlink()
    start(broker)
    assert broker.key("gateway") != lost
    assert make(broker, "registry.clock.get", {})["shift_ms"] == moved["shift_ms"]
    refused(broker.call("registry.authenticate", {"key": lost}, anonymous=True), 401)
    assert broker.call("registry.authenticate", {"key": broker.key("gateway")},
                       anonymous=True).status == 200


def test_changed_reference_files_are_loaded_again_and_bad_ones_are_named(broker):
    directory = broker.data / "reference"
    directory.mkdir()
    for path in (*(ROOT / "services/registry/reference").glob("*.*"),
                 *(ROOT / "common/reference").glob("*.tsv")):
        (directory / path.name).write_bytes(path.read_bytes())
    process = start(broker, "--registry.reference", directory)
    process.stop()
    poles = json.loads((directory / "poles.json").read_text())
    poles["themes"].append({"code": "essai", "label": "Essai"})
    (directory / "poles.json").write_text(json.dumps(poles))
    process = start(broker, "--registry.reference", directory)
    themes = make(broker, "registry.reference.list", {"list": "themes"})["items"]
    assert themes[-1] == {"code": "essai", "label": "Essai"}
    process.stop()
    (directory / "ape.tsv").write_text("code\tlabel\nwithout a tab\n")
    process = broker.start("registry", "--redis", "", "--registry.reference", directory,
                           wait=False, expected=(1,))
    assert process.wait(30) == 1
    assert "ape.tsv" in process.tail() and "line 2" in process.tail()


def ask_until(network, message, body, token, seconds=20):
    """Repeats a question as a client does: until it is answered."""
    until = time.monotonic() + seconds
    while True:
        try:
            with network.client() as client:
                answer = client.call(message, body, token, timeout=2)
            if answer.status not in (503, 504):
                return answer
        except mdp.Timeout:
            pass
        assert time.monotonic() < until, f"{message} is not answered"


def test_a_standby_takes_over_what_was_acknowledged(broker):
    active = start(broker, "--instance", "registry-a")
    start(broker, "--instance", "registry-b")
    token = broker.token()
    made = make(broker, "registry.structure.create", {"name": "avant la panne"})
    with broker.client() as client:
        states = {i: client.call("service.info", service=f"registry#{i}").body["state"]
                  for i in ("registry-a", "registry-b")}
    assert states == {"registry-a": "active", "registry-b": "standby"}
    active.kill()
    answer = ask_until(broker, "registry.structure.get", {"structure": made["id"]}, token)
    assert answer.body == made
    assert ask_until(broker, "registry.structure.create", {"name": "après"}, token).status == 200


def test_two_instances_on_postgresql_are_active_and_start_together(broker, postgres):
    url = f"{postgres}#two{os.getpid()}"
    options = ("--redis", "", "--registry.demonstration", "true", "--database", url)
    first = broker.start("registry", "--instance", "registry-a", *options, wait=False)
    broker.start("registry", "--instance", "registry-b", *options, wait=False)
    for instance in ("registry-a", "registry-b"):
        with broker.client() as client:
            until = time.monotonic() + 30
            while True:
                try:
                    info = client.call("service.info", service=f"registry#{instance}", timeout=2)
                    if info.status == 200 and info.body["state"] == "active":
                        break
                except mdp.Timeout:
                    pass
                assert time.monotonic() < until, info
    admin = broker.key()
    assert broker.call("registry.authenticate", {"key": admin}, anonymous=True).status == 200
    assert len(make(broker, "registry.pole.list", {"limit": 200})["items"]) == 10
    keys = pages(broker, "registry.key.list", {}, 200)
    assert [k["state"] for k in keys] == ["valid"] * 5, "the second one kept the first one's keys"
    token = broker.token()
    moved = make(broker, "registry.clock.advance", {"by_ms": YEAR_MS})
    first.signal(signal.SIGTERM)
    assert first.wait() == 0
    made = ask_until(broker, "registry.structure.create", {"name": "après"}, token)
    assert made.status == 200
    clock = ask_until(broker, "registry.clock.get", {}, token).body
    assert clock["shift_ms"] == moved["shift_ms"]


def wait_for(condition, seconds=20):
    """Asks again and again; each asking waits for an answer."""
    until = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < until


@pytest.fixture
def journal(broker):
    """A broker, a registry and the journal."""
    if not (BIN / "pia-diffusion").exists():
        pytest.skip("not built: diffusion")
    start(broker)
    broker.start("diffusion", "--redis", "")
    return broker


def label_event(type_, data):
    return {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "/services/labellisation",
            "type": type_, "visibility": "public", "datacontenttype": "application/json",
            "data": data}


def award(label, structure, code, until="2029-11-26"):
    pole = {"code": code, "name": "Pôle (démonstration)", "themes": ["habitat"], "sectors": []}
    return label_event("label.awarded", {
        "label": label, "dossier": str(uuid.uuid4()), "structure": structure, "pole": pole,
        "from": "2026-11-26", "until": until, "demonstration": True})


def test_an_awarded_label_makes_a_pole_whatever_came_before(journal):
    structure = make(journal, "registry.structure.create",
                     {"name": "Structure candidate (démonstration)", "departement": "87",
                      "demonstration": True})["id"]
    label = str(uuid.uuid4())
    events = [award(str(uuid.uuid4()), NOBODY, "demo-inconnue"),
              award(str(uuid.uuid4()), structure, "cnidep"),
              label_event("label.awarded", {"nonsense": True}),
              award(label, structure, "demo-essai")]
    key = journal.key("labellisation")
    assert make(journal, "diffusion.event.append", {"events": events}, key)["receipts"]

    def pole_in_state(state):
        answer = journal.call("registry.pole.get", {"code": "demo-essai"}, anonymous=True)
        return answer.status == 200 and answer.body["state"] == state and answer.body

    pole = wait_for(lambda: pole_in_state("active"))
    assert pole["structure"] == structure and pole["label"] == label
    assert (pole["departement"], pole["region"], pole["demonstration"]) == ("87", "75", True)
    stats = journal.call("service.stats", {}, service="registry").body
    assert stats["counters"]["refused_events"] == 3, stats
    assert "structure" not in make(journal, "registry.pole.get", {"code": "cnidep"})
    ended = label_event("label.transitioned", {"label": label, "effect": "ended"})
    make(journal, "diffusion.event.append", {"events": [ended]}, key)
    wait_for(lambda: pole_in_state("ended"))


def test_a_revoked_key_ends_the_tokens_it_was_exchanged_for(journal):
    person, key = make_key(journal, "secretariat")
    token = journal.token(key)
    key_id = make(journal, "registry.key.list", {"person": person["id"]})["items"][0]["id"]
    with journal.client() as client:
        assert client.call("registry.key.list", {}, token).status == 200
        make(journal, "registry.key.revoke", {"id": key_id})
        wait_for(lambda: client.call("registry.key.list", {}, token).status == 401)
    other = make(journal, "registry.key.create", {"label": "x", "person": person["id"]})["key"]
    assert journal.call("registry.key.list", {}, key=other).status == 200


def redis(network, *command):
    """Asks Redis in its own protocol; the reply's bytes."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(os.path.relpath(network.data / "run/redis.sock"))
        connection.sendall(b"*%d\r\n" % len(command) + b"".join(
            b"$%d\r\n%s\r\n" % (len(c.encode()), c.encode()) for c in command))
        reply = connection.recv(65536)
        while not reply.endswith(b"\r\n"):
            reply += connection.recv(65536)
        return reply


def test_redis_shows_what_is_committed_and_may_vanish(broker):
    cache = broker.start_redis()
    broker.start("registry")
    epoch = broker.call("service.info", {}, service="registry").body["epoch"]
    key = f"pia:{epoch}:registry:pole:cnidep"
    assert redis(broker, "GET", key) == b"$-1\r\n"

    def cached(version):
        pole = broker.call("registry.pole.get", {"code": "cnidep"}, anonymous=True)
        assert pole.version == version
        return json.dumps(pole.body, separators=(",", ":"), ensure_ascii=False).encode() in redis(
            broker, "GET", key)

    wait_for(lambda: cached(1))
    make(broker, "registry.pole.suspend", {"code": "cnidep", "reason": "essai"})
    wait_for(lambda: cached(2))
    lists = {"poles": ("registry.pole.list", {}),
             "themes": ("registry.reference.list", {"list": "themes"})}
    for name, (message, body) in lists.items():
        wait_for(lambda n=name, m=message, b=body: make(broker, m, b) and
                 b'"items":[' in redis(broker, "GET", f"pia:{epoch}:registry:list:{n}"))
    cache.kill()
    pole = broker.call("registry.pole.get", {"code": "cnidep"}, anonymous=True)
    assert (pole.status, pole.body["state"]) == (200, "suspended")
    make(broker, "registry.pole.reactivate", {"code": "cnidep"})


def test_changes_are_announced_without_names(journal):
    """With the journal: what the registry tells, to whom."""
    person, key = make_key(journal, "reviewer", label="rapporteure confidentielle")
    structure = make(journal, "registry.structure.create", {"name": "Structure d'essai"})
    make(journal, "registry.pole.suspend", {"code": "cnidep", "reason": "motif confidentiel"})
    make(journal, "registry.person.update", {"person": person["id"], "version": 1, "roles": ["committee"]})
    wanted = {"pole.labelled": 9, "person.created": 1, "structure.created": 1, "pole.updated": 1,
              "person.updated": 1, "principal.revoked": 1}
    token = journal.token(journal.key("labellisation"))

    def told():
        events = [i["event"] for i in events_of(journal, token)]
        return collections.Counter(e["type"] for e in events) == wanted and events

    events = wait_for(told)
    assert all(e["source"] == "/services/registry" for e in events)
    assert "confidentiel" not in json.dumps(events)
    by_type = {e["type"]: e for e in events}
    assert by_type["person.updated"]["data"] == {"person": person["id"], "roles": ["committee"]}
    assert by_type["principal.revoked"]["data"]["subject"] == f"/persons/{person['id']}"
    assert by_type["structure.created"]["data"]["structure"] == structure["id"]
    assert by_type["pole.updated"]["data"]["state"] == "suspended"
    public = {i["event"]["type"] for i in events_of(journal, b"")}
    assert public == {"pole.labelled", "pole.updated"}


def events_of(network, token):
    with network.client() as client:
        answer = client.call("diffusion.event.list", {"limit": 200}, token)
    assert answer.status == 200, answer
    return answer.body["items"]

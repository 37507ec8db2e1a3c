"""The registry's keys, tokens, people and rights, on both engines."""

import json

from registered import NOBODY, YEAR_MS, make, make_key, make_person, pages, refused, registry  # noqa: F401
from tokens import bad_tokens, own_seed, payload, sign


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
        ("registry.pole.list", {"regions": ["ZZ"]}, "/regions/0"),
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

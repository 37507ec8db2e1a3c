"""The registry through the broker: structures, pôles, lists and legal time, on both engines."""

import os
import time

from registered import make, make_key, make_person, pages, refused, registry  # noqa: F401

INJECTIONS = (
    "'); DROP TABLE structure; --",
    "\" OR 1=1 --",
    "$1 $2 %s %n {0} ${HOME} \\",
    "a\tb\nc <script>alert(1)</script> Œuvre 漢字",
)


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
        refused(registry.call("registry.pole.list", {"themes": [text]}), 400, "/themes/0")
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

    assert codes(themes=["arts"]) == {"cerfav", "itemm"}
    assert codes(themes=["habitat"], regions=["04"]) == {"cirbat"}
    assert codes(departements=["68"]) == {"ctai", "coprotec"}
    assert codes(themes=["nosuchtheme"]) == set()
    assert codes(themes=["nosuchtheme", "arts"]) == {"cerfav", "itemm"}
    assert codes(departements=["68", "54"]) >= {"ctai", "coprotec", "cnidep"}
    assert "iris-st" not in codes(state="active") and "iris-st" in codes(themes=["sante"])


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

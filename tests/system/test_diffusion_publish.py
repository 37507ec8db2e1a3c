"""Publishing over PIAD01 and by message: receipts, duplicates, conflicts, rights, bad events."""


import pytest
from journal import (POLE, dump, head, make_event, make_key, make_publication,
                     make_service_event, new_network, read_all, verify)


@pytest.fixture(scope="module")
def journal(engine):
    with new_network(*engine.options) as network:
        yield network


@pytest.fixture
def admin(journal):
    with journal.diffusion(journal.token()) as connection:
        yield connection


def test_hello_says_where_the_journal_is(journal, admin):
    welcome = admin.hello()
    now = head(journal)
    assert welcome["journal"] == now["journal"] and welcome["epoch"] == now["epoch"] == 1
    assert welcome["cursor"] == now["cursor"]
    assert (welcome["batch_max"], welcome["event_max"]) == (1000, 65536)


def test_receipts_are_consecutive(journal, admin):
    before = head(journal)["sequence"]
    answer = admin.publish([make_event() for _ in range(5)])
    assert answer["status"] == "ok"
    assert [r["sequence"] for r in answer["receipts"]] == list(range(before + 1, before + 6))
    last = answer["receipts"][-1]
    now = head(journal)
    assert now["sequence"] == before + 5 and now["cursor"] == last["cursor"]
    assert last["journal"] == now["journal"] and not last["duplicate"]
    assert last["cursor"] == f"{last['epoch']}.{last['sequence']}.{last['chain'][:8]}"


def test_the_same_event_gets_the_first_receipt(journal, admin):
    event = dump(make_event())
    first = admin.publish([event])["receipts"][0]
    admin.publish([make_event()])
    for _ in range(2):
        again = admin.publish([event])["receipts"][0]
        assert again == {**first, "duplicate": True}
    twice = dump(make_event())
    receipts = admin.publish([twice, twice])["receipts"]
    assert receipts[1] == {**receipts[0], "duplicate": True}


def test_other_bytes_under_the_same_id_conflict_and_nothing_is_stored(journal, admin):
    event = make_event()
    admin.publish([event])
    before = head(journal)["sequence"]
    fresh = make_event()
    answer = admin.publish([fresh, {**event, "data": "other"}, make_event()])
    assert answer["status"] == "conflict" and answer["pointer"] == "/1/id"
    assert head(journal)["sequence"] == before
    assert not admin.publish([fresh])["receipts"][0]["duplicate"]


def test_one_bad_event_refuses_all(journal, admin):
    before = head(journal)["sequence"]
    answer = admin.publish([make_event(), make_event(themes="cuisine"), make_event()])
    assert answer["status"] == "invalid" and answer["pointer"] == "/1/themes"
    assert head(journal)["sequence"] == before


BAD = [
    ({"specversion": "0.3"}, "/specversion"),
    ({"id": ""}, "/id"),
    ({"id": "x" * 129}, "/id"),
    ({"id": 7}, "/id"),
    ({"source": ""}, "/source"),
    ({"type": "publication.burnt"}, "/type"),
    ({"type": ""}, "/type"),
    ({"time": "yesterday"}, "/time"),
    ({"time": "2026-02-30T00:00:00Z"}, "/time"),
    ({"kind": "roman"}, "/kind"),
    ({"departements": "20"}, "/departements"),
    ({"regions": "00"}, "/regions"),
    ({"visibility": "secret"}, "/visibility"),
    ({"visibility": "restricted"}, "/restrictedto"),
    ({"visibility": "restricted", "restrictedto": "role:pole'; DROP TABLE journal_batch; --"},
     "/restrictedto"),
    ({"pole": "cerfav"}, "/pole"),
    ({"extra": {"a": 1}}, "/extra"),
    ({"UPPER": "x"}, ""),
]


@pytest.mark.parametrize("members,pointer", BAD, ids=[str(b[0])[:40] for b in BAD])
def test_bad_attributes_are_refused(admin, members, pointer):
    answer = admin.publish([{**make_event(), **members}])
    assert answer["status"] == "invalid", answer
    assert answer["pointer"] == "/0" + pointer


@pytest.mark.parametrize("text", [
    b"{}", b"[]", b"1", b"{", b"null", b'{"a":1,"a":2}', b"\xff\xfe", b'{"a":"\xc3"}',
    b'{"a":"\\u0000"}', b"[" * 10000, b'{"a":' * 100 + b"1" + b"}" * 100,
])
def test_what_is_not_an_event_is_refused(admin, text):
    assert admin.publish([text])["status"] == "invalid"


def test_an_event_has_at_most_64_kib(journal, admin):
    event = make_event(data="")
    room = 65536 - len(dump(event))
    assert admin.publish([dump({**event, "data": "x" * room})])["status"] == "ok"
    answer = journal.call("diffusion.event.append",
                          {"events": [{**make_event(), "data": "x" * 65536}]})
    assert answer.status == 413 and answer.body["pointer"] == "/events/0"


def test_a_pole_speaks_in_its_own_name(journal):
    key = make_key(journal, "pole", pole=POLE)["key"]
    with journal.diffusion(journal.token(key)) as pole:
        assert pole.publish([make_event()])["status"] == "ok"
        for event in (make_event("cerfav"), make_service_event("registry"),
                      make_event(source="urn:x", visibility="public"),
                      make_event(event_type="label.awarded"), make_event(event_type="pole.updated"),
                      make_event(event_type="principal.revoked")):
            assert pole.publish([event])["status"] == "forbidden"


@pytest.mark.parametrize("roles", [["candidat"], ["reviewer"], ["operator"], ["secretariat"]])
def test_other_roles_do_not_publish(journal, roles):
    key = make_key(journal, *roles)["key"]
    with journal.diffusion(journal.token(key)) as connection:
        assert connection.publish([make_event()])["status"] == "forbidden"
        assert connection.publish([make_service_event("registry")])["status"] == "forbidden"


def test_without_a_good_token_nothing_is_stored(journal):
    before = head(journal)["sequence"]
    good = journal.token()
    with journal.diffusion() as connection:
        for token in (b"", b"nonsense", good[:-1], good[:20] + bytes([good[20] ^ 1]) + good[21:]):
            answer = connection.publish([make_event()], token=token)
            assert answer["status"] == "unauthenticated", answer
    assert head(journal)["sequence"] == before


def test_a_service_announces_under_its_own_name_only(journal):
    with journal.diffusion(journal.token(journal.key("labellisation"))) as service:
        event = make_service_event("labellisation", type="dossier.created")
        assert service.publish([event])["status"] == "ok"
        for event in (make_service_event("registry"), make_publication(), make_event()):
            assert service.publish([event])["status"] == "forbidden"
        event = make_service_event("labellisation", type="publication.published")
        assert service.publish([event])["status"] == "forbidden"
        event = make_service_event("labellisation")
        del event["visibility"]
        assert service.publish([event])["status"] == "invalid"


def test_only_an_active_pole_publishes(journal, admin):
    assert admin.publish([make_event("nowhere")])["status"] == "forbidden"
    assert admin.publish([make_event("itemm")])["status"] == "ok"
    answer = journal.call("registry.pole.suspend", {"code": "itemm", "reason": "essai"})
    assert answer.status == 200, answer
    with journal.diffusion(journal.token()) as connection:
        connection.subscribe(1, "", {"types": ["pole.updated"]}, 100)
        connection.take(1)
    assert admin.publish([make_event("itemm")])["status"] == "forbidden"
    assert journal.call("registry.pole.reactivate", {"code": "itemm"}).status == 200
    with journal.diffusion(journal.token()) as connection:
        connection.subscribe(1, "", {"types": ["pole.updated"]}, 100)
        connection.take(2)
    assert admin.publish([make_event("itemm")])["status"] == "ok"


def test_events_come_in_by_message_too(journal, admin):
    event = make_event()
    first = journal.call("diffusion.event.append", {"events": [event, make_event()]})
    assert first.status == 200 and len(first.body["receipts"]) == 2
    again = journal.call("diffusion.event.append", {"events": [event]})
    assert again.body["receipts"][0] == {**first.body["receipts"][0], "duplicate": True}
    assert admin.publish([dump(event)])["receipts"][0]["duplicate"]
    answer = journal.call("diffusion.event.append",
                          {"events": [make_event(), make_event(themes="cuisine")]})
    assert answer.status == 400 and answer.body["pointer"] == "/events/1/themes"
    answer = journal.call("diffusion.event.append", {"events": [make_event()]}, anonymous=True)
    assert answer.status == 401


def test_bytes_are_kept_as_they_came(journal, admin):
    text = (b'{ "specversion" :"1.0",\n "id":"' + make_event()["id"].encode() +
            b'", "source":"/poles/cnidep","type":"mesure.faite","data":{"v":1.50,"t":"\\u00e9"}}')
    sequence = admin.publish([text])["receipts"][0]["sequence"]
    admin.subscribe(9, "", {}, 65535)
    while True:
        frames = admin.expect(b"\x83", timeout=20)[1]
        if text in frames[3]:
            break
    admin.unsubscribe(9)
    assert sequence > 0


def test_a_thousand_events_are_one_batch(journal, admin):
    answer = admin.publish([make_event() for _ in range(1000)], timeout=30)
    sequences = [r["sequence"] for r in answer["receipts"]]
    assert sequences == list(range(sequences[0], sequences[0] + 1000))


def test_the_chain_holds(journal):
    assert verify(journal) == head(journal)["sequence"]
    key = make_key(journal, "pole", pole=POLE)["key"]
    assert journal.call("diffusion.journal.verify", key=key).status == 403
    sequences = [r.sequence for r in read_all(journal, journal.token())]
    assert sequences == list(range(1, len(sequences) + 1))


def test_nothing_is_parsed_for_nobody(journal):
    """Without a token not even the form of the events is looked at: parsing costs many times
    their size."""
    with journal.diffusion() as connection:
        receipt = connection.publish([b"not JSON at all"])
    assert receipt["status"] == "unauthenticated", receipt

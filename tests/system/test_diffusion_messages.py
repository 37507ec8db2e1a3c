"""Publications, subscriptions, audiences and the journal by message, on both engines."""

import json
import uuid

import pytest
from journal import (POLE, dump, head, make_event, make_key, make_publication,
                     new_network, publish, read_all)
from pia import ROOT


@pytest.fixture(scope="module")
def journal(engine):
    with new_network(*engine.options) as network:
        yield network


def ask(network, message, key=None, **body):
    answer = network.call(message, body, key=key)
    assert answer.status == 200, answer
    return answer.body


def create(network, **body):
    return ask(network, "diffusion.publication.create",
               **{"pole": POLE, "kind": "formation", "title": "Une formation", **body})


def events_of(network, publication):
    return [r.event for r in read_all(network, network.token())
            if r.event.get("subject") == publication]


# Publications


def test_the_life_of_a_publication(journal):
    draft = create(journal, themes=["habitat"], place="Nancy", starts_at="2027-03-01T09:00:00Z",
                   ends_at="2027-03-02T17:00:00Z", capacity=12)
    name = draft["publication"]
    assert draft["state"] == "draft" and draft["version"] == 1
    assert draft["departements"] == ["54"] and draft["scope"] == "regional"  # its pôle's own
    assert not events_of(journal, name)
    changed = ask(journal, "diffusion.publication.change", publication=name, version=1,
                  title="Autre titre")
    assert changed["version"] == 2 and not events_of(journal, name)
    published = ask(journal, "diffusion.publication.publish", publication=name, version=2)
    assert published["state"] == "published" and published["version"] == 3
    again = ask(journal, "diffusion.publication.change", publication=name, version=3, capacity=20)
    assert again["capacity"] == 20 and again["title"] == "Autre titre"
    gone = ask(journal, "diffusion.publication.cancel", publication=name, version=4, reason="neige")
    assert gone["state"] == "cancelled" and gone["reason"] == "neige"
    assert ask(journal, "diffusion.publication.get", publication=name) == gone
    events = events_of(journal, name)
    assert [e["type"] for e in events] == [
        "publication.published", "publication.changed", "publication.cancelled"]
    assert [e["data"] for e in events] == [published, again, gone]
    assert events[0]["source"] == f"/poles/{POLE}" and events[0]["kind"] == "formation"
    assert events[0]["themes"] == "habitat" and events[0]["departements"] == "54"


def test_an_old_version_conflicts(journal):
    name = create(journal)["publication"]
    ask(journal, "diffusion.publication.change", publication=name, version=1, title="Deux")
    for message in ("change", "publish", "cancel"):
        answer = journal.call(f"diffusion.publication.{message}", {"publication": name, "version": 1})
        assert answer.status == 409 and answer.body["pointer"] == "/version", answer
    answer = journal.call("diffusion.publication.publish",
                          {"publication": str(uuid.uuid4()), "version": 1})
    assert answer.status == 404


def test_steps_that_do_not_follow(journal):
    name = create(journal, publish=True)["publication"]
    answer = journal.call("diffusion.publication.publish", {"publication": name, "version": 1})
    assert answer.status == 409
    ask(journal, "diffusion.publication.cancel", publication=name, version=1)
    for message in ("change", "cancel", "publish"):
        answer = journal.call(f"diffusion.publication.{message}", {"publication": name, "version": 2})
        assert answer.status == 409, answer


def test_a_cancelled_draft_is_gone(journal):
    name = create(journal)["publication"]
    ask(journal, "diffusion.publication.cancel", publication=name, version=1)
    assert journal.call("diffusion.publication.get", {"publication": name}).status == 404


@pytest.mark.parametrize("members,pointer", [
    ({"kind": "roman"}, "/kind"), ({"title": ""}, "/title"), ({"themes": ["cuisine"]}, "/themes/0"),
    ({"departements": ["99"]}, "/departements/0"), ({"starts_at": "demain"}, "/starts_at"),
    ({"starts_at": "2027-02-02T00:00:00Z", "ends_at": "2027-02-01T00:00:00Z"}, "/ends_at"),
    ({"ends_at": "2027-02-01T00:00:00Z"}, "/ends_at"), ({"capacity": -1}, "/capacity"),
    ({"url": "javascript:alert(1)"}, "/url"), ({"visibility": "restricted"}, "/visibility"),
    ({"pole": "nowhere"}, "/pole"), ({"title": "a\r\nBcc: x"}, "/title"),
])
@pytest.mark.parametrize("publish_it", [False, True])
def test_bad_publications_change_nothing(journal, members, pointer, publish_it):
    before = head(journal)["sequence"]
    body = {"pole": POLE, "kind": "guide", "title": "T", "publish": publish_it, **members}
    answer = journal.call("diffusion.publication.create", body)
    assert answer.status in (400, 403), answer
    assert answer.body["pointer"] == pointer
    assert head(journal)["sequence"] == before


def test_a_pole_touches_its_own_publications_only(journal):
    key = make_key(journal, "pole", pole="cerfav")["key"]
    body = {"pole": POLE, "kind": "guide", "title": "T"}
    assert journal.call("diffusion.publication.create", body, key=key).status == 403
    name = create(journal, publish=True)["publication"]
    answer = journal.call("diffusion.publication.change",
                          {"publication": name, "version": 1, "title": "X"}, key=key)
    assert answer.status == 403
    draft = create(journal)["publication"]
    answer = journal.call("diffusion.publication.cancel", {"publication": draft, "version": 1}, key=key)
    assert answer.status == 404  # it cannot know that it is there
    answer = journal.call("diffusion.publication.create", body, anonymous=True)
    assert answer.status == 401


def test_a_repeated_command_gets_the_first_answer(journal):
    before = head(journal)["sequence"]
    body = {"pole": POLE, "kind": "guide", "title": "Une fois", "publish": True,
            "idempotency_key": str(uuid.uuid4())}
    first = ask(journal, "diffusion.publication.create", **body)
    assert ask(journal, "diffusion.publication.create", **body) == first
    assert head(journal)["sequence"] == before + 1
    assert journal.call("diffusion.publication.create", {**body, "title": "Autre"}).status == 409


def test_a_native_event_makes_the_same_publication(journal):
    event = make_publication(title="Natif", themes=["arts"], departements=["72"])
    publish(journal, [event])
    items = ask(journal, "diffusion.publication.list", themes=["arts"], departements=["72"])["items"]
    found = [i for i in items if i["title"] == "Natif"]
    assert len(found) == 1 and found[0]["state"] == "published" and found[0]["pole"] == POLE


def test_lists_are_newest_first_and_pages_join(journal):
    names = [create(journal, title=f"T{i}", publish=True, topics=["marches"])["publication"]
             for i in range(7)]
    seen, after = [], None
    while True:
        page = ask(journal, "diffusion.publication.list", limit=3,
                   **({"after": after} if after else {}))
        seen += [item["publication"] for item in page["items"]]
        after = page.get("next")
        if not after:
            break
    assert len(seen) == len(set(seen))
    assert [n for n in seen if n in names] == names[::-1]
    answer = journal.call("diffusion.publication.list", {"after": "0; DROP TABLE publication"})
    assert answer.status == 400


# Subscriptions and audiences


def subscribe(network, **filter):
    return ask(network, "diffusion.subscription.create", contact=str(uuid.uuid4()), filter=filter)


def audience(network, sequence, limit=1000):
    found, after = [], None
    while True:
        page = ask(network, "diffusion.audience.list", sequence=sequence, limit=limit,
                   **({"after": after} if after else {}))
        found += [item["subscription"] for item in page["items"]]
        after = page.get("next")
        if not after:
            return found


def test_a_subscription_holds_from_the_next_event_to_its_end(journal):
    event = lambda: make_event(themes="numerique", visibility="public")  # noqa: E731
    before = publish(journal, [event()])[0]["sequence"]
    mine = subscribe(journal, themes=["numerique"])
    other = subscribe(journal, themes=["alimentation"])
    assert mine["state"] == "active" and mine["from"] == before + 1
    during = publish(journal, [event()])[0]["sequence"]
    ended = ask(journal, "diffusion.subscription.end", subscription=mine["subscription"])
    assert ended["state"] == "ended" and ended["to"] == during + 1
    assert ask(journal, "diffusion.subscription.end", subscription=mine["subscription"]) == ended
    after = publish(journal, [event()])[0]["sequence"]
    for sequence, expected in ((before, False), (during, True), (after, False)):
        found = audience(journal, sequence)
        assert (mine["subscription"] in found) == expected
        assert other["subscription"] not in found
    got = ask(journal, "diffusion.subscription.get", subscription=mine["subscription"])
    assert got == ended and got["filter"] == {"themes": ["numerique"]}


def test_audiences_page_in_a_stable_order(journal):
    made = [subscribe(journal, kinds=["magazine"])["subscription"] for _ in range(7)]
    event = {**make_event(visibility="public"), "kind": "magazine"}
    sequence = publish(journal, [event])[0]["sequence"]
    whole = audience(journal, sequence)
    assert [s for s in whole if s in made] == made
    assert audience(journal, sequence, limit=2) == whole
    assert journal.call("diffusion.audience.list", {"sequence": 10**9}).status == 404
    assert journal.call("diffusion.audience.list", {"sequence": 1, "epoch": 2}).status == 410
    assert journal.call("diffusion.audience.list", {"sequence": 1, "after": "x"}).status == 400


def test_words_places_and_languages_reach_who_asked_for_them(journal):
    wanted = {name: subscribe(journal, **filter)["subscription"] for name, filter in {
        "plural, no accents": {"keywords": ["CHAUDIERES bois"]},
        "article": {"keywords": ["l'œuvre", "rien de tel"]},
        "one word is missing": {"keywords": ["chaudière gaz"]},
        "its commune": {"territories": ["commune:54395"]},
        "its EPCI": {"territories": ["epci:245400676"]},
        "its département": {"territories": ["departement:54"], "departements": ["54", "14"]},
        "its région": {"territories": ["region:44"], "regions": ["44"]},
        "another commune of the département": {"territories": ["commune:54329"]},
        "another place": {"territories": ["departement:57", "region:28"]},
        "French": {"languages": ["fr"]},
        "English": {"languages": ["en"]},
        "all of it": {"languages": ["fr"], "keywords": ["bois"], "territories": ["region:44"]},
    }.items()}
    made = create(journal, title="Œuvres d’art et chaudières à bois", communes=["54395"],
                  publish=True)
    assert "departements" not in made  # where it is was said
    found = audience(journal, head(journal)["sequence"])
    assert {name for name, one in wanted.items() if one in found} == {
        "plural, no accents", "article", "its commune", "its EPCI", "its département",
        "its région", "French", "all of it"}
    for filter, items in (({"keywords": ["bois"]}, 1), ({"territories": ["commune:54395"]}, 1),
                          ({"keywords": ["pierre"]}, 0), ({"territories": ["commune:54329"]}, 0),
                          ({"languages": ["fr"], "types": ["publication.published"]}, 1)):
        events = ask(journal, "diffusion.event.list", limit=200, **filter)["items"]
        mine = [e for e in events if e["event"].get("subject") == made["publication"]]
        assert len(mine) == items, filter
    listed = ask(journal, "diffusion.publication.list", departements=["54"])["items"]
    assert made["publication"] in [item["publication"] for item in listed]


def count_of(shares, code):
    return next((share["count"] for share in shares if share["code"] == code), 0)


def test_a_preview_counts_whom_a_draft_will_reach(journal):
    key = make_key(journal, "pole", pole=POLE)["key"]
    draft = create(journal, title="Sonder un pont thermique", themes=["habitat", "production"],
                   communes=["54395"], kind="resultat")
    before = ask(journal, "diffusion.audience.preview", key, publication=draft["publication"])
    for filter in ({"kinds": ["resultat"], "themes": ["habitat"], "departements": ["54", "57"]},
                   {"kinds": ["resultat"], "themes": ["habitat", "sante"], "regions": ["44"]},
                   {"kinds": ["resultat"], "territories": ["commune:54395", "epci:245400676"]},
                   {"kinds": ["resultat"], "keywords": ["ponts thermiques"]},
                   {"kinds": ["resultat"], "themes": ["sante"]}, {"kinds": ["resultat"], "themes": []}):
        subscribe(journal, **filter)
    after = ask(journal, "diffusion.audience.preview", key, publication=draft["publication"])
    assert after["count"] == before["count"] + 4
    for name, code, more in (("themes", "habitat", 2), ("themes", "sante", 1),
                             ("departements", "54", 2), ("departements", "57", 1),
                             ("regions", "44", 1), ("regions", "28", 0)):
        assert count_of(after[name], code) == count_of(before[name], code) + more, (name, code)
    assert after["any_theme"] == before["any_theme"] + 2
    assert after["any_place"] == before["any_place"] + 1
    assert after["text"] == f"Cette publication toucherait {after['count']} abonnements."
    same = ask(journal, "diffusion.audience.preview", key, pole=POLE, kind="resultat",
               title="Sonder un pont thermique", themes=["habitat", "production"],
               communes=["54395"])
    assert same == after
    ask(journal, "diffusion.publication.publish", publication=draft["publication"],
        version=draft["version"])
    assert head(journal)["sequence"] == after["sequence"]
    assert len(audience(journal, after["sequence"])) == after["count"]
    hidden = ask(journal, "diffusion.audience.preview", key, pole=POLE, kind="resultat",
                 visibility="network")
    assert hidden["count"] == 0 and hidden["themes"] == []
    assert hidden["text"] == "Cette publication ne toucherait aucun abonnement."


def test_previews_are_for_the_pole_itself_and_who_runs_the_network(journal):
    draft = create(journal)["publication"]
    published = create(journal, publish=True)["publication"]
    other = make_key(journal, "pole", pole="cerfav")["key"]
    for body, status in (({"publication": draft}, 404), ({"publication": published}, 403),
                         ({"pole": POLE, "kind": "guide"}, 403)):
        assert journal.call("diffusion.audience.preview", body, key=other).status == status, body
    candidate = make_key(journal, "candidat")["key"]
    assert journal.call("diffusion.audience.preview", {"publication": published},
                        key=candidate).status == 403
    for role in ("secretariat", "operator"):
        key = make_key(journal, role)["key"]
        assert journal.call("diffusion.audience.preview", {"publication": draft},
                            key=key).status == 200
    for body, pointer in (({}, "/pole"), ({"pole": POLE}, "/kind"),
                          ({"pole": POLE, "kind": "guide", "communes": ["99999"]}, "/communes/0")):
        answer = journal.call("diffusion.audience.preview", body)
        assert answer.status == 400 and answer.body["pointer"] == pointer, answer


def test_an_explanation_says_which_criterion_fails(journal):
    mine = subscribe(journal, kinds=["guide"], themes=["sante", "arts"], keywords=["poteries"],
                     territories=["departement:57"])["subscription"]
    made = create(journal, kind="guide", themes=["arts"], title="La poterie", publish=True,
                  communes=["54395"])
    by_publication = ask(journal, "diffusion.subscription.explain", subscription=mine,
                         publication=made["publication"])
    sequence = head(journal)["sequence"]
    by_event = ask(journal, "diffusion.subscription.explain", subscription=mine, sequence=sequence)
    assert by_publication == by_event
    assert by_event["matches"] is False and by_event["holds"] and by_event["visible"]
    assert [(c["criterion"], c["satisfied"], c["matched"]) for c in by_event["criteria"]] == [
        ("kinds", True, ["guide"]), ("themes", True, ["arts"]), ("territories", False, []),
        ("keywords", True, ["poteries"])]
    assert by_event["text"] == "Cet abonnement n’est pas touché. Ne convient pas\u00a0: territoire."
    assert by_event["criteria"][1]["text"] == \
        "Oui, thème\u00a0: demandé sante ou arts ; annoncé arts."
    assert by_event["criteria"][2]["found"] == ["commune:54395"]
    assert mine not in audience(journal, sequence)
    ask(journal, "diffusion.subscription.end", subscription=mine)
    ended = ask(journal, "diffusion.subscription.explain", subscription=mine,
                publication=made["publication"])
    assert not ended["holds"] and "Il n’était pas en cours." in ended["text"]
    open_to_all = subscribe(journal)["subscription"]
    assert ask(journal, "diffusion.subscription.explain", subscription=open_to_all,
               publication=made["publication"])["text"] == "Cet abonnement est touché."
    assert not ask(journal, "diffusion.subscription.explain", subscription=open_to_all,
                   sequence=sequence)["matches"]  # it came later


def test_explanations_ask_about_one_thing_that_exists(journal):
    mine = subscribe(journal)["subscription"]
    nothing = str(uuid.uuid4())
    for body, status, pointer in (
            ({"subscription": mine}, 400, "/publication"),
            ({"subscription": mine, "publication": nothing, "sequence": 1}, 400, "/publication"),
            ({"subscription": mine, "publication": nothing}, 404, "/publication"),
            ({"subscription": mine, "sequence": 10**9}, 404, "/sequence"),
            ({"subscription": nothing, "sequence": 1}, 404, "/subscription")):
        answer = journal.call("diffusion.subscription.explain", body)
        assert (answer.status, answer.body["pointer"]) == (status, pointer), answer
    key = make_key(journal, "pole", pole=POLE)["key"]
    assert journal.call("diffusion.subscription.explain", {"subscription": mine, "sequence": 1},
                        key=key).status == 403


@pytest.mark.parametrize("filter,pointer", [
    ({"keywords": ["bois", "l'"]}, "/filter/keywords/1"),
    ({"territories": ["commune:99999"]}, "/filter/territories/0"),
    ({"territories": ["54395"]}, "/filter/territories/0"),
    ({"languages": ["fra"]}, "/filter/languages/0"),
])
def test_words_places_and_languages_that_are_none_are_refused(journal, filter, pointer):
    answer = journal.call("diffusion.subscription.create",
                          {"contact": str(uuid.uuid4()), "filter": filter})
    assert answer.status == 400 and answer.body["pointer"] == pointer, answer


def test_subscriptions_are_listed_by_contact(journal):
    contact = str(uuid.uuid4())
    made = [ask(journal, "diffusion.subscription.create", contact=contact, filter={})
            for _ in range(3)]
    page = ask(journal, "diffusion.subscription.list", contact=contact, limit=2)
    rest = ask(journal, "diffusion.subscription.list", contact=contact, after=page["next"])
    assert page["items"] + rest["items"] == made and "next" not in rest


def test_bad_filters_are_refused(journal):
    for filter, pointer in (({"themes": ["cuisine"]}, "/filter/themes/0"),
                            ({"colour": ["red"]}, "/filter/colour"), ([], "/filter")):
        answer = journal.call("diffusion.subscription.create",
                              {"contact": str(uuid.uuid4()), "filter": filter})
        assert answer.status == 400 and answer.body["pointer"] == pointer, answer
    key = make_key(journal, "pole", pole=POLE)["key"]
    answer = journal.call("diffusion.subscription.create",
                          {"contact": str(uuid.uuid4()), "filter": {}}, key=key)
    assert answer.status == 403


# The journal


def test_event_list_filters_and_pages(journal):
    start = head(journal)["cursor"]
    events = [make_event(themes="arts" if i % 3 == 0 else "sante") for i in range(30)]
    publish(journal, events)
    got, after = [], start
    while after:
        page = ask(journal, "diffusion.event.list", themes=["arts"], after=after, limit=4)
        got += [item["event"]["id"] for item in page["items"]]
        after = page.get("next")
    assert got == [e["id"] for e in events if e["themes"] == "arts"]
    assert page["cursor"] == head(journal)["cursor"]
    answer = journal.call("diffusion.event.list", {"after": "1.2.00000000"})
    assert answer.status == 410 and "1.0.00000000" in answer.body["detail"]
    assert journal.call("diffusion.event.list", {"after": "x"}).status == 400
    assert journal.call("diffusion.event.list", {"themes": ["cuisine"]}).status == 400


def test_info_says_where_the_socket_is(journal):
    info = journal.call("service.info", service="diffusion").body
    assert info["endpoint"] == "ipc://run/diffusion.sock"
    counters = journal.call("service.stats", service="diffusion").body["counters"]
    assert counters["journal_sequence"] == head(journal)["sequence"]


def test_the_contracts_codes_are_the_reference_lists():
    """The journal checks codes against the contract; the registry answers them from its lists."""
    lists = json.loads((ROOT / "services/registry/reference/poles.json").read_text())
    codes = json.loads((ROOT / "proto/publication.schema.json").read_text())["$defs"]
    for definition, name in (("theme", "themes"), ("sector", "sectors"), ("scope", "scopes"),
                             ("kind", "publication_kinds"), ("topic", "content_topics")):
        reference = [c["code"] if isinstance(c, dict) else c for c in lists[name]]
        assert codes[definition]["enum"] == reference, name


def test_pages_of_events_that_grow_when_they_are_written_fit(journal):
    """0.1 is read as a double and written with 17 digits: five times as long."""
    first = head(journal)["cursor"]
    events = [make_event(data={"n": [0.1] * 15000}) for _ in range(8)]
    for event in events:
        publish(journal, [dump(event)])
    seen, after = [], first
    while after:
        answer = journal.call("diffusion.event.list", {"after": after}, anonymous=True)
        assert answer.status == 200, answer
        seen += [item["event"] for item in answer.body["items"]]
        after = answer.body.get("next")
    assert seen == events


def test_a_page_looks_at_so_many_bytes_and_no_more(journal):
    """One query must not hold up the store, however large the events are that it passes over."""
    first = head(journal)
    events = [make_event(data={"t": "x" * 60000}) for _ in range(160)]
    for start in range(0, len(events), 40):
        publish(journal, [dump(event) for event in events[start:start + 40]])
    end, pages, after = head(journal)["sequence"], 0, first["cursor"]
    while after:
        answer = journal.call("diffusion.event.list", {"after": after, "types": ["autre.chose"]})
        assert answer.status == 200 and answer.body["items"] == [], answer
        after, pages = answer.body.get("next"), pages + 1
    assert pages == 2 and int(answer.body["cursor"].split(".")[1]) == end

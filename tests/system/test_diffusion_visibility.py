"""A restricted event reaches nobody without the right, on any way out: streams, event.list, live
feed, audiences; nor does a draft or a publication of the network."""

import json
import uuid

import pytest
from journal import (POLE, head, make_event, make_key, make_person,
                     make_publication, make_service_event, new_network, publish, read_all)

CONTACT = str(uuid.uuid4())


class Story:
    """Events of each visibility, and who they are for."""

    def __init__(self, network):
        self.network = network
        self.reviewer = make_person(network, "reviewer")
        keys = {
            "secretariat": make_key(network, "secretariat")["key"],
            "pole": make_key(network, "pole", pole=POLE)["key"],
            "candidat": make_key(network, "candidat")["key"],
            "operator": make_key(network, "operator")["key"],
            "reviewer": network.call("registry.key.create",
                                     {"label": "x", "person": self.reviewer}).body["key"],
            "other reviewer": make_key(network, "reviewer")["key"],
            "service": network.key("notifications"),
        }
        self.tokens = {name: network.token(key) for name, key in keys.items()}
        self.tokens["nobody"] = b""
        answer = network.call("diffusion.subscription.create", {"contact": CONTACT, "filter": {}})
        assert answer.status == 200, answer
        self.live = network.live()
        self.first = head(network)["sequence"] + 1
        self.ids = {}
        for name, members in {
            "public": {"visibility": "public"},
            "network": {"visibility": "network"},
            "secretariat": {"visibility": "restricted", "restrictedto": "role:secretariat"},
            "reviewer": {"visibility": "restricted", "restrictedto": f"person:{self.reviewer}"},
            "several": {"visibility": "restricted",
                        "restrictedto": f"person:{self.reviewer},role:operator"},
            "structure": {"visibility": "restricted", "restrictedto": f"structure:{uuid.uuid4()}"},
        }.items():
            event = make_service_event(**members)
            self.ids[event["id"]] = name
            publish(network, [event])

    def names(self, events):
        return {self.ids[e["id"]] for e in events if e["id"] in self.ids}


SEES = {
    "nobody": {"public"},
    "candidat": {"public"},
    "pole": {"public", "network"},
    "other reviewer": {"public", "network"},
    "reviewer": {"public", "network", "reviewer", "several"},
    "operator": {"public", "network", "several"},
    "secretariat": {"public", "network", "secretariat"},
    "service": {"public", "network", "secretariat", "reviewer", "several", "structure"},
}


@pytest.fixture(scope="module")
def story():
    with new_network() as network:
        yield Story(network)


@pytest.mark.parametrize("who", SEES)
def test_streams(story, who):
    events = [record.event for record in read_all(story.network, story.tokens[who])]
    assert story.names(events) == SEES[who]


@pytest.mark.parametrize("who", SEES)
def test_event_list(story, who):
    events, after = [], ""
    while after is not None:
        with story.network.client() as client:
            answer = client.call("diffusion.event.list", {"after": after, "limit": 3},
                                 story.tokens[who])
        assert answer.status == 200, answer
        events += [item["event"] for item in answer.body["items"]]
        after = answer.body.get("next")
    assert story.names(events) == SEES[who]


def test_the_live_feed_has_public_events_only(story):
    seen, last = [], head(story.network)
    event = make_event(visibility="public")
    publish(story.network, [event])
    while not seen or seen[-1]["id"] != event["id"]:
        assert story.live.poll(10000)
        topic, cursor, body = story.live.recv_multipart()
        if topic != b"head":
            seen.append(json.loads(body))
    assert story.names(seen) <= {"public"}
    assert last["epoch"] == 1


def test_audiences_hold_public_events_only(story):
    reached = set()
    for sequence in range(story.first, story.first + len(story.ids)):
        answer = story.network.call("diffusion.audience.list", {"sequence": sequence})
        assert answer.status == 200, answer
        event = story.network.call(
            "diffusion.event.list", {"after": "", "limit": 200}).body["items"][sequence - 1]
        assert event["sequence"] == sequence
        if answer.body["items"]:
            reached.add(story.ids[event["event"]["id"]])
    assert reached == {"public"}


@pytest.mark.parametrize("who", ["nobody", "pole", "secretariat", "operator"])
def test_only_services_ask_for_audiences(story, who):
    with story.network.client() as client:
        answer = client.call("diffusion.audience.list", {"sequence": 1}, story.tokens[who])
    assert answer.status in (401, 403)


def test_publications_of_the_network_and_drafts(story):
    network = story.network
    body = {"pole": POLE, "kind": "guide", "title": "Pour le réseau", "visibility": "network",
            "publish": True}
    hidden = network.call("diffusion.publication.create", body).body["publication"]
    draft = network.call("diffusion.publication.create",
                         {"pole": POLE, "kind": "guide", "title": "Brouillon"}).body["publication"]

    def found(who, message, **asked):
        with network.client() as client:
            return client.call(message, asked, story.tokens[who])

    for who, statuses in {"nobody": (404, 404), "candidat": (404, 404), "pole": (200, 200),
                          "secretariat": (200, 404), "reviewer": (200, 404)}.items():
        for publication, status in zip((hidden, draft), statuses):
            answer = found(who, "diffusion.publication.get", publication=publication)
            assert answer.status == status, (who, answer)
        items = found(who, "diffusion.publication.list").body["items"]
        assert (hidden in [i["publication"] for i in items]) == (statuses[0] == 200)
        assert draft not in [i["publication"] for i in items]
        answer = found(who, "diffusion.publication.list", state="draft", poles=[POLE])
        assert answer.status == (200 if who == "pole" else 403)


def test_a_publication_cannot_be_restricted(story):
    with story.network.diffusion(story.tokens["pole"]) as connection:
        event = {**make_publication(), "visibility": "restricted", "restrictedto": "role:pole"}
        assert connection.publish([event])["status"] == "invalid"


def test_a_publication_is_as_visible_as_its_event(story):
    """Also where only the event says it, and its data does not."""
    event = {**make_publication(title="Réservé"), "visibility": "network"}
    publish(story.network, [event])

    def titles(who):
        with story.network.client() as client:
            answer = client.call("diffusion.publication.list", {}, story.tokens[who])
        return [item["title"] for item in answer.body["items"]]

    assert "Réservé" in titles("pole")
    assert "Réservé" not in titles("nobody") + titles("candidat")
    event = {**make_publication(visibility="network"), "visibility": "public"}
    with story.network.diffusion(story.tokens["pole"]) as connection:
        receipt = connection.publish([event])
    assert (receipt["status"], receipt["pointer"]) == ("invalid", "/0/data/visibility")

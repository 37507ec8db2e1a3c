"""The history checker on what members of a group did, by hand: a good history, and one for each anomaly."""

import history_check
import pytest
from history_book import Book
from history_record import hash_of


class Shop(Book):
    """A journal with events of keys a and b, and members that work on them."""

    def join(self, client="m1", run=1, **members):
        self.add(client, "join", group="g", run=run,
                 **{"filter": {}, "sees": None, "subject": "", **members})

    def work(self, *items, client="m1"):
        """(fence, sequence) each."""
        self.add(client, "work", group="g", items=[
            [fence, 1, sequence, self.stored[sequence - 1]["hash"]] for fence, sequence in items])

    def ack(self, fence, sequence, client="m1", outcome=0):
        self.add(client, "ack", group="g", sequence=sequence, fence=fence)
        if outcome is not None:
            self.add(client, "settled", group="g", items=[[sequence, fence, outcome]])

    def done(self, fence, sequence, client="m1"):
        self.work((fence, sequence), client=client)
        self.ack(fence, sequence, client)


@pytest.fixture
def shop():
    """1, 3, 5 have key a, 2 and 4 key b, 6 is hidden by the filter; m2 dies with 3, which m1 gets."""
    shop = Shop()
    for i in range(5):
        shop.publish([f"h-{i}"], attributes={"partitionkey": "ab"[i % 2]})
    shop.publish(["h-5"], attributes={"type": "autre"})
    for member in ("m1", "m2"):
        shop.join(member, filter={"types": ["essai.fait"]})
    shop.done(1, 1)
    shop.done(2, 2)
    shop.work((3, 3), client="m2")
    shop.ack(3, 3, "m2", outcome=None)  # nobody knows whether it arrived
    shop.done(4, 4)
    shop.work((5, 3))
    shop.ack(5, 3)
    shop.add("m2", "settled", group="g", items=[[3, 3, 1]])  # fenced
    return shop


def end(shop):
    shop.done(5, 5)
    shop.add("run", "rest", of="g")
    return shop.kinds()


def test_a_good_history_has_nothing_wrong(shop):
    assert end(shop) == set()


def test_an_event_before_an_earlier_one_of_its_key_is_found(shop):
    shop.publish(["h-6", "h-7"], attributes={"partitionkey": "c"})
    shop.work((6, 8), client="m2")
    shop.done(6, 7, "m2")
    shop.ack(6, 8, "m2")
    assert end(shop) == {"not in order of its key"}


def test_a_run_of_one_member_is_in_order(shop):
    shop.publish(["h-6", "h-7"], attributes={"partitionkey": "c"})
    shop.join("m3", run=5)
    shop.work((6, 7), (6, 8), client="m3")
    shop.ack(6, 7, "m3")
    shop.ack(6, 8, "m3")
    assert end(shop) == set()


def test_a_run_that_two_have_is_found(shop):
    shop.publish(["h-6", "h-7"], attributes={"partitionkey": "c"})
    shop.join("m3", run=5)
    shop.work((6, 7), client="m3")
    shop.work((7, 8), client="m1")
    shop.ack(6, 7, "m3")
    shop.ack(7, 8, "m1")
    assert end(shop) == {"not in order of its key"}


def test_what_was_settled_and_comes_again_is_found(shop):
    shop.work((9, 1))
    assert end(shop) == {"given out again though settled"}


def test_a_slow_delivery_of_what_was_settled_later_is_good(shop):
    shop.work((3, 3), client="m2")
    assert end(shop) == set()


def test_one_fence_for_two_members_is_found(shop):
    shop.work((5, 3), client="m2")
    assert end(shop) == {"one fence for two"}


def test_a_stale_fence_that_counts_is_found(shop):
    shop.work((1, 5))
    shop.ack(1, 5)
    shop.add("run", "rest", of="g")
    assert shop.kinds() == {"a stale fence counted"}


def test_an_event_that_nobody_got_is_found(shop):
    shop.add("run", "rest", of="g")
    assert shop.kinds() == {"forgotten"}


def test_an_event_that_nobody_settled_is_found(shop):
    shop.work((5, 5))
    shop.add("run", "rest", of="g")
    assert shop.kinds() == {"forgotten"}


def test_a_group_that_is_not_at_rest_may_have_more_to_do(shop):
    assert shop.kinds() == set()


def test_what_retention_has_removed_counts_as_settled(shop):
    shop.publish(["h-6", "h-7"], attributes={"partitionkey": "c", "kind": "veille"})
    shop.stored[7]["attributes"]["kind"] = "guide"
    shop.add("run", "retained", kind="veille", before=9)
    shop.done(6, 8)
    assert end(shop) == set()


def test_what_the_filter_hides_is_found(shop):
    shop.work((7, 6))
    assert end(shop) == {"delivered though hidden"}


def test_other_bytes_are_found(shop):
    shop.work((5, 5))
    shop.records[-1]["items"][0][3] = hash_of(b"other")
    assert end(shop) == {"delivered otherwise"}


def test_what_is_not_in_the_journal_is_found(shop):
    shop.add("m1", "work", group="g", items=[[9, 1, 99, hash_of(b"x")]])
    assert end(shop) == {"delivered, then gone"}
    assert "99" in history_check.report(history_check.check(shop.all()))

"""A backup is taken while the journal works; restored, it begins a new epoch: nothing is given the
number of something that was lost, cursors are told where the common part ends, relays send again."""

import sqlite3
import time
import uuid

import piad
import pytest
from journal import head, make_event, make_key, new_network, publish, read_all


@pytest.fixture
def journal():
    with new_network() as network:
        yield network


def take_backup(network, name="backup.db"):
    path = network.data / name
    done = network.pia("journal", "backup", path)
    assert done.returncode == 0, done.stderr
    return path


def restore(network, path, *options):
    """The journal ends, the backup takes its place, the journal starts."""
    assert "end it first" in network.pia("restore", path).stderr
    network.processes[-1].kill()
    done = network.pia("restore", path, *options)
    assert done.returncode == 0, done.stderr
    network.start("diffusion", "--redis", "")
    return done.stdout


def locate(network, cursor):
    """"goes on", or the common position that is told."""
    with network.diffusion(network.token()) as connection:
        connection.subscribe(1, cursor, {}, 1)
        command, frames = connection.expect(piad.EPOCH, piad.DATA, piad.PROGRESS)
    return frames[1].decode() if command == piad.EPOCH else "goes on"


def test_a_restore_begins_an_epoch(journal):
    kept = publish(journal, [make_event() for _ in range(5)])
    backup = take_backup(journal)
    assert backup.stat().st_mode & 0o777 == 0o600
    assert journal.pia("journal", "check", backup).returncode == 0
    assert journal.pia("journal", "backup", backup).returncode == 1  # it is there already
    lost = publish(journal, [make_event() for _ in range(5)])
    text = restore(journal, backup)
    end = kept[-1]["sequence"]
    assert text == f"restored up to event {end}; epoch 2 begins after it\n"
    assert (head(journal)["epoch"], head(journal)["sequence"]) == (2, end)
    assert locate(journal, kept[2]["cursor"]) == "goes on"
    assert locate(journal, lost[2]["cursor"]) == kept[-1]["cursor"]
    assert locate(journal, "1.3.00000000") == "1.0.00000000"  # another journal's
    assert locate(journal, "7.3.00000000") == "1.0.00000000"
    new = publish(journal, [make_event()])[0]
    assert (new["epoch"], new["sequence"]) == (2, end + 1) and new["cursor"] != lost[0]["cursor"]
    assert journal.pia("journal", "verify").returncode == 0

    # the same backup again: what the second epoch's cursors have in common is still known
    restore(journal, backup)
    assert head(journal)["epoch"] == 3
    assert locate(journal, new["cursor"]) == kept[-1]["cursor"]
    assert locate(journal, lost[0]["cursor"]) == kept[-1]["cursor"]
    assert publish(journal, [make_event()])[0]["epoch"] == 3
    assert len(list(journal.data.glob("diffusion.db.replaced.*[0-9]"))) == 2


def test_relays_send_again_and_followers_go_on(journal):
    backup = take_backup(journal)
    made = make_key(journal, "pole", pole="cnidep")  # announced after the backup
    assert journal.call("registry.key.revoke", {"id": made["id"]}).status == 200

    def revoked():
        return [r.event["id"] for r in read_all(journal, journal.token(), {"types": ["principal.revoked"]})]

    until = time.monotonic() + 20
    while not (before := revoked()):
        assert time.monotonic() < until
    restore(journal, backup)
    until = time.monotonic() + 30
    while revoked() != before:
        assert time.monotonic() < until, "the registry did not send again what was lost"
    assert journal.pia("journal", "verify").returncode == 0


def test_a_backup_is_whole_while_events_come(journal):
    from test_diffusion_faults import Publisher, wait_for_growth
    publisher = Publisher(journal, journal.token())
    publisher.start()
    paths = []
    for i in range(4):
        wait_for_growth(journal, 30)
        paths.append(take_backup(journal, f"backup{i}.db"))
    publisher.stopping.set()
    publisher.join()
    assert not publisher.wrong
    ends = []
    for path in paths:
        done = journal.pia("journal", "check", path)
        assert done.returncode == 0, done.stderr
        ends.append(int(done.stdout.split()[-1]))
    assert ends == sorted(set(ends)) and ends[-1] <= head(journal)["sequence"]


def test_what_is_no_good_backup_changes_nothing(journal):
    publish(journal, [make_event(data={"text": "the needle"})])
    backup = take_backup(journal)
    content = backup.read_bytes()
    bad = journal.data / "bad.db"
    bad.write_bytes(content.replace(b"the needle", b"the noodle"))
    assert journal.pia("journal", "check", bad).returncode == 4
    end = head(journal)
    journal.processes[-1].kill()
    assert journal.pia("restore", bad).returncode == 4
    assert journal.pia("restore", journal.data / "none.db").returncode == 1
    (journal.data / "text.db").write_text("no database at all, but long enough to be looked at" * 20)
    assert journal.pia("restore", journal.data / "text.db").returncode in (1, 4)
    journal.start("diffusion", "--redis", "")
    assert head(journal) == end


def test_what_a_killed_restore_left_is_not_taken_for_the_copys(journal):
    kept = publish(journal, [make_event()])[0]
    backup = take_backup(journal)
    publish(journal, [make_event() for _ in range(5)])
    journal.processes[-1].kill()
    left = journal.data / "diffusion.db.restoring"
    left.write_bytes(b"half a copy")
    for ending in ("-wal", "-shm"):  # with valid frames, of a later state
        source = journal.data / f"diffusion.db{ending}"
        (journal.data / f"{left.name}{ending}").write_bytes(source.read_bytes())
    assert (journal.data / f"{left.name}-wal").stat().st_size > 0
    done = journal.pia("restore", backup)
    assert done.returncode == 0, done.stderr
    assert not list(journal.data.glob("*.restoring*"))
    journal.start("diffusion", "--redis", "")
    assert (head(journal)["epoch"], head(journal)["sequence"]) == (2, kept["sequence"])
    assert journal.pia("journal", "verify").returncode == 0


def test_a_restore_killed_between_names_leaves_no_empty_journal(journal):
    """The new name could not be given: the mark still stands, and the next restore mends it."""
    kept = publish(journal, [make_event()])[0]
    backup = take_backup(journal)
    journal.processes[-1].kill()
    (journal.data / "diffusion.db").rename(journal.data / "diffusion.db.replaced.1")
    for ending in ("-wal", "-shm"):
        (journal.data / f"diffusion.db{ending}").unlink(missing_ok=True)
    mark = journal.data / "diffusion.db.mark"
    old = mark.read_bytes()
    process = journal.start("diffusion", "--redis", "", wait=False, expected=(1,))
    assert process.wait() == 1 and "were acknowledged" in process.tail()
    assert journal.pia("restore", backup).returncode == 0
    aside, = journal.data.glob("diffusion.db.replaced.*.mark")  # renamed last
    assert aside.stat().st_ctime_ns >= (journal.data / "diffusion.db").stat().st_ctime_ns
    mark.write_bytes(old)  # killed before it was put aside
    journal.start("diffusion", "--redis", "")
    now = head(journal)
    assert (now["epoch"], now["sequence"]) == (2, kept["sequence"]) and "damage" not in now


def wait_for_mark(network, sequence):
    """Acknowledgements do not wait for it."""
    until = time.monotonic() + 10
    while f" {sequence:019} " not in (network.data / "diffusion.db.mark").read_text():
        assert time.monotonic() < until, "the mark stays behind"
        time.sleep(0.01)


def test_an_old_copy_put_in_place_by_hand_is_noticed(journal):
    """Without pia restore there is no new epoch: the mark shows that the tail is gone."""
    kept = publish(journal, [make_event()])[0]
    backup = take_backup(journal)
    lost = publish(journal, [make_event()])[0]
    wait_for_mark(journal, lost["sequence"])
    journal.processes[-1].kill()
    for ending in ("", "-wal", "-shm", ".commits"):
        (journal.data / f"diffusion.db{ending}").rename(journal.data / f"old{ending}")
    (journal.data / "diffusion.db").write_bytes(backup.read_bytes())
    journal.start("diffusion", "--redis", "")
    assert "were acknowledged" in head(journal)["damage"]
    with journal.diffusion(journal.token()) as connection:
        assert connection.publish([make_event()])["status"] == "unavailable"
    process = journal.processes[-1]
    assert journal.pia("journal", "begin-epoch", "an old copy").returncode == 0
    assert process.wait() == 0
    journal.start("diffusion", "--redis", "")
    assert publish(journal, [make_event()])[0]["epoch"] == 2
    assert locate(journal, kept["cursor"]) == "goes on"


def test_the_commit_file_beside_an_old_copy_gives_the_tail_back(journal):
    """What it holds follows on the copy's last event by its chain: nothing is lost."""
    publish(journal, [make_event()])
    backup = take_backup(journal)
    kept = publish(journal, [make_event()])[0]
    journal.processes[-1].kill()
    for ending in ("-wal", "-shm"):
        (journal.data / f"diffusion.db{ending}").unlink()
    (journal.data / "diffusion.db").write_bytes(backup.read_bytes())
    journal.start("diffusion", "--redis", "")
    now = head(journal)
    assert (now["cursor"], "damage" in now) == (kept["cursor"], False)
    assert publish(journal, [make_event()])[0]["sequence"] == kept["sequence"] + 1


@pytest.mark.parametrize("beside", [(".mark", ".commits"), (".mark",), (".commits",)])
def test_an_old_copy_that_lacks_a_subscription_is_noticed(journal, beside):
    """No event is missing, and yet it says what was lost: by the mark, and by the commit file."""
    publish(journal, [make_event()])
    backup = take_backup(journal)
    made = journal.call("diffusion.subscription.create",
                        {"contact": str(uuid.uuid4()), "filter": {"themes": ["arts"]}})
    assert made.status == 200
    if ".commits" in beside:
        publish(journal, [make_event()])
    journal.processes[-1].kill()
    for ending in {"-wal", "-shm", ".mark", ".commits"} - set(beside):
        (journal.data / f"diffusion.db{ending}").unlink()
    (journal.data / "diffusion.db").write_bytes(backup.read_bytes())
    journal.start("diffusion", "--redis", "")
    assert "changes" in head(journal)["damage"].lower()
    with journal.diffusion(journal.token()) as connection:
        assert connection.publish([make_event()])["status"] == "unavailable"
    process = journal.processes[-1]
    assert journal.pia("journal", "begin-epoch", "an old copy").returncode == 0
    assert process.wait() == 0
    journal.start("diffusion", "--redis", "")
    assert "damage" not in head(journal)
    assert publish(journal, [make_event()])[0]["epoch"] == 2


def test_an_event_of_the_lost_tail_can_be_published_again(journal):
    backup = take_backup(journal)
    event = make_event()
    first = publish(journal, [event])[0]
    restore(journal, backup)
    again = publish(journal, [event])[0]
    assert not again["duplicate"] and (again["epoch"], first["epoch"]) == (2, 1)


def test_what_a_restored_service_announces_again_is_there_once(journal):
    """Its backup has announcements that wait, which were sent since: (source, id) makes that harmless."""
    _, registry, diffusion = journal.processes[:3]
    file = journal.data / "registry.db"
    diffusion.kill()
    made = make_key(journal, "pole", pole="cnidep")
    assert journal.call("registry.key.revoke", {"id": made["id"]}).status == 200
    registry.kill()
    database = sqlite3.connect(file)
    assert database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    [waiting] = database.execute("SELECT COUNT(*) FROM outbox WHERE state = 0").fetchone()
    database.close()
    assert waiting
    backup = file.read_bytes()

    def start_registry():
        return journal.start("registry", "--redis", "", "--registry.demonstration", "true", *journal.few_communes())

    def wait_until_sent():
        until = time.monotonic() + 30
        while True:
            counters = journal.call("service.stats", service="registry").body["counters"]
            if counters["outbox_waiting"] == 0 and counters["outbox_sent_total"] >= waiting:
                assert counters["outbox_parked"] == 0
                return
            assert time.monotonic() < until, counters

    def announced():
        return [(r.sequence, r.event["id"]) for r in
                read_all(journal, journal.token(), {"sources": ["/services/registry"]})]

    process = start_registry()
    journal.start("diffusion", "--redis", "")
    wait_until_sent()
    before = announced()
    process.kill()
    for ending in ("-wal", "-shm"):
        (journal.data / f"registry.db{ending}").unlink(missing_ok=True)
    file.write_bytes(backup)
    start_registry()
    wait_until_sent()
    assert announced() == before
    assert journal.pia("journal", "verify").returncode == 0

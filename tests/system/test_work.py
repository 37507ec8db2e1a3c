"""pia work: workers of a group as real processes, which fail, sleep, die and are restarted."""

import json
import os
import signal
import subprocess
import time

import pytest
from journal import POLE, make_event, make_key, new_network, publish, start_journal
from pia import BIN, Network

WAIT_S = 30


@pytest.fixture(scope="module")
def journal():
    with new_network() as network:
        yield network


@pytest.fixture
def name(request):
    return f"w{abs(hash(request.node.nodeid)) % 10**9}"


class Work:
    """A running `pia work` whose commands write into a file of their own."""

    def __init__(self, network, group, *options):
        self.out = network.data / f"work{time.monotonic_ns()}.out"
        self.err = open(f"{self.out}.err", "w+", encoding="utf8")
        words = [BIN / "pia", "--data", network.data, "work", group, *options]
        self.child = subprocess.Popen([str(w).replace("OUT", str(self.out)) for w in words],
                                      stdout=subprocess.PIPE, stderr=self.err, text=True)

    def lines(self):
        return self.out.read_text().splitlines() if self.out.exists() else []

    def wait_lines(self, count):
        return wait_for(lambda: len(self.lines()) >= count and self.lines())

    def said(self):
        self.err.seek(0)
        return self.err.read()

    def end(self, number=signal.SIGTERM):
        self.child.send_signal(number)
        return self.child.wait(WAIT_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()
        self.child.stdout.close()
        assert "Sanitizer" not in self.said()
        self.err.close()


def wait_for(condition):
    until = time.monotonic() + WAIT_S
    while not (result := condition()):
        assert time.monotonic() < until
    return result


def make_group(network, name, **options):
    body = {"group": name, "from": "head", "filter": {"sources": [f"/poles/{POLE}"]}, **options}
    answer = network.call("diffusion.group.create", body)
    assert answer.status == 200, answer


def add(network, keys):
    return [r["sequence"] for r in publish(network, [make_event(partitionkey=k) for k in keys])]


def is_settled(network, name):
    return network.call("diffusion.group.get", {"group": name}).body["lag"] == 0


def restart(network):
    process = next(p for p in reversed(network.processes) if p.name == "diffusion")
    process.kill()
    return network.start("diffusion", "--redis", "", *network.options)


def test_each_event_is_a_line(journal, name):
    make_group(journal, name)
    sequences = add(journal, "aab")
    done = journal.pia("work", name, "--count", "3", "--json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(line["sequence"] for line in lines) == sequences
    assert [line["sequence"] for line in lines if line["event"]["partitionkey"] == "a"] == sequences[:2]
    assert all(line["attempt"] == 1 and line["fence"] > 0 for line in lines)
    wait_for(lambda: is_settled(journal, name))


def test_what_is_asked_for_is_taken_and_no_more(journal, name):
    make_group(journal, name)
    sequences = add(journal, "abc")
    for sequence in sequences:
        done = journal.pia("work", name, "--count", "1")
        assert done.returncode == 0 and f".{sequence}." in done.stdout, (done.stdout, done.stderr)


def test_a_command_gets_the_event_and_its_place(journal, name):
    make_group(journal, name)
    [sequence] = add(journal, "a")
    command = 'cat >> OUT; echo "$PIA_GROUP $PIA_SEQUENCE $PIA_ATTEMPT $PIA_FENCE $PIA_CURSOR" >> OUT'
    with Work(journal, name, "--exec", command, "--count", "1") as work:
        assert work.child.wait(WAIT_S) == 0
        event, place = work.lines()
    assert json.loads(event)["partitionkey"] == "a"
    words = place.split()
    assert words[:3] == [name, str(sequence), "1"] and int(words[3]) > 0
    assert words[4].startswith(f"1.{sequence}.")


def test_a_command_that_fails_parks_its_key_and_retry_goes_on(journal, name):
    make_group(journal, name, attempts=2)
    flag = journal.data / f"{name}.mended"
    bad, good, behind = add(journal, "aba")
    command = f'echo $PIA_SEQUENCE >> OUT; test $PIA_SEQUENCE != {bad} || test -e {flag} || exit 7'
    with Work(journal, name, "--exec", command, "--delay", "0") as work:
        wait_for(lambda: "parked" in work.said())
        assert sorted(map(int, work.lines())) == [bad, bad, good]
        listed = journal.pia("parked", "list", name)
        assert "the command ended with 7" in listed.stdout and f" {bad} " in listed.stdout
        flag.touch()
        assert journal.pia("parked", "retry", name, "a").returncode == 0
        assert list(map(int, work.wait_lines(5)))[3:] == [bad, behind]
        wait_for(lambda: is_settled(journal, name))
        assert work.end() == 0
    assert "(none)" in journal.pia("parked", "list", name).stdout


def test_skip_by_the_command_line(journal, name):
    make_group(journal, name, attempts=1)
    bad, behind = add(journal, "aa")
    with Work(journal, name, "--exec", f'echo $PIA_SEQUENCE >> OUT; test $PIA_SEQUENCE != {bad}') as work:
        wait_for(lambda: "parked" in work.said())
        assert journal.pia("parked", "skip", name, "a").returncode == 0
        assert list(map(int, work.wait_lines(2))) == [bad, behind]


def test_keys_go_side_by_side_and_one_key_in_a_row(journal, name):
    make_group(journal, name)
    add(journal, "aabb")
    command = 'echo "begin $PIA_SEQUENCE" >> OUT; sleep 0.3; echo "end $PIA_SEQUENCE" >> OUT'
    with Work(journal, name, "--exec", command, "--jobs", "4", "--count", "4") as work:
        assert work.child.wait(WAIT_S) == 0
        words = [line.split()[0] for line in work.lines()]
    assert words == ["begin", "begin", "end", "end"] * 2 or words.count("begin") == 4
    assert words[:2] == ["begin", "begin"] and "end" in words[2:4]


def test_a_signal_lets_the_command_finish(journal, name):
    make_group(journal, name)
    add(journal, "ab")
    with Work(journal, name, "--exec", "echo begin >> OUT; sleep 0.5; echo end >> OUT") as work:
        work.wait_lines(1)
        assert work.end() == 0
        assert work.lines() == ["begin", "end"]
    with Work(journal, name, "--exec", "echo $PIA_SEQUENCE >> OUT") as work:
        work.wait_lines(1)  # the other one
        wait_for(lambda: is_settled(journal, name))
        assert len(work.lines()) == 1


def test_a_worker_killed_by_its_event_or_otherwise_is_replaced(journal, name):
    make_group(journal, name)
    sequences = add(journal, "ab")
    with Work(journal, name, "--exec", "echo $PIA_SEQUENCE $PIA_FENCE >> OUT; sleep 60",
              "--lease", "1000") as first:
        taken, fence = map(int, first.wait_lines(1)[0].split())
        first.end(signal.SIGKILL)
        with Work(journal, name, "--exec", "echo $PIA_SEQUENCE $PIA_FENCE $PIA_ATTEMPT >> OUT") as second:
            lines = [list(map(int, line.split())) for line in second.wait_lines(2)]
            assert sorted(line[0] for line in lines) == sequences
            [again] = [line for line in lines if line[0] == taken]
            assert again[1] > fence and again[2] == 2


def test_a_worker_that_slept_is_fenced(journal, name):
    """Its lease runs out while it is stopped; what it says of the event later counts for nothing."""
    make_group(journal, name)
    [sequence] = add(journal, "a")
    flag = journal.data / f"{name}.go"
    command = f"echo $PIA_FENCE >> OUT; while ! test -e {flag}; do sleep 0.05; done"
    with Work(journal, name, "--exec", command, "--lease", "1000") as first:
        [fence] = map(int, first.wait_lines(1))
        first.child.send_signal(signal.SIGSTOP)
        with Work(journal, name, "--exec", "echo $PIA_SEQUENCE $PIA_FENCE >> OUT") as second:
            got = list(map(int, second.wait_lines(1)[0].split()))
            assert got[0] == sequence and got[1] > fence
            wait_for(lambda: is_settled(journal, name))
            flag.touch()
            first.child.send_signal(signal.SIGCONT)
            wait_for(lambda: "joining again" in first.said() or "given to another" in first.said())
            add(journal, "z")
            wait_for(lambda: len(first.lines()) + len(second.lines()) == 3)
            wait_for(lambda: is_settled(journal, name))


def test_workers_go_on_when_the_server_was_killed(journal, name):
    make_group(journal, name)
    with Work(journal, name, "--exec", "echo $PIA_SEQUENCE >> OUT", "--jobs", "3") as work:
        first = add(journal, "abc")
        work.wait_lines(3)
        wait_for(lambda: is_settled(journal, name))
        restart(journal)
        second = add(journal, "abc")
        lines = list(map(int, work.wait_lines(6)))
        assert sorted(lines) == first + second


def test_groups_by_the_command_line(journal, name):
    made = journal.pia("group", "create", name, "--themes", "arts", "--attempts", "3")
    assert made.returncode == 0, made.stderr
    shown = journal.pia("group", "show", name, "--json")
    assert json.loads(shown.stdout)["filter"] == {"themes": ["arts"]}
    assert name in journal.pia("group", "list").stdout
    refused = journal.pia("work", name, "--theme", "sante")
    assert refused.returncode == 1 and "never changes" in refused.stderr
    assert journal.pia("group", "end", name).returncode == 0
    assert journal.pia("group", "show", name).returncode == 1


@pytest.mark.parametrize("arguments,code,said", [
    (["--jobs", "0"], 2, "--jobs"), (["--lease", "10"], 2, "--lease"), (["--theme", "cuisine"], 2, ""),
    (["--from", "1.1.00000000"], 1, "another history"),
])
def test_what_makes_no_sense_is_refused(journal, name, arguments, code, said):
    done = journal.pia("work", name, *arguments)
    assert done.returncode == code and said in done.stderr, done


def test_work_needs_a_key_and_the_right_to_join(journal, name):
    make_group(journal, name)
    key = journal.data / f"{name}.key"
    key.write_text(make_key(journal, "pole", pole=POLE)["key"])
    done = journal.pia("--key", key, "work", name)
    assert done.returncode == 1 and "forbidden" in done.stderr, done.stderr


def test_a_worker_goes_where_its_group_is(postgres, name):
    with Network() as network:
        network.options = ("--database", postgres + f"#dw{os.getpid()}")
        start_journal(network, *network.options)
        second = network.start("diffusion", "--redis", "", *network.options)
        elsewhere = ("--diffusion", "ipc://run/diffusion.2.sock")
        make_group(network, name)
        with Work(network, name, "--exec", "echo $PIA_SEQUENCE >> OUT", *elsewhere) as first:
            [one] = add(network, "a")
            assert first.wait_lines(1) == [str(one)]
            assert network.call("diffusion.group.get", {"group": name}).body["endpoint"] == elsewhere[1]
            with Work(network, name, "--exec", "echo $PIA_SEQUENCE >> OUT") as other:
                first.end()
                [two] = add(network, "a")
                assert other.wait_lines(1) == [str(two)]  # told where, and went there
                wait_for(lambda: is_settled(network, name))
                second.kill()
                [three] = add(network, "a")
                assert other.wait_lines(2) == [str(two), str(three)]  # and came back

"""Settings of every program: a wrong one is named, with its line, before anything is touched."""

import os
import subprocess

import pytest
from pia import BIN, SERVICES

PROGRAMS = ("broker", *SERVICES, "gateway")
FILES = {  # what is wrong: (file, what is said of it)
    "an unknown key": ("[service]\nlog_level = info\ncolour = red\n", "settings.ini:3: "),
    "an unknown section": ("\n; a comment\n[cellar]\nwine = red\n", "settings.ini:4: "),
    "a value that is none of its": ("[service]\nlog_level = shouting\n", "settings.ini:2: "),
    "a key twice": ("[service]\nlog_level = info\nlog_level = warn\n", "settings.ini:3: "),
    "no line of a file": ("[service]\nlog_level\n", "settings.ini:2: "),
    "a key before any section": ("log_level = info\n", "settings.ini:1: "),
}


def run(program, directory, *arguments, **environment):
    return subprocess.run(
        [str(BIN / f"pia-{program}"), *arguments], cwd=directory, capture_output=True, text=True,
        timeout=20, check=False, env={**os.environ, **environment})


def refused(done, said, directory, before=()):
    assert done.returncode == 2, done
    assert said in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert {entry.name for entry in directory.iterdir()} == set(before)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("wrong", FILES)
@pytest.mark.parametrize("how", [(), ("--check-config",)])
def test_a_wrong_file_is_refused_at_its_line(tmp_path, program, wrong, how):
    text, said = FILES[wrong]
    (tmp_path / "settings.ini").write_text(text)
    done = run(program, tmp_path, "--config", "settings.ini", *how)
    refused(done, said, tmp_path, ["settings.ini"])


@pytest.mark.parametrize("program", PROGRAMS)
def test_wrong_flags_and_variables_are_named(tmp_path, program):
    refused(run(program, tmp_path, "--colour", "red"), "--colour", tmp_path)
    refused(run(program, tmp_path, "--log-level"), "--log-level", tmp_path)
    refused(run(program, tmp_path, "--log-level", "shouting"), "--log-level", tmp_path)
    refused(run(program, tmp_path, "--config", "nowhere.ini"), "nowhere.ini", tmp_path)
    refused(run(program, tmp_path, PIA_SERVICE_LOG_LEVEL="shouting"), "PIA_SERVICE_LOG_LEVEL", tmp_path)


@pytest.mark.parametrize("program", PROGRAMS)
def test_right_settings_are_said_to_be_right_and_nothing_runs(tmp_path, program):
    (tmp_path / "settings.ini").write_text("# all\n[service]\nlog_level = debug\nlog_format = json\n")
    done = run(program, tmp_path, "--config", "settings.ini", "--check-config", PIA_SERVICE_LOG_LEVEL="warn")
    assert done.returncode == 0, done
    assert [entry.name for entry in tmp_path.iterdir()] == ["settings.ini"]
    shown = run(program, tmp_path, "--help")
    assert shown.returncode == 0 and "--log-level" in shown.stdout and "check-config" in shown.stdout

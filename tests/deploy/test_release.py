"""What the release programs, those that deploy/up runs by default, are hardened with."""
import re
import subprocess

import pytest

from conftest import ROOT

BIN = ROOT / "build/release/bin"
PROGRAMS = ("pia", "pia-broker", "pia-registry", "pia-labellisation", "pia-diffusion",
            "pia-notifications", "pia-gateway")


def readelf(option, program):
    return subprocess.run(["readelf", option, "-W", BIN / program], stdout=subprocess.PIPE,
                          text=True, check=True).stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_release_is_hardened(program):
    assert re.search(r"Type:\s+DYN", readelf("-h", program))
    segments, dynamic, symbols = (readelf(option, program) for option in ("-l", "-d", "--dyn-syms"))
    assert re.search(r"FLAGS_1\).*\bNOW\b.*\bPIE\b", dynamic)  # at a random address, bound at start
    assert "GNU_RELRO" in segments  # and then its tables cannot be written
    assert re.search(r"GNU_STACK.* RW ", segments)  # the stack is not executed
    assert not re.search(r"LOAD.* RWE ", segments)
    assert "__stack_chk_fail" in symbols
    assert re.search(r"__\w+_chk\b", symbols.replace("__stack_chk_fail", ""))  # _FORTIFY_SOURCE
    assert "RPATH" not in dynamic and "RUNPATH" not in dynamic
    assert "__asan_init" not in symbols

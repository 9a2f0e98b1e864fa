"""The package's face: its public names, and what importing it costs."""

import subprocess
import sys

import pytest

import fsaasr


@pytest.mark.parametrize("name", fsaasr.__all__)
def test_public_name_is_the_real_thing(name):
    value = getattr(fsaasr, name)
    assert value.__name__ == name
    assert value.__module__.startswith("fsaasr.")


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'lattices'"):
        fsaasr.lattices  # noqa: B018


def test_import_brings_in_nothing_heavy():
    code = (
        "import sys, fsaasr; print([m for m in ('torch', 'k2', 'lhotse', 'pynini', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

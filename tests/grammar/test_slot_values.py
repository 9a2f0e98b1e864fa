"""Slots are read off every sentence that a slot grammar says, against all combinations."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from fsaasr.core.errors import GrammarError
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar import SlotReader, phrase_list

from .test_constraints import WORDS

SLOTS: dict[str, Any] = {
    "name": ["bob", "cara"],
    "hour": phrase_list(["five", "six"], WORDS),
    "when": ["now", "at {hour} [o'clock]"],
    "pair": ["{name} {name}"],
}


def test_every_combination_is_read_back() -> None:
    reader = SlotReader(SLOTS, WORDS, ["call {name} [{when}]", "on {pair}"])
    for name in SLOTS["name"]:
        assert reader.read(f"call {name}") == (("name", name),)
        assert reader.read(f"call {name} now") == (("name", name), ("when", "now"))
        for hour, clock in product(("five", "six"), ("", " o'clock")):
            when = f"at {hour}{clock}"
            assert reader.read(f"call {name} {when}") == (("name", name), ("when", when), ("hour", hour))
        for other in SLOTS["name"]:
            expected = (("pair", f"{name} {other}"), ("name", name), ("name", other))
            assert reader.read(["on", name, other]) == expected


@pytest.mark.parametrize("sentence", ["call", "call zebra", "", "call bob bob"])
def test_what_no_template_says_is_refused(sentence: str) -> None:
    with pytest.raises(GrammarError, match=f"no template says '{sentence}'"):
        SlotReader(SLOTS, WORDS, ["call {name}"]).read(sentence)


def test_templates_are_checked_as_ever() -> None:
    with pytest.raises(GrammarError, match="no slot 'nobody'"):
        SlotReader(SLOTS, WORDS, ["call {nobody}"])
    assert SlotReader({}, SymbolTable(["off"]), ["off"]).read("off") == ()

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from fsaasr.core.errors import GrammarError
from fsaasr.core.symbols import SymbolTable
from fsaasr.decode.token_lm import NgramTokenLm
from fsaasr.grammar import NgramModel, estimate_ngram, read_arpa
from fsaasr.testing import TOY_ARPA

TOKENS = SymbolTable(["a", "b", "c"])


@pytest.fixture(scope="module")
def model() -> NgramModel:
    return estimate_ngram([list("abca"), list("aab"), list("bc"), list("ccab")], 3)


def test_tokens_and_the_end_have_the_models_probabilities(model: NgramModel) -> None:
    lm = NgramTokenLm(model, TOKENS)
    states, total = [lm.start], 0.0
    for token in (1, 1, 2, 3):
        scores = lm.scores(states)
        assert scores.shape == (1, 4)
        # The rest is that of unknown words.
        assert np.exp(np.logaddexp.reduce(scores[0])) == pytest.approx(1.0, abs=0.2)
        total += scores[0, token]
        states = lm.advance(states, [token])
    total += lm.scores(states)[0, 0]
    assert total == pytest.approx(model.log10_prob(list("aabc")).sum() * math.log(10), abs=1e-6)


def test_several_states_at_once_score_as_one_by_one(model: NgramModel) -> None:
    lm = NgramTokenLm(model, TOKENS)
    states = list(lm.advance([lm.start, lm.start, lm.start], [1, 2, 3]))
    np.testing.assert_array_equal(lm.scores(states), np.concatenate([lm.scores([state]) for state in states]))


def test_tokens_that_the_model_lacks_are_refused(tmp_path: Path) -> None:
    (tmp_path / "toy.arpa").write_text(TOY_ARPA)
    with pytest.raises(GrammarError, match="lacks 1 words, among them dog"):
        NgramTokenLm(read_arpa(tmp_path / "toy.arpa"), SymbolTable(["cat", "dog"]))
    with pytest.raises(GrammarError, match="no tokens"):
        NgramTokenLm(read_arpa(tmp_path / "toy.arpa"), SymbolTable([]))

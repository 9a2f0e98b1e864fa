"""A CTC decoder with a large model on the fly finds what it finds with that model in its graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fsaasr import CtcOptions, ctc_decoder
from fsaasr.core.errors import ConfigError
from fsaasr.decode import SearchOptions
from fsaasr.grammar import Hotwords, estimate_ngram, write_arpa

COLUMNS = ["<pad>", "|", "a", "c", "s", "t"]
WORDS = ["a", "at", "cat", "cats", "sat", "tact"]
TEXT = [line.split() for line in ("a cat sat", "cats sat at a cat", "a cat sat at a tact", "at a cat", "cats tact")]
LARGE, SMALL = estimate_ngram(TEXT, 3), estimate_ngram(TEXT, 1)
WIDE = SearchOptions("native", search_beam=60.0, lattice_beam=30.0, max_active=10**6)


@pytest.mark.parametrize("lexicon", [WORDS, None], ids=["words", "the model's"])
@pytest.mark.parametrize("scale", [1.0, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_as_in_the_graph(lexicon: list[str], scale: float, seed: int, tmp_path: Path) -> None:
    options = CtcOptions(lm_scale=scale, word_score=0.25, search=WIDE)
    logits = np.random.default_rng(seed).normal(scale=2.0, size=(12, len(COLUMNS)))
    hotwords = Hotwords([("cat sat", 1.5)]) if seed else None
    write_arpa(LARGE, tmp_path / "large.arpa")
    in_graph = ctc_decoder(COLUMNS, lexicon, LARGE, options=options)
    beside = ctc_decoder(COLUMNS, lexicon, SMALL, on_the_fly=tmp_path / "large.arpa", options=options)
    (expected,), (found,) = (decoder.nbest(logits, 40, hotwords=hotwords) for decoder in (in_graph, beside))
    # A graph of trigrams may say a word by backing off where it has an n-gram: never worse, and here the same.
    assert [path.text for path in found][:10] == [path.text for path in expected][:10]
    assert [path.score for path in found] == pytest.approx([path.score for path in expected], abs=2e-3)
    assert beside(logits, hotwords=hotwords)[0].text == found[0].text
    (plain,) = ctc_decoder(COLUMNS, lexicon, SMALL, options=options)(logits)
    assert plain.score != pytest.approx(found[0].score, abs=1e-3)


def test_without_a_model_in_the_graph() -> None:
    options = CtcOptions(search=WIDE)
    logits = np.random.default_rng(5).normal(scale=2.0, size=(12, len(COLUMNS)))
    free = ctc_decoder(COLUMNS, WORDS, options=options)
    large = ctc_decoder(COLUMNS, WORDS, on_the_fly=LARGE, options=options)
    scores = {path.text: path.score for path in free.nbest(logits, 200)[0]}
    found = large.nbest(logits, 20)[0]
    both = [path for path in found if path.text in scores]
    assert len(both) > 5
    for path in both:
        model = np.log(10.0) * LARGE.log10_prob(path.text.split()).sum()
        assert path.score == pytest.approx(scores[path.text] + model, abs=2e-3)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="a model on the fly scores words"):
        ctc_decoder(COLUMNS, on_the_fly=LARGE)
    with pytest.raises(ConfigError, match="scale is 0"):
        ctc_decoder(COLUMNS, WORDS, SMALL, on_the_fly=LARGE, options=CtcOptions(lm_scale=0.0))

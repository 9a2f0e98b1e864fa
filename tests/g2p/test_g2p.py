"""Letters to tokens: likelihood never falls, search is exact against enumeration, files come back, refusals."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import numpy as np
import pytest

from fsaasr.core.errors import ConfigError, LexiconError, LexiconFileError
from fsaasr.g2p import (
    G2pConfig,
    G2pModel,
    Unit,
    align_letters,
    g2p_errors,
    load_g2p,
    save_g2p,
    train_g2p,
    with_words,
)
from fsaasr.g2p.model import RIVAL_BEAM, RIVALS
from fsaasr.grammar import NgramModel
from fsaasr.lexicon import Lexicon, OptionalSilence

LEXICON = Lexicon.from_text(
    "she SH IY\nshed SH EH D\nfish F IH SH\nfox F AA K S\nsix S IH K S\nbee B IY\nbed B EH D\nbeef B IY F\n"
    "feed F IY D\nhex HH EH K S\nhid HH IH D\nhide HH AY D\nside S AY D\nbide B AY D\nbid B IH D\ndish D IH SH\n"
    "box B AA K S\nsob S AA B\nbob B AA B\nhob HH AA B\nsobs S AA B Z\n"
)
CONFIGS = [
    G2pConfig(order=3, both_directions=False),
    G2pConfig(order=2, max_letters=2, max_tokens=3, deletions=False, both_directions=False),
    G2pConfig(order=4, max_letters=3, max_tokens=2, both_directions=False),
]


def splits(text: str, sizes: range) -> Iterator[List[str]]:
    """Every way to cut a text into pieces of these sizes."""
    if not text:
        yield []
    for size in sizes:
        if 0 < size <= len(text):
            yield from ([text[:size], *rest] for rest in splits(text[size:], sizes))


def enumerated(model: G2pModel, word: str) -> Dict[Tuple[str, ...], List[float]]:
    """Probabilities of all sequences of units that spell a word, by what they say."""
    found: Dict[Tuple[str, ...], List[float]] = {}
    names = {unit: f"u{number}" for number, unit in enumerate(model.units)}
    longest = max(len(unit.letters) for unit in model.units)
    for pieces in splits(word, range(1, longest + 1)):
        for units in itertools.product(*([u for u in model.units if u.letters == piece] for piece in pieces)):
            score = model.ngram.log10_prob([names[unit] for unit in units]).sum()
            found.setdefault(tuple(t for unit in units for t in unit.tokens), []).append(10.0**score)
    return found


@pytest.fixture(scope="module", params=range(len(CONFIGS)))
def model(request: pytest.FixtureRequest) -> G2pModel:
    return train_g2p(LEXICON, CONFIGS[request.param]).model


@pytest.mark.parametrize("config", CONFIGS)
def test_the_likelihood_of_the_lexicon_never_falls(config: G2pConfig) -> None:
    history = align_letters(LEXICON, config).log_likelihood
    assert len(history) > 3
    assert all(after >= before - 1e-12 for before, after in zip(history, history[1:]))
    assert history[-1] > history[0] + 0.1


@pytest.mark.parametrize("config", CONFIGS)
def test_units_spell_words_and_say_pronunciations(config: G2pConfig) -> None:
    alignment = align_letters(LEXICON, config)
    assert alignment.entries == LEXICON.pronunciations
    assert not alignment.left_out
    for entry, units in zip(alignment.entries, alignment.units):
        assert "".join(unit.letters for unit in units) == entry.word
        assert tuple(token for unit in units for token in unit.tokens) == entry.tokens
        assert all((len(unit.letters), len(unit.tokens)) in config.sizes for unit in units)


def test_one_pass_from_equal_probabilities_is_bayes_rule() -> None:
    """Word `ab` said X: units a|X b| or a| b|X or ab|X; the likelihood is the sum over the three."""
    lexicon = Lexicon.from_text("ab X\n")
    alignment = align_letters(lexicon, G2pConfig(max_letters=2, iterations=1))
    fifth = 1 / 5
    # Posteriors of the three alignments are 1/11, 1/11 and 5/5 over 2/25 + 1/5; counts of the units follow.
    whole = 2 * fifth**2 + fifth
    short, long = fifth**2 / whole, fifth / whole
    counts = 4 * short + long
    after = 2 * (short / counts) ** 2 + long / counts
    assert alignment.log_likelihood == pytest.approx([math.log(whole) / 2, math.log(after) / 2])
    assert alignment.units == ((Unit("ab", ("X",)),),)


def test_what_cannot_be_aligned_is_told_and_left_out() -> None:
    lexicon = Lexicon.from_text("a AH\nb B\nus Y UW EH S EH\nab AH B\n")
    alignment = align_letters(lexicon, G2pConfig())
    assert [entry.word for entry in alignment.left_out] == ["us"]
    assert [entry.word for entry in alignment.entries] == ["a", "b", "ab"]
    assert not align_letters(lexicon, G2pConfig(max_tokens=3)).left_out
    with pytest.raises(LexiconError, match="none of 1 pronunciations can be aligned"):
        align_letters(Lexicon.from_text("b B IY IY\n"), G2pConfig())


def test_options_change_the_units() -> None:
    def kinds(**options: object) -> set[Tuple[int, int]]:
        alignment = align_letters(LEXICON, G2pConfig(**options))  # type: ignore[arg-type]
        return {(len(unit.letters), len(unit.tokens)) for units in alignment.units for unit in units}

    assert (1, 2) in kinds()
    assert (1, 0) in kinds()
    assert max(letters for letters, _ in kinds(max_letters=2)) == 2
    assert max(letters for letters, _ in kinds(max_letters=3)) == 3
    assert (2, 2) in kinds(max_letters=2, many_to_many=True)
    assert all(tokens for _, tokens in kinds(max_letters=2, deletions=False))
    assert len(align_letters(LEXICON, G2pConfig(iterations=2)).log_likelihood) == 3
    assert len(align_letters(LEXICON, G2pConfig(tolerance=10.0)).log_likelihood) == 2
    orders = [train_g2p(LEXICON, G2pConfig(order=order)).model.ngram.order for order in (1, 4)]
    assert orders == [1, 4]


@pytest.mark.parametrize("word", ["she", "foxes", "bid", "dibs", "x"])
def test_the_search_is_exact(model: G2pModel, word: str) -> None:
    paths = enumerated(model, word)
    total = sum(map(sum, paths.values()))
    best = sorted(((max(each), tokens) for tokens, each in paths.items() if tokens), reverse=True)
    found = model.pronounce(word, count=25, beam=None)
    assert len(found) == min(25, len(best))
    assert [entry.log_prob for entry in found] == pytest.approx([math.log(p / total) for p, _ in best[:25]], abs=1e-9)
    for entry in found:
        assert math.log(max(paths[entry.tokens]) / total) == pytest.approx(entry.log_prob, abs=1e-9)
    assert len({entry.tokens for entry in found}) == len(found)
    first = model.pronounce(word, beam=None)
    assert first[0].log_prob == pytest.approx(found[0].log_prob, abs=1e-9)


def without_ties(model: G2pModel) -> G2pModel:
    """The model with slightly other probabilities, of which no two are the same."""
    rng = np.random.default_rng(0)
    orders = [
        replace(order, log10_prob=order.log10_prob - rng.uniform(0, 0.01, len(order))) for order in model.ngram.orders
    ]
    return replace(model, ngram=NgramModel(model.ngram.vocabulary, tuple(orders)))


@pytest.mark.parametrize("word", ["she", "beds", "hides", "sheds"])
def test_a_backward_model_shares_the_best_few_probabilities_anew(word: str) -> None:
    both = without_ties(train_g2p(LEXICON, G2pConfig(order=4)).model)
    forward = replace(both, backward=None)
    assert both.backward is not None
    names = {unit: f"u{number}" for number, unit in enumerate(both.units)}
    paths = enumerated(forward, word)
    total = sum(map(sum, paths.values()))
    best = sorted(((max(each), tokens) for tokens, each in paths.items() if tokens), reverse=True)
    assert best[RIVALS - 1][0] > best[RIVALS][0] * (1 + 1e-9)  # else either may be a rival
    best = best[:RIVALS]
    rivals = [(p, tokens) for p, tokens in best if math.log(p) >= math.log(best[0][0]) - RIVAL_BEAM]
    means = []
    for p, tokens in rivals:
        scores = [
            (forward.ngram.log10_prob([names[u] for u in units]).sum(), units)
            for pieces in splits(word, range(1, 2))
            for units in itertools.product(*([u for u in both.units if u.letters == piece] for piece in pieces))
            if tuple(t for unit in units for t in unit.tokens) == tokens
        ]
        units = max(scores, key=lambda pair: pair[0])[1]
        backward = 10 ** both.backward.log10_prob([names[unit] for unit in reversed(units)]).sum()
        means.append(math.sqrt(p * backward))
    mass = sum(p for p, _ in rivals) / total
    expected = {tokens: mass * mean / sum(means) for (_, tokens), mean in zip(rivals, means)}
    found = both.pronounce(word, len(rivals), beam=None)
    assert {entry.tokens: math.exp(entry.log_prob) for entry in found} == pytest.approx(expected)
    assert both.pronounce(word, 1, beam=None) == found[:1]
    everything = both.pronounce(word, 1000, beam=None)
    assert {entry.tokens for entry in everything} == {tokens for tokens in paths if tokens}
    assert sum(math.exp(entry.log_prob) for entry in everything) <= 1 + 1e-9


def test_probabilities_of_pronunciations_sum_to_at_most_one(model: G2pModel) -> None:
    for word in ("fish", "hides", "beds"):
        probabilities = [math.exp(entry.log_prob) for entry in model.pronounce(word, 1000, beam=None)]
        assert 0.1 < sum(probabilities) <= 1 + 1e-9
        assert probabilities == sorted(probabilities, reverse=True)


def test_a_wide_beam_is_exact_and_a_narrow_one_gives_up(model: G2pModel) -> None:
    exact, wide = (model.pronounce("foxes", 5, beam=beam) for beam in (None, 1000.0))
    assert exact == wide
    words = ("foxes", "hides", "shedbobs", "biddish")
    kept = [len(model.pronounce(word, 10000, beam=0.001)) for word in words]
    assert min(kept) >= 1
    assert sum(kept) < sum(len(model.pronounce(word, 10000, beam=None)) for word in words)


def test_words_of_the_lexicon_are_said_as_it_says(model: G2pModel) -> None:
    errors = g2p_errors(model, LEXICON)
    assert errors.words == len(LEXICON)
    assert errors.word_error_rate < 0.2
    assert errors.token_error_rate < 0.1


def test_errors_are_counted_against_the_nearest_reference() -> None:
    model = train_g2p(LEXICON, CONFIGS[0]).model
    said = model.pronounce("fish")[0].tokens
    assert said == ("F", "IH", "SH")
    reference = Lexicon.from_text("fish F AY\nfish F IH SH\nbee B IY Z Z\n")
    errors = g2p_errors(model, reference)
    assert (errors.words, errors.wrong_words, errors.tokens, errors.token_errors) == (2, 1, 3 + 4, 2)
    assert (errors.word_error_rate, errors.token_error_rate) == (1 / 2, 2 / 7)


def test_the_order_of_words_does_not_matter(model: G2pModel) -> None:
    words = ["fish", "sobs", "fish", "hide"]
    together = model.pronounce_all(words, 3)
    assert together == [entry for word in words for entry in model.pronounce(word, 3)]


def test_a_file_gives_both_directions(tmp_path: Path) -> None:
    model = train_g2p(LEXICON, G2pConfig(order=3)).model
    save_g2p(model, tmp_path / "g2p")
    again = load_g2p(tmp_path / "g2p")
    assert again.backward is not None
    assert model.backward is not None
    assert again.backward.content_hash == model.backward.content_hash != again.ngram.content_hash
    assert again.pronounce("foxes", 4) == model.pronounce("foxes", 4)


def test_a_file_gives_the_same_model(model: G2pModel, tmp_path: Path) -> None:
    save_g2p(model, tmp_path / "g2p")
    again = load_g2p(tmp_path / "g2p")
    assert again.units == model.units
    assert again.ngram.content_hash == model.ngram.content_hash
    assert again.pronounce("foxes", 4) == model.pronounce("foxes", 4)


def test_training_is_repeatable() -> None:
    one, other = (train_g2p(LEXICON, CONFIGS[0]).model for _ in range(2))
    assert one.units == other.units
    assert one.ngram.content_hash == other.ngram.content_hash


def test_files_that_are_no_models_are_refused(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    with pytest.raises(LexiconFileError, match="no such file"):
        load_g2p(tmp_path / "none")
    (tmp_path / "text").write_text("a AH\n")
    with pytest.raises(LexiconFileError, match="text: damaged"):
        load_g2p(tmp_path / "text")
    save_file({}, str(tmp_path / "other"), {"format": "other"})
    with pytest.raises(LexiconFileError, match="not a grapheme-to-phoneme model"):
        load_g2p(tmp_path / "other")
    save_file({}, str(tmp_path / "empty"), {"format": "fsaasr.G2pModel.1", "model": "{}"})
    with pytest.raises(LexiconFileError, match="damaged"):
        load_g2p(tmp_path / "empty")


def test_unknown_letters_are_named_or_skipped(model: G2pModel) -> None:
    with pytest.raises(LexiconError, match="word 'fi-sh' has the letter '-', which the model does not know"):
        model.pronounce("fi-sh")
    (skipped,) = model.pronounce("fi-sh", skip_unknown=True)
    assert (skipped.word, skipped.tokens) == ("fi-sh", model.pronounce("fish")[0].tokens)
    for skip in (True, False):
        with pytest.raises(LexiconError, match=r"'--' has (no letter|the letter '-')"):
            model.pronounce("--", skip_unknown=skip)


def test_letters_that_never_stand_so_are_told() -> None:
    model = train_g2p(
        Lexicon.from_text("qu K\nque K\nu Y UW\ne IY\n"), G2pConfig(order=2, max_letters=2, deletions=False)
    ).model
    with pytest.raises(LexiconError, match="'eq': its letters are known, but no sequence of units spells it"):
        model.pronounce("eq")


def test_lexicons_get_the_words_that_they_lack(model: G2pModel) -> None:
    lexicon = Lexicon(LEXICON.pronunciations, OptionalSilence())
    assert with_words(lexicon, ["fish", "bee"], model) is lexicon
    more = with_words(lexicon, ["sobbed", "fish", "sobbed", "foxed"], model, count=2)
    assert more.pronunciations[: len(lexicon)] == lexicon.pronunciations
    assert more.tokens == lexicon.tokens
    for word in ("sobbed", "foxed"):
        first, second = more.of(word)
        ours = model.pronounce(word, 2)
        assert [first.tokens, second.tokens] == [entry.tokens for entry in ours]
        assert (first.log_prob, second.log_prob) == (0.0, pytest.approx(ours[1].log_prob - ours[0].log_prob))
    with pytest.raises(LexiconError, match=r"'sobbed' is pronounced with '.*', which the lexicon's other words lack"):
        with_words(Lexicon.from_text("bee B IY\n"), ["sobbed"], model)


@pytest.mark.parametrize(
    "options", [{"order": 0}, {"order": 9}, {"max_letters": 0}, {"max_tokens": 0}, {"iterations": 0}]
)
def test_options_out_of_range_are_refused(options: Dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(options))} is"):
        G2pConfig(**options)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="tolerance is -1"):
        G2pConfig(tolerance=-1)


def test_questions_out_of_range_are_refused(model: G2pModel) -> None:
    for count, beam in ((0, None), (1, 0.0)):
        with pytest.raises(LexiconError, match="expected a count >= 1 and a beam > 0"):
            model.pronounce("fish", count, beam)

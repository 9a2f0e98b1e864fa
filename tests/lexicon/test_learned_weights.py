"""Weights from alignments: counts, the paper's formulas by hand and by Kaldi's own script, laws."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import List, Optional, Tuple

import pytest

from fsaasr.core.errors import LexiconError
from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.lexicon import (
    Lexicon,
    OptionalSilence,
    PronunciationCounts,
    SilenceWeights,
    WeightConfig,
    count_pronunciations,
    learn_weights,
)

LEXICON = Lexicon.from_text("a AH\na EY\nbee B IY\nsea S IY\nsea S EY\n", OptionalSilence("SIL", 0.5))
AH, EY, BEE, SEA = ("a", ("AH",)), ("a", ("EY",)), ("bee", ("B", "IY")), ("sea", ("S", "IY"))
SAID = {"a/AH": AH, "a/EY": EY, "bee": BEE, "sea": SEA}
# `#` is silence. `sea` never begins an utterance: see below.
UTTERANCES = (
    "# a/EY bee # sea #",
    "a/EY # bee sea #",
    "# bee bee #",
    "# bee # sea a/EY #",
    "# a/AH bee #",
    "# bee a/EY sea",
)


def alignment(text: str, name: str = "u") -> Hypothesis:
    """Tokens of 30 ms each."""
    words: List[Span] = []
    tokens: List[Span] = []
    time = 0
    for part in text.split():
        word, names = SAID.get(part, ("", ("SIL",)))
        spans = [Span(token, (time + k) * 0.03, (time + k + 1) * 0.03) for k, token in enumerate(names)]
        words += [Span(word, spans[0].start, spans[-1].end)] if word else []
        tokens += spans
        time += len(names)
    return Hypothesis(name, tuple(words), tuple(tokens), (), math.nan, math.nan)


def learned(config: Optional[WeightConfig] = None, utterances: Tuple[str, ...] = UTTERANCES) -> Lexicon:
    return learn_weights(LEXICON, count_pronunciations(map(alignment, utterances), LEXICON), config)


def test_every_gap_is_counted_once() -> None:
    counts = count_pronunciations([alignment("# a/EY bee # sea"), alignment("a/EY bee #")], LEXICON)
    assert counts.gaps == {
        (None, EY, True): 1,
        (None, EY, False): 1,
        (EY, BEE, False): 2,
        (BEE, SEA, True): 1,
        (SEA, None, False): 1,
        (BEE, None, True): 1,
    }
    assert counts.said == {EY: 2, BEE: 2, SEA: 1}


def test_probabilities_are_those_of_kaldis_script() -> None:
    """Kaldi's dict_dir_add_pronprobs.sh was run on the counts of UTTERANCES; it rounds to two digits as it goes."""
    config = WeightConfig(max_normalize=False)
    lexicon = learned(config)
    silence = lexicon.silence
    assert silence is not None
    assert silence.probability == pytest.approx(0.59, abs=0.006)
    entries = {(entry.word, entry.tokens): entry for entry in lexicon.pronunciations}
    assert math.exp(entries[AH].log_prob) == pytest.approx(0.285714, abs=1e-6)
    assert math.exp(entries[EY].log_prob) == pytest.approx(0.714286, abs=1e-6)
    for key, after in ((AH, 0.39), (EY, 0.53), (BEE, 0.58), (SEA, 0.53)):
        assert lexicon.silence_weights(entries[key]).after == pytest.approx(after, abs=0.011)
    ends = lexicon.silence_weights()
    assert ends.after == pytest.approx(0.77, abs=0.006)
    assert (ends.before, ends.not_before) == pytest.approx((1.32575757575758, 0.635593220338983), abs=0.02)
    # Kaldi's corrections leave out P(s_r | <s>), so they are the paper's for words that begin no utterance.
    weights = lexicon.silence_weights(entries[SEA])
    assert (weights.before, weights.not_before) == pytest.approx((0.94, 1.07), abs=0.011)


def test_corrections_are_those_of_the_paper() -> None:
    lexicon = learned()
    # AH follows the beginning only, once, after silence: C(s w) = 1, and 1 * P(s_r | <s>) was expected.
    start = (5 + 2 * 13 / 22) / (6 + 2)
    assert lexicon.silence_weights().after == pytest.approx(start)
    weights = lexicon.silence_weights(lexicon.pronunciations[0])
    assert weights.before == pytest.approx((1 + 2) / (start + 2))
    assert weights.not_before == pytest.approx((0 + 2) / (1 - start + 2))


def test_an_unseen_pronunciation_has_the_silence_of_the_lexicon_at_large() -> None:
    lexicon = learned()
    unseen = lexicon.pronunciations[4]
    assert unseen.silence is None
    assert lexicon.silence_weights(unseen) == SilenceWeights(lexicon.silence.probability)  # type: ignore[union-attr]
    assert math.exp(unseen.log_prob) == pytest.approx((0 + 1) / (4 + 1))


def test_order_tokens_and_words_stay() -> None:
    lexicon = learned()
    assert [(e.word, e.tokens) for e in lexicon.pronunciations] == [(e.word, e.tokens) for e in LEXICON.pronunciations]
    assert lexicon.tokens == LEXICON.tokens
    assert lexicon.hash != LEXICON.hash


def test_probabilities_of_a_word_sum_to_one_or_have_one_as_largest() -> None:
    for normalized in (True, False):
        lexicon = learned(WeightConfig(max_normalize=normalized))
        for word in ("a", "bee", "sea"):
            values = [math.exp(entry.log_prob) for entry in lexicon.of(word)]
            assert (max(values) if normalized else sum(values)) == pytest.approx(1.0)


def test_expected_silences_are_those_that_were_counted() -> None:
    """Without smoothing, sum over v of C(v ? w) P(s_r | v) F(s_l | w) is C(s w): the paper's reason for F."""
    counts = count_pronunciations(map(alignment, UTTERANCES), LEXICON)
    nearly_none = WeightConfig(silence_smoothing=1e-9, correction_smoothing=1e-9)
    lexicon = learn_weights(LEXICON, counts, nearly_none)
    entries = {None: None, **{(entry.word, entry.tokens): entry for entry in lexicon.pronunciations}}
    for right in (EY, BEE, SEA, None):
        pairs = {(left, silent): n for (left, other, silent), n in counts.gaps.items() if other == right}
        before = lexicon.silence_weights(entries[right]).before
        expected = sum(n * lexicon.silence_weights(entries[left]).after * before for (left, _), n in pairs.items())
        assert expected == pytest.approx(sum(n for (_, silent), n in pairs.items() if silent), abs=1e-6)


def test_more_smoothing_is_nearer_to_no_knowledge() -> None:
    for name, of in (
        ("pronunciation_smoothing", lambda lexicon: abs(lexicon.pronunciations[0].log_prob)),
        ("silence_smoothing", lambda lexicon: abs(lexicon.silence_weights().after - lexicon.silence.probability)),
        ("correction_smoothing", lambda lexicon: abs(lexicon.silence_weights().before - 1)),
    ):
        values = [of(learned(replace(WeightConfig(), **{name: value}))) for value in (0.5, 2.0, 100.0, 1e9)]
        assert values == sorted(values, reverse=True)
        assert values[0] > values[-1]
        assert values[-1] == pytest.approx(0, abs=1e-6)


def test_silence_can_be_left_alone_and_is_where_there_is_none() -> None:
    assert learned(WeightConfig(silence=False)).silence == LEXICON.silence
    assert not learned(WeightConfig(silence=False)).word_dependent_silence
    silent_free = replace(LEXICON, silence=None)
    counts = count_pronunciations([alignment("a/EY bee"), alignment("a/AH")], silent_free)
    assert learn_weights(silent_free, counts).silence is None


@pytest.mark.parametrize(("text", "bounds"), [("a/EY bee", (0.01, 0.01)), ("# a/EY # bee #", (0.99, 0.99))])
def test_probabilities_stay_off_their_ends(text: str, bounds: Tuple[float, float]) -> None:
    lexicon = learned(utterances=(text,) * 1000)
    assert lexicon.silence is not None
    assert (lexicon.silence.probability, lexicon.silence_weights().after) == pytest.approx(bounds)


def test_what_does_not_fit_is_named() -> None:
    other = Lexicon.from_text("a AH\nbee B IY\n", OptionalSilence())
    with pytest.raises(LexiconError, match="utterance 'x' has 'a' at 0 s with the tokens 'EY', none of its pronuncia"):
        count_pronunciations([alignment("a/EY bee", "x")], other)
    with pytest.raises(LexiconError, match=r"'x' has 'SIL' at 0\.03 s a token outside of words"):
        count_pronunciations([alignment("a/AH # bee", "x")], replace(other, silence=None))
    with pytest.raises(LexiconError, match="hold no words"):
        count_pronunciations([], other)
    with pytest.raises(LexiconError, match="counts have 'a' as 'EY', which the lexicon lacks"):
        learn_weights(other, PronunciationCounts({(None, EY, False): 1, (EY, None, False): 1}))
    for name in ("pronunciation_smoothing", "silence_smoothing", "correction_smoothing"):
        with pytest.raises(LexiconError, match=f"{name} is 0, expected a number > 0"):
            WeightConfig(**{name: 0})

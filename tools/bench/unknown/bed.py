"""A test bed in which every tenth word said is not in the lexicon."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, FrozenSet, Iterator, List, Mapping, Sequence, Set, Tuple

from fsaasr.core.errors import CorpusError
from fsaasr.core.scores import Scores
from fsaasr.grammar import NgramModel, estimate_ngram
from fsaasr.lexicon import Lexicon, Pronunciation
from tools.bench.bed import Settings
from tools.bench.build import pronunciations, texts
from tools.bench.posteriors import LONGEST, SHORTEST, synthesize
from tools.bench.text import hold_out, sentences

Known = Mapping[str, Sequence[Tuple[str, ...]]]


@dataclass(frozen=True, eq=False)
class TestSet:
    """Scores, and the words of each of their utterances."""

    scores: Scores
    references: Dict[str, List[str]]


@dataclass(frozen=True, eq=False)
class OpenBed:
    """What is decoded with what.

    Attributes:
      spoken: lexicon of all words that are said.
      closed: lexicon of those that can be recognized.
      model: trigram of the latter.
      unknown_share: of the training text's words: those that `closed` lacks.
      dev, test: utterances in which a share of the words is unknown.
      known_dev, known: utterances of known words alone.
    """

    spoken: Lexicon
    closed: Lexicon
    model: NgramModel
    unknown_share: float
    dev: TestSet
    test: TestSet
    known_dev: TestSet
    known: TestSet


def make_bed(settings: Settings, root: Path, share: float) -> OpenBed:
    """The bed of these settings.

    The lexicon is cut to its most frequent words, as many as leave `share` of the words of the test sentences out.

    Args:
      settings: text, lexicon, words that are said, utterances of each set, error rate of the synthetic scores, seed.
      root: where the text is kept.
      share: of the words said that the recognizer does not know, in 0 .. 1.

    Raises:
      CorpusError: too little text.
    """
    train, held_out = hold_out(sentences(texts(settings, root)), settings.seed, 20 * settings.utterances)
    counts = Counter(word for sentence in train for word in sentence.split())
    known = pronunciations(settings, counts)
    spoken = [word for word, _ in counts.most_common() if word in known][: settings.words]
    said = _sayable(held_out, set(spoken))
    if len(said) < 4 * settings.utterances:
        raise CorpusError(f"bench: {len(said)} sentences can be said, {4 * settings.utterances} are needed; give more")
    sets = [said[: settings.utterances], said[settings.utterances : 2 * settings.utterances]]
    vocabulary = _vocabulary(spoken, sets[1], share)
    chosen = {sentence for part in sets for sentence in part}
    clean = [sentence for sentence in said if sentence not in chosen and vocabulary.issuperset(sentence.split())]
    sets += [clean[: settings.utterances], clean[settings.utterances : 2 * settings.utterances]]
    model = estimate_ngram(
        (sentence.split() for sentence in train),
        3,
        prune=(0, 1, 2),
        limit_vocabulary=vocabulary,
        extra_words=vocabulary,
    )
    total = sum(counts.values())
    lexicon = _lexicon(spoken, known)
    if len(clean) < 2 * settings.utterances:
        raise CorpusError(f"bench: {len(clean)} sentences have known words alone; give more text, or UTTERANCES=")
    parts = (_test_set(part, known, lexicon, settings, n) for n, part in enumerate(sets))
    closed = _lexicon(sorted(vocabulary), known)
    unknown_share = 1.0 - sum(counts[word] for word in vocabulary) / total
    return OpenBed(lexicon, closed, model, unknown_share, *parts)


def _sayable(held_out: Sequence[str], spoken: Set[str]) -> List[str]:
    """Sentences of words that can be said, in random order; those of other lengths last."""
    found = [sentence for sentence in held_out if spoken.issuperset(sentence.split())]
    random.Random(0).shuffle(found)
    return sorted(found, key=lambda sentence: not SHORTEST <= len(sentence.split()) <= LONGEST)


def _vocabulary(spoken: Sequence[str], said: Sequence[str], share: float) -> FrozenSet[str]:
    """The first words of `spoken`, as few as cover the rest of what is said."""
    counts = Counter(word for sentence in said for word in sentence.split())
    missing, total = sum(counts.values()), sum(counts.values())
    for rank, word in enumerate(spoken):
        if missing <= share * total:
            return frozenset(spoken[:rank])
        missing -= counts[word]
    return frozenset(spoken)


def _lexicon(words: Sequence[str], known: Known) -> Lexicon:
    return Lexicon(tuple(_entries(words, known)))


def _entries(words: Sequence[str], known: Known) -> Iterator[Pronunciation]:
    for word in sorted(words):
        for phones in dict.fromkeys(map(tuple, known[word])):
            yield Pronunciation(word, phones)


def _test_set(said: Sequence[str], known: Known, lexicon: Lexicon, settings: Settings, number: int) -> TestSet:
    columns = ("<blk>", *lexicon.tokens.names[1:])
    made, _ = synthesize(said, known, columns, len(said), settings.per, settings.seed + number)
    scores = Scores.from_matrices(made.matrices, made.frame_shift, ids=made.ids)
    return TestSet(scores, {name: words.split() for name, words in zip(made.ids, made.references)})

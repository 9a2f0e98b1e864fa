"""`python -m tools.bench.words`: words put into a graph at run time, against a graph built with them.

A class `$new` of a trigram model stands for words drawn from the vocabulary. The graph with the class as a slot gets
them at run time; the other one was compiled with them in its place.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple

import numpy as np

from fsaasr.core.files import atomic_path, write_json, write_text
from fsaasr.core.scores import Scores
from fsaasr.core.symbols import BLANK
from fsaasr.decode import SearchOptions, ctc_decoder, decode, one_best
from fsaasr.decode.search_graph import search_graph
from fsaasr.grammar import estimate_ngram, read_arpa, write_arpa
from fsaasr.graph import Graph, SlotGraph, TokenGraph, compile_slot_graph, compile_token_graph, load_graph, word_choice
from fsaasr.lexicon import Lexicon, Pronunciation, read_lexicon
from tools.bench.bed import Bed, Settings
from tools.bench.build import PRUNE, Step, build_text, by_word, make_missing, read_lines
from tools.bench.measure import ROOT, processor_seconds, say
from tools.bench.posteriors import FRAME_SHIFT, synthesize
from tools.bench.scores_file import read_scores, write_scores

SLOT = "$new"
RARE = 3
"""New words are drawn from the rarest words, so many times as many as are drawn."""
LETTERS = "|'abcdefghijklmnopqrstuvwxyz"
_NOTHING = np.zeros((20, 1 + len(LETTERS)), np.float32)
BEAM, LATTICE_BEAM, MAX_ACTIVE, MIN_ACTIVE = 12.0, 6.0, 10_000, 20


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Builds what is missing, measures, and prints a table; returns the exit status, 1 where results differ."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.words", description=__doc__)
    parser.add_argument("--text", help="file or folder; Debian's packages if not given")
    parser.add_argument("--lexicon", help="file of `word phone phone ...` lines, or `letters`; CMUdict if not given")
    parser.add_argument("--words", type=int, default=10_000, help="vocabulary, the new words among them")
    parser.add_argument("--new", type=int, default=1_000, help="words given at run time")
    parser.add_argument("--utterances", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path, default=ROOT / "build/bench")
    given = parser.parse_args(arguments)
    settings = Settings(text=given.text, lexicon=given.lexicon, words=given.words, utterances=given.utterances)
    bed = _build(settings, given.out, given.new)
    found = _measure(bed, given.rounds)
    write_json(given.out / "words.json", found)
    text = _table(found)
    write_text(given.out / "words.md", text)
    print(text)
    return 0 if found["greatest_score_difference"] < 1e-2 else 1


def _build(settings: Settings, root: Path, count: int) -> Path:
    """A folder with the lexicon's two parts, the language model, both graphs and scores."""
    bed = build_text(settings, root)
    folder = bed.folder / f"words-{count}"
    folder.mkdir(exist_ok=True)
    steps: List[Step] = [
        ("list of new words", folder / "new.txt", lambda: _draw(bed, folder, count)),
        ("class-based language model", folder / "class.arpa", lambda: _language_model(bed, folder)),
        ("graph with a slot", folder / "slot.graph", lambda: _slot_graph(bed, folder)),
        ("graph with the words", folder / "static.graph", lambda: _static_graph(bed, folder)),
        ("scores", folder / "scores.npz", lambda: _scores(bed, folder, settings)),
    ]
    make_missing(steps)
    return folder


def _draw(bed: Bed, folder: Path, count: int) -> None:
    known = read_lexicon(bed.lexicon, kind="lexicon")
    counts = Counter(word for line in read_lines(bed.train) for word in line.split() if word in known)
    rare = [word for word, _ in counts.most_common()][-RARE * count :]
    write_text(folder / "new.txt", "\n".join(sorted(random.Random(1).sample(rare, count))) + "\n")


def _parts(bed: Bed, folder: Path) -> Tuple[Lexicon, Lexicon]:
    """The lexicon without the new words, and theirs."""
    lexicon, new = read_lexicon(bed.lexicon, kind="lexicon"), set(read_lines(folder / "new.txt"))
    parts: Tuple[List[Pronunciation], List[Pronunciation]] = ([], [])
    for entry in lexicon.pronunciations:
        parts[entry.word in new].append(entry)
    return Lexicon(tuple(parts[0])), Lexicon(tuple(parts[1]))


def _language_model(bed: Bed, folder: Path) -> None:
    base, new = _parts(bed, folder)
    words = sorted([*base.words.names[1:], SLOT])
    lines = ([SLOT if word in new else word for word in line.split()] for line in read_lines(bed.train))
    model = estimate_ngram(lines, 3, prune=PRUNE, limit_vocabulary=words, extra_words=words)
    write_arpa(model, folder / "class.arpa")


def _slot_graph(bed: Bed, folder: Path) -> None:
    lexicon = read_lexicon(bed.lexicon, kind="lexicon")
    base, _ = _parts(bed, folder)
    compile_slot_graph(base, read_arpa(folder / "class.arpa"), "ctc", slots=[SLOT], tokens=lexicon.tokens).save(
        folder / "slot.graph"
    )


def _static_graph(bed: Bed, folder: Path) -> None:
    lexicon = read_lexicon(bed.lexicon, kind="lexicon")
    new = read_lines(folder / "new.txt")
    classes = {SLOT: word_choice(dict.fromkeys(new, 1 / len(new)), lexicon.words)}
    model = read_arpa(folder / "class.arpa")
    compile_token_graph(lexicon, model, "ctc", classes=classes).save(folder / "static.graph")


def _scores(bed: Bed, folder: Path, settings: Settings) -> None:
    columns = tuple(load_graph(folder / "static.graph").column_names)
    known = by_word(read_lexicon(bed.lexicon, kind="lexicon"))
    new = set(read_lines(folder / "new.txt"))
    saying_new = [line for line in read_lines(bed.held_out) if not new.isdisjoint(line.split())]
    scores, _ = synthesize(saying_new, known, columns, settings.utterances, settings.per, settings.seed)
    with atomic_path(folder / "scores.npz") as temporary:
        write_scores(temporary, scores)


def _measure(folder: Path, rounds: int) -> Dict[str, Any]:
    frame, static = SlotGraph.load(folder / "slot.graph"), TokenGraph.load(folder / "static.graph")
    new = set(read_lines(folder / "new.txt"))
    lexicon = read_lexicon(folder.parent / "lexicon.txt", kind="lexicon")
    entries = [(e.word, e.tokens) for e in lexicon.pronunciations if e.word in new]
    score_set = read_scores(folder / "scores.npz")
    scores = Scores.from_matrices(score_set.matrices, FRAME_SHIFT)
    load = os.getloadavg()[0]
    search_graph(frame.with_words({SLOT: entries[:10]}))
    ready = [_timed(lambda: search_graph(frame.with_words({SLOT: entries}))) for _ in range(max(rounds, 15))]
    slot = frame.with_words({SLOT: entries})
    graphs: Dict[str, Graph] = {"slot": slot, "static": static}
    options = SearchOptions(
        "native", search_beam=BEAM, lattice_beam=LATTICE_BEAM, max_active=MAX_ACTIVE, min_active=MIN_ACTIVE
    )
    seconds: Dict[str, Dict[str, List[float]]] = {name: {"lattice": [], "best": []} for name in graphs}
    for turn in range(rounds + 1):
        for name in list(graphs)[:: 1 if turn % 2 else -1]:
            say(f"round {turn} of {rounds}: {name}")
            lattice = _timed(partial(decode, graphs[name], scores, options))[1]
            best = _timed(partial(one_best, graphs[name], scores, options))[1]
            if turn:
                seconds[name]["lattice"].append(lattice)
                seconds[name]["best"].append(best)
    same = _compare(graphs, scores, options, new)
    closed = [_timed(lambda: ctc_decoder([BLANK, *LETTERS], list(lexicon.words)[1:])(_NOTHING))[1] for _ in range(3)]
    return {
        "new_words": len(new),
        "pronunciations": len(entries),
        "vocabulary": len(lexicon.words) - 1,
        "frame": [frame.frame.fst.num_states, frame.frame.fst.num_arcs],
        "places": len(frame.frame.returns),
        "slot_states": slot.contents.fst.num_states,
        "static": [static.fst.num_states, static.fst.num_arcs],
        "ready_ms": 1e3 * median(wall for wall, _ in ready),
        "ready_cpu_ms": 1e3 * median(cpu for _, cpu in ready),
        "seconds": {name: {kind: median(times) for kind, times in kinds.items()} for name, kinds in seconds.items()},
        "closed_list_seconds": median(closed),
        "audio_seconds": score_set.seconds,
        "rounds": rounds,
        "load": load,
        **same,
    }


def _timed(task: Callable[[], Any]) -> Tuple[float, float]:
    """Seconds by the clock and of the processor."""
    wall, cpu = time.perf_counter(), processor_seconds()
    task()
    return time.perf_counter() - wall, processor_seconds() - cpu


def _compare(graphs: Dict[str, Graph], scores: Scores, options: SearchOptions, new: Set[str]) -> Dict[str, Any]:
    """How far the best paths are apart; with a beam so wide that it drops no good path of either."""
    wide = replace(options, search_beam=2 * options.search_beam, max_active=100 * options.max_active)
    both = [one_best(graph, scores, wide) for graph in graphs.values()]
    pairs = list(zip(*both))
    return {
        "utterances": len(pairs),
        "same_words": sum(one.text == other.text for one, other in pairs),
        "greatest_score_difference": max(abs(one.score - other.score) for one, other in pairs),
        "new_words_found": sum(word.name in new for one, _ in pairs for word in one.words),
    }


def _table(found: Dict[str, Any]) -> str:
    slot, static = found["seconds"]["slot"], found["seconds"]["static"]
    rows = [
        ("words put into the slot", f"{found['new_words']} ({found['pronunciations']} pronunciations)"),
        ("ready to be searched after", f"{found['ready_ms']:.0f} ms ({found['ready_cpu_ms']:.0f} ms of processor)"),
        ("frame", f"{found['frame'][0]} states, {found['frame'][1]} arcs, {found['places']} places of the slot"),
        ("graph built with the words", f"{found['static'][0]} states, {found['static'][1]} arcs"),
        *(
            (f"{kind}, slot / static", f"{slot[kind]:.3f} s / {static[kind]:.3f} s = {slot[kind] / static[kind]:.3f}")
            for kind in slot
        ),
        ("same words", f"{found['same_words']} of {found['utterances']} utterances"),
        ("new words found", str(found["new_words_found"])),
        ("`ctc_decoder` with a list of all words, until its first result", f"{found['closed_list_seconds']:.2f} s"),
        ("greatest difference of best scores", f"{found['greatest_score_difference']:.1e}"),
    ]
    heading = (
        f"Vocabulary {found['vocabulary']}, {found['audio_seconds']:.0f} s of synthetic posteriors, processor time on "
        f"one core, medians of {found['rounds']} interleaved rounds; load average before it began: {found['load']:.1f}."
    )
    lines = ["# Words at run time", "", heading, "", "| | |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())

"""Writing HTK's Standard Lattice Format: words on links, times on nodes, the alignment as segments."""

from __future__ import annotations

from typing import Iterable, List

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.graph.decoding_graph import TOKEN_START, WORD_START
from fsaasr.lattice.check import check
from fsaasr.lattice.formats.column_runs import column_runs
from fsaasr.lattice.formats.slf_text import NULL, column_names, escaped
from fsaasr.lattice.formats.streams import writing
from fsaasr.lattice.scored_paths import ScoredPaths
from fsaasr.lattice.word_lattice import WordLattice


def write(lattices: Iterable[ScoredPaths], path: str) -> int:
    """Writes the one word lattice that is given.

    Raises:
      LatticeError: a lattice of frames, or a word that the format takes for none.
    """
    count = 0
    with writing(path) as file:
        for lattice in lattices:
            file.write(slf_text(lattice).encode())
            count += 1
    return count


def slf_text(lattice: ScoredPaths) -> str:
    """A word lattice as text; see `write`."""
    if not isinstance(lattice, WordLattice):
        raise LatticeError(
            f"SLF: utterance {lattice.utterance!r}: its arcs are frames, and SLF holds words with their times; make a "
            "word lattice of it first, with fsaasr.lattice.word_lattice"
        )
    if NULL in lattice.words:
        raise LatticeError(f"SLF: the word {NULL} means no word in SLF; rename it in the word table")
    check(lattice)
    ends = np.flatnonzero(~np.isneginf(lattice.final_score))
    # SLF has no final scores, and ends in the one node that no link leaves.
    is_plain = len(ends) == 1 and lattice.final_score[ends[0]] == 0 and ends[0] not in lattice.source
    links = [*_links(lattice), *([] if is_plain else _endings(lattice, ends))]
    frames = [*lattice.state_frame.tolist(), *([] if is_plain else [lattice.end_frame])]
    head = [
        "VERSION=1.0",
        f"UTTERANCE={escaped(lattice.utterance)}",
        f"# fsaasr: frame_shift={lattice.frame_shift!r} reached_final={int(lattice.reached_final)}",
        f"lmscale=1 wdpenalty=0 acscale=1{' prscale=1' if lattice.parts is not None else ''}",
        f"N={len(frames)} L={len(links)}",
    ]
    nodes = [f"I={state} t={frame * lattice.frame_shift:.12g}" for state, frame in enumerate(frames)]
    return "\n".join([*head, *nodes, *(f"J={number} {link}" for number, link in enumerate(links))]) + "\n"


def _links(lattice: WordLattice) -> List[str]:
    names = [NULL, *map(escaped, lattice.words.names[1:])]
    words = [names[label] for label in lattice.output_label.tolist()]
    graph = lattice.graph_score.astype(np.float64)
    columns = [lattice.source.tolist(), lattice.target.tolist(), words, lattice.acoustic_score.tolist()]
    line = "S=%d E=%d W=%s a=%.9g l=%.9g"
    if lattice.parts is not None:
        graph = graph - lattice.parts.pronunciation
        line += " r=%.9g"
    columns.append(graph.tolist())
    if lattice.parts is not None:
        columns.append(lattice.parts.pronunciation.tolist())
    if lattice.columns is not None:
        line += "%s"
        columns.append(_segments(lattice, lattice.columns))
    return [line % row for row in zip(*columns)]


def _endings(lattice: WordLattice, ends: npt.NDArray[np.int64]) -> List[str]:
    scores = lattice.final_score[ends].tolist()
    return [f"S={state} E={lattice.num_states} W={NULL} a=0 l={score:.9g}" for state, score in zip(ends, scores)]


def _segments(lattice: WordLattice, columns: npt.NDArray[np.int32]) -> List[str]:
    """` d=:a,0.03:b,0.01:` for each arc: runs of equal columns, cut where a token starts; empty without frames."""
    flags = lattice.column_flags
    runs = column_runs(lattice, columns, None if flags is None else (flags & (TOKEN_START | WORD_START)) > 0)
    names, shift = column_names(lattice.tokens, lattice.column_token), lattice.frame_shift
    texts = [f"{names[column]},{count * shift:.12g}:" for column, count in zip(runs.column, runs.length.tolist())]
    return [f" d=:{text}" if text else "" for text in runs.joined(texts, "")]

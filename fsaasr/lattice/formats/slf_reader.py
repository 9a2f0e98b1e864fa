"""From what an SLF file says to a word lattice.

Scores become natural logarithms under the scales of the header: acoustic score = acscale * a, graph score =
lmscale * l + ngscale * n + prscale * r + wdpenalty for each word, as HTK and SRILM add them up.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import List, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeFileError, SymbolError
from fsaasr.core.symbols import SymbolTable
from fsaasr.lattice.formats.assemble import LooseArcs, assemble_word_lattice
from fsaasr.lattice.formats.one_end import with_final_scores
from fsaasr.lattice.formats.slf_parser import Fields, Slf
from fsaasr.lattice.formats.slf_segments import read_segments
from fsaasr.lattice.formats.slf_text import NULL
from fsaasr.lattice.formats.symbols import LatticeSymbols
from fsaasr.lattice.word_lattice import GraphParts, WordLattice

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
SENTENCE_ENDS = ("<s>", "</s>", "!SENT_START", "!SENT_END")
"""What HTK, SRILM and others put at the beginning and end of a sentence."""
MOST_OFF = 0.25
"""Frames by which a time may miss a multiple of the frame shift."""


class SlfReader:
    """Reads one file's content; raises LatticeFileError, LatticeError or ValueError."""

    def __init__(self, slf: Slf, path: str, symbols: LatticeSymbols) -> None:
        self.slf = slf
        self.path = path
        self.symbols = symbols
        self.shift = float(slf.note.get("frame_shift", symbols.frame_shift))
        self.base = self._setting("base", math.e)
        if not 0 < self.shift < np.inf or self.base < 0 or self.base == 1:
            raise ValueError(f"a frame shift of {self.shift} seconds, or logarithms of base {self.base}")

    def lattice(self) -> WordLattice:
        """The lattice."""
        first = self._first_node()
        places = {node: place for place, node in enumerate(self.slf.nodes)}
        start, end = (np.array([places[n] for n in nodes], dtype=np.int64) for nodes in (self.slf.start, self.slf.end))
        frame = self._frames()
        label, words = self._labels()
        acoustic, lm, pronunciation = self._scores(label)
        lengths = frame[end] - frame[start]
        self._refuse_links(lengths < 0, "goes back in time")
        symbols, columns = read_segments(self.slf, self.path, lengths, replace(self.symbols, frame_shift=self.shift))
        loose = LooseArcs(start, end, label, acoustic, lm + pronunciation, self._ends(places), places[first])
        zeros = np.zeros(len(label), dtype=np.float32)
        with np.errstate(over="ignore"):  # infinity is refused later
            parts = GraphParts(lm.astype(np.float32), pronunciation.astype(np.float32), zeros, zeros)
        has_parts = any("r" in link for link in self.slf.links)
        keep, loose = with_final_scores(loose, lengths)
        made = assemble_word_lattice(
            self.slf.header["UTTERANCE"],
            loose,
            lengths[keep],
            replace(symbols, words=words),
            columns if columns is None else columns[np.repeat(keep, lengths)],
            parts.take(keep) if has_parts else None,
        )
        return replace(made, reached_final=self.slf.note.get("reached_final", "1") == "1")

    def _setting(self, name: str, default: float) -> float:
        value = float(self.slf.header.get(name, default))
        if not np.isfinite(value):
            raise ValueError(f"{name} is {value}")
        return value

    def _refuse_links(self, wrong: npt.NDArray[np.bool_], what: str) -> None:
        if wrong.any():
            link = int(np.argmax(wrong))
            raise LatticeFileError(self.path, self.slf.link_line[link], f"the link {what}")

    def _first_node(self) -> int:
        """The start; a word that stands at it gets a link of its own, from a node before it."""
        slf = self.slf
        starts = set(slf.nodes) - set(slf.end)
        if len(slf.nodes) > 1:
            starts &= set(slf.start)
        first = int(slf.header["start"]) if "start" in slf.header else min(starts, default=-1)
        if first not in slf.nodes or ("start" not in slf.header and len(starts) > 1):
            raise ValueError(f"{len(starts)} nodes without link to them; expected one, the start")
        if slf.nodes[first].get("W", NULL) == NULL:
            return first
        before = max(slf.nodes) + 1
        line = slf.node_line[list(slf.nodes).index(first)]
        slf.add_node(before, {"t": slf.nodes[first].get("t", "0")}, line)
        slf.add_link(before, first, {n: v for n, v in slf.nodes[first].items() if n in ("W", "a", "r")}, line)
        return before

    def _ends(self, places: dict[int, int]) -> Floats:
        """Final scores (S,): 0 at the end, or where no link leads on."""
        slf = self.slf
        ends = {int(slf.header["end"])} if "end" in slf.header else set(slf.nodes) - set(slf.start)
        if len(slf.nodes) > 1 and "end" not in slf.header:
            ends &= set(slf.end)
        if not ends <= set(slf.nodes):
            raise ValueError("the end is no node")
        score = np.full(len(slf.nodes), -np.inf)
        score[[places[node] for node in ends]] = 0.0
        return score

    def _frames(self) -> Ints:
        """Frame of each node."""
        scale = self._setting("tscale", 1.0) / self.shift
        times = self._floats(list(self.slf.nodes.values()), "t", self.slf.node_line)
        missing = np.isnan(times)
        if missing.any():
            line = self.slf.node_line[int(np.argmax(missing))]
            raise LatticeFileError(self.path, line, "a node without time (t=); a lattice has frames")
        frames = np.round(times * scale)
        with np.errstate(invalid="ignore"):  # infinity is wrong, too
            wrong = ~((np.abs(times * scale - frames) <= MOST_OFF) & (frames >= 0) & (frames < 1 << 31))
        if wrong.any():
            node = int(np.argmax(wrong))
            raise LatticeFileError(
                self.path,
                self.slf.node_line[node],
                f"time {times[node]} is no multiple of {self.shift} s; pass LatticeSymbols with the true frame shift",
            )
        return np.asarray(frames, dtype=np.int64)

    def _floats(self, rows: List[Fields], name: str, lines: List[int]) -> Floats:
        """Values of a field, NaN where it is missing."""
        values = np.full(len(rows), np.nan)
        for k, row in enumerate(rows):
            if name in row:
                try:
                    values[k] = float(row[name])
                except ValueError:
                    values[k] = np.nan
                if values[k] != values[k]:
                    raise LatticeFileError(self.path, lines[k], f"{name}={row[name][:40]}, expected a number")
        return values

    def _labels(self) -> Tuple[Ints, SymbolTable]:
        """Word of each link, and all words; `<s>` and its like are no words in a table that lacks them."""
        known = self.symbols.words
        has_table = len(known) > 1
        nothing = {NULL, *(name for name in SENTENCE_ENDS if has_table and name not in known)}
        found = [link.get("W", NULL) for link in self.slf.links]
        try:
            words = known if has_table else SymbolTable(dict.fromkeys(w for w in found if w != NULL))
            return np.array([0 if w in nothing else words[w] for w in found], dtype=np.int64), words
        except SymbolError as error:
            bad = next((k for k, w in enumerate(found) if w not in nothing and w not in known), 0)
            line = self.slf.link_line[bad]
            raise LatticeFileError(self.path, line, f"{error}; pass the words that belong to the lattice") from error

    def _scores(self, label: Ints) -> Tuple[Floats, Floats, Floats]:
        """Acoustic, LM and pronunciation score of each link, scaled."""
        scales = {"a": "acscale", "n": "ngscale", "l": "lmscale", "r": "prscale"}
        scored = {}
        for name, scale_name in scales.items():
            values, scale = self._floats(self.slf.links, name, self.slf.link_line), self._setting(scale_name, 1.0)
            scored[name] = scale * self._natural(values, name) if scale else np.zeros(len(values))
        penalty = self._setting("wdpenalty", 0.0)
        if penalty:
            scored["l"] = scored["l"] + np.where(label > 0, self._natural(np.array([penalty]), "wdpenalty")[0], 0.0)
        return scored["a"], scored["l"] + scored["n"], scored["r"]

    def _natural(self, values: Floats, name: str) -> Floats:
        """Values in the file's base as natural logarithms, 0 where there are none; base 0 stands for probabilities."""
        if self.base > 0:
            return np.where(np.isnan(values), 0.0, values * np.log(self.base))
        if np.any(values < 0):
            raise ValueError(f"{name}={values[values < 0][0]} where probabilities are announced (base=0)")
        with np.errstate(divide="ignore"):
            return np.where(np.isnan(values), 0.0, np.log(values))

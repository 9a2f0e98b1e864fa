"""This package's decoder, over the static graph and over the graph of tokens."""

from __future__ import annotations

from typing import Any, Dict, List

from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import Scores
from fsaasr.decode import SearchOptions, decode, one_best
from fsaasr.graph import load_graph
from fsaasr.lattice import Lattice
from tools.bench.runner import Found, Runner
from tools.bench.scores_file import ScoreSet


class OneBest(Runner):
    """`one_best`; the option `graph` says over which graph, all others are `SearchOptions`."""

    def load(self) -> None:
        options = dict(self.task.options)
        self.graph: Any = load_graph(getattr(self.bed, options.pop("graph")))
        self.options = options

    def prepare(self, scores: ScoreSet) -> Scores:
        return Scores.from_matrices(scores.matrices, scores.frame_shift, ids=scores.ids)

    def search(self, scores: Scores, beam: float) -> Any:
        return one_best(self.graph, scores, self.search_options(beam), self.task.threads)

    def search_options(self, beam: float) -> SearchOptions:
        """The options that all decoders have in common, and this one's own."""
        task = self.task
        return SearchOptions(
            search_beam=beam,
            lattice_beam=task.lattice_beam,
            max_active=task.max_active,
            min_active=task.min_active,
            **self.options,
        )

    def found(self, results: List[Hypothesis]) -> List[Found]:
        return [Found([word.name for word in result.words], result.score) for result in results]


class LatticeDecoder(OneBest):
    """`decode`, which gives lattices; also with another engine."""

    def search(self, scores: Scores, beam: float) -> List[Lattice]:
        return decode(self.graph, scores, self.search_options(beam), self.task.threads)

    def read_out(self, results: List[Lattice]) -> List[Hypothesis]:
        return [lattice.best_path() for lattice in results]

    def notes(self, results: List[Lattice], frames: int) -> Dict[str, Any]:
        return {"arcs_per_frame": sum(lattice.num_arcs for lattice in results) / frames}

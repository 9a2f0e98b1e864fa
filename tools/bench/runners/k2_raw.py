"""k2 by itself: `intersect_dense_pruned`, in batches, on a graph that k2 composed from the same L o G."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Tuple

import k2
import numpy as np
import torch

from tools.bench.runner import Found, Runner
from tools.bench.scores_file import ScoreSet

BATCH = 20
"""Utterances that are searched at once, alike in length."""

Batch = Tuple[List[int], Any]


class DensePruned(Runner):
    """Search to lattices; the arcs carry the number of their path, which is the least that k2 can carry along."""

    def load(self) -> None:
        with np.load(self.bed.k2_graph, allow_pickle=False) as file:
            self.graph = k2.Fsa(torch.from_numpy(file["arcs"]))
            self.word_ids, self.splits = file["words"], file["splits"]
        self.graph.path = torch.arange(self.graph.num_arcs, dtype=torch.int32)

    def prepare(self, scores: ScoreSet) -> List[Batch]:
        torch.set_num_threads(self.task.threads)
        self.words = json.loads(self.bed.words.read_text(encoding="utf-8"))
        order = sorted(range(len(scores.ids)), key=lambda n: -len(scores.matrices[n]))
        groups = [order[begin : begin + BATCH] for begin in range(0, len(order), BATCH)]
        return [(group, _dense([scores.matrices[n] for n in group])) for group in groups]

    def search(self, scores: List[Batch], beam: float) -> List[Tuple[List[int], Any]]:
        task = self.task
        with torch.no_grad():
            return [
                (
                    group,
                    k2.intersect_dense_pruned(
                        self.graph, dense, beam, task.lattice_beam, task.min_active, task.max_active
                    ),
                )
                for group, dense in scores
            ]

    def read_out(self, results: List[Tuple[List[int], Any]]) -> List[Tuple[List[int], Any]]:
        return [(group, k2.shortest_path(lattices, use_double_scores=True)) for group, lattices in results]

    def found(self, results: List[Tuple[List[int], Any]]) -> List[Found]:
        found: Dict[int, Found] = {}
        for group, paths in results:
            scores = paths.get_tot_scores(use_double_scores=True, log_semiring=False).tolist()
            for index, (n, score) in enumerate(zip(group, scores)):
                arcs = paths[index].path.tolist()
                words = [self.words[w] for a in arcs for w in self.word_ids[self.splits[a] : self.splits[a + 1]]]
                found[n] = Found(words, score if score > -np.inf else None)
        return [found[n] for n in sorted(found)]

    def notes(self, results: List[Tuple[List[int], Any]], frames: int) -> Dict[str, Any]:
        return {"arcs_per_frame": sum(lattices.num_arcs for _, lattices in results) / frames}


def _dense(matrices: List[Any]) -> Any:
    padded = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(matrix) for matrix in matrices], batch_first=True)
    segments = [[row, 0, len(matrix)] for row, matrix in enumerate(matrices)]
    return k2.DenseFsaVec(padded, torch.tensor(segments, dtype=torch.int32))

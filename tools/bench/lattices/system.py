"""A trained system's graph and scores as a bed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from typing import Optional

from fsaasr.core.files import atomic_path, write_json
from fsaasr.corpora import read_cuts
from fsaasr.features import compute_features
from fsaasr.graph import load_graph, to_openfst
from fsaasr.models import load_model
from tools.bench.bed import Bed
from tools.bench.scores_file import ScoreSet, write_scores


@dataclass(frozen=True)
class System:
    """A model directory, a decoding graph for it, the cuts to decode, and how acoustic scores are scaled.

    Attributes:
      arpa: the graph's language model, for rescoring; None where it is not to be measured.
    """

    model: str
    graph: str
    cuts: str
    acoustic_scale: float = 1.0
    utterances: int = 100
    arpa: Optional[str] = None


def system_bed(system: System, root: Path) -> Bed:
    """The bed under `root`, made where it is missing; without the files that only making a graph needs."""
    key = hashlib.sha256(repr(system).encode()).hexdigest()[:12]
    bed = Bed(root / f"system-{key}")
    if bed.facts.exists():
        return bed
    bed.folder.mkdir(parents=True, exist_ok=True)
    model, graph = load_model(system.model), load_graph(system.graph).expand()
    graph.save(bed.static_graph)
    with atomic_path(bed.openfst) as temporary:
        to_openfst(graph.fst).write(str(temporary))
    write_json(bed.words, list(graph.words.names))
    if system.arpa:
        copyfile(system.arpa, bed.arpa)
    cuts = list(read_cuts(system.cuts))[: system.utterances]
    scores = model.scores(compute_features(cuts, model.features))
    matrices = [system.acoustic_scale * matrix[:length] for matrix, length in zip(scores.log_probs, scores.lengths)]
    found = ScoreSet(("",) * matrices[0].shape[1], scores.frame_shift, tuple(scores.ids), matrices, ())
    with atomic_path(bed.scores) as temporary:
        write_scores(temporary, found)
    write_json(bed.facts, {"system": json.loads(json.dumps(system.__dict__)), "audio_seconds": found.seconds})
    return bed

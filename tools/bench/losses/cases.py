"""Batches to compute losses of: random words, pronunciations and scores; the same for the same case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, List

import numpy as np
import torch
from torch import Tensor

from fsaasr.core.symbols import SymbolTable
from fsaasr.graph import DecodingGraph, TranscriptCompiler, find_topology
from fsaasr.lexicon import Lexicon, OptionalSilence
from fsaasr.train import (
    FullSumOptions,
    MmiOptions,
    denominator_graph,
    full_sum_loss,
    mmi_loss,
    spoken_tokens,
    with_denominator_scores,
)

PHONES = [f"P{n}" for n in range(40)]
VOCABULARY = 500


@dataclass(frozen=True)
class Case:
    """What to compute.

    Attributes:
      topology: of the graphs. loss: `full sum`, or `LF-MMI` with a bigram of phones.
      frames: of each utterance. words: of each transcript. utterances: of the batch.
    """

    topology: str
    loss: str = "full sum"
    frames: int = 500
    words: int = 13
    utterances: int = 16

    @property
    def name(self) -> str:
        """In tables."""
        return f"{self.loss}, {self.topology}, {self.utterances} x {self.frames} frames"


CASES = [Case("hmm3"), Case("ctc"), Case("ctc", frames=125), Case("hmm1", "LF-MMI", frames=167)]
"""5 seconds at 100, 25 and 33 frames a second; 13 words of 2 to 6 phones."""
SMOKE = [Case("ctc", frames=20, words=2, utterances=2), Case("hmm1", "LF-MMI", frames=20, words=2, utterances=2)]


def loss_of(case: Case, backend: str) -> Callable[[Tensor, Tensor], Tensor]:
    """Scores and lengths to the losses (N,), the graphs being built."""
    rng = np.random.default_rng(0)
    lines = (f"w{n} {' '.join(rng.choice(PHONES, rng.integers(2, 7)))}\n" for n in range(VOCABULARY))
    lexicon = Lexicon(Lexicon.from_text("".join(lines)).pronunciations, OptionalSilence())
    texts = [" ".join(f"w{n}" for n in rng.integers(VOCABULARY, size=case.words)) for _ in range(2000)]
    compiler = TranscriptCompiler(lexicon, case.topology)
    graphs: List[DecodingGraph] = [compiler.compile(text.split()) for text in texts[: case.utterances]]
    if case.loss == "full sum":
        return lambda scores, lengths: full_sum_loss(scores, lengths, graphs, None, FullSumOptions(backend))
    below = denominator_graph(spoken_tokens(texts, lexicon, 0), lexicon.tokens, case.topology, order=2)
    above = [with_denominator_scores(graph, below) for graph in graphs]
    return lambda scores, lengths: mmi_loss(scores, lengths, above, below, None, MmiOptions(backend))


def scores_of(case: Case) -> Tensor:
    """float32 (N, T, C) log posteriors."""
    columns = len(find_topology(case.topology).columns(SymbolTable([*PHONES, "SIL"])).names)
    noise = torch.randn(case.utterances, case.frames, columns, generator=torch.Generator().manual_seed(0))
    return torch.log_softmax(noise.mul(2.0), 2)


def lengths_of(case: Case) -> Tensor:
    """int64 (N,) frames of each utterance."""
    return torch.full((case.utterances,), case.frames)

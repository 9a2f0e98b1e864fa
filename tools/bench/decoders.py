"""What is compared: one entry a decoder."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping, Optional, Tuple


@dataclass(frozen=True)
class Decoder:
    """A decoder, and how it is run.

    Attributes:
      name: as the table has it.
      runner: module and class under `tools.bench.runners`.
      lattice: whether its result is a lattice, or the best path alone.
      threads: numbers of threads to run it with.
      beams: in place of the sweep, for a decoder whose beam is something else.
      options: of this decoder alone.
      own: whether it is this package's.
      environment: `bench` or `bench-kaldi`.
    """

    name: str
    runner: str
    lattice: bool
    threads: Tuple[int, ...] = (1,)
    beams: Optional[Tuple[float, ...]] = None
    options: Mapping[str, Any] = field(default_factory=dict)
    own: bool = False
    environment: str = "bench"


def _own(name: str, runner: str, graph: str, **options: Any) -> Decoder:
    """A row of this package's decoder; `options` are further `SearchOptions`."""
    lattice = runner == "LatticeDecoder"
    return Decoder(f"fsaasr {name}", f"native:{runner}", lattice, (1, 2), options={"graph": graph, **options}, own=True)


REFERENCE = "kaldi-hmm-gmm LatticeFasterDecoder"
"""Whose words and scores the others' are compared with."""

DECODERS = (
    _own("one-best", "OneBest", "static_graph"),
    _own("lattice", "LatticeDecoder", "static_graph"),
    _own("one-best, graph of tokens", "OneBest", "token_graph"),
    _own("lattice, graph of tokens", "LatticeDecoder", "token_graph"),
    _own("one-best, graph of tokens, sure blanks skipped", "OneBest", "token_graph", blank_threshold=0.95),
    Decoder("kaldi-decoder FasterDecoder", "kaldi_decoder:FasterDecoder", False),
    Decoder(REFERENCE, "kaldi_hmm_gmm:LatticeFasterDecoder", True, environment="bench-kaldi"),
    Decoder("k2", "k2_raw:DensePruned", True),
    Decoder(
        "fsaasr with engine k2",
        "native:LatticeDecoder",
        True,
        options={"graph": "static_graph", "engine": "k2"},
    ),
    Decoder("flashlight-text + KenLM", "flashlight:LexiconDecoder", False, beams=(500.0,)),
)

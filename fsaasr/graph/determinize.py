"""Determinization that ends: under a state and a time budget, and with a reason when it fails."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Optional

import pynini
import pywrapfst

from fsaasr.core.errors import GraphBudgetError, GraphError
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.openfst import from_openfst, to_openfst
from fsaasr.graph.twins import Twins, find_twins

_SMALL = 20_000
"""Below this many states a graph is checked for twins first, which is then cheap."""

Describe = Callable[[Twins], str]


@dataclass(frozen=True)
class Budget:
    """What one determinization may cost.

    Attributes:
      seconds: wall-clock time.
      gigabytes: memory.
      states: size of the result; None for no limit.
    """

    seconds: float = 900.0
    gigabytes: float = 16.0
    states: Optional[int] = None


def determinize(
    fst: pynini.Fst, budget: Optional[Budget] = None, describe: Optional[Describe] = None, bounded: bool = False
) -> FstArrays:
    """An equivalent transducer without two arcs of one label at a state (Mohri 1997).

    Epsilon counts as a symbol. Weights and outputs come as early as they can, weights in the log semiring:
    probabilities of paths with the same input and output add up.

    Args:
      fst: transducer over the tropical semiring.
      budget: enforced on every graph with loops; if None, a default one on those that might need it.
      describe: words a witness for the message, e.g. by naming its symbols.
      bounded: the caller knows that the result is about as large as `fst`.

    Raises:
      GraphError: one input has two outputs; names the input.
      GraphBudgetError: twins drift apart for ever, or the budget did not suffice.
    """
    in_process = fst.properties(pywrapfst.ACYCLIC, True) == pywrapfst.ACYCLIC
    if not in_process and budget is None:
        in_process = bounded or _is_harmless(fst, describe)
    result = _in_process(fst) if in_process else _in_child(fst, budget or Budget())
    if result is None:
        raise _failure(fst, budget or Budget(), describe)
    return result


def _is_harmless(fst: pynini.Fst, describe: Optional[Describe]) -> bool:
    """Whether determinization is known to end soon; raises where it is known not to end."""
    if fst.num_states() >= _SMALL:
        return False
    search = find_twins(from_openfst(fst), max_pairs=10_000)
    if search.twins is not None:
        raise _twin_error(search.twins, describe)
    # Without twins it ends, but perhaps after exponentially many states.
    return search.complete and search.width <= 10


def _in_process(fst: pynini.Fst) -> Optional[FstArrays]:
    try:
        # Weights that move forward as log-sums guide a pruned search better than maxima do.
        return from_openfst(pynini.determinize(pynini.arcmap(fst, map_type="to_log")))
    except pywrapfst.FstOpError:
        return None


def _in_child(fst: pynini.Fst, budget: Budget) -> Optional[FstArrays]:
    """OpenFst cannot be interrupted, so what might not end is done by a process that can be."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.fst", Path(folder) / "out.fst"
        fst.write(str(source))
        command = [sys.executable, "-c", _CHILD, str(source), str(target), str(int(budget.gigabytes * 2**30))]
        try:
            subprocess.run(command, timeout=budget.seconds, check=True, capture_output=True)
        except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
            return None
        result = from_openfst(pywrapfst.Fst.read(str(target)))
    return result if budget.states is None or result.num_states <= budget.states else None


_CHILD = """
import resource, sys
import pynini
source, target, limit = sys.argv[1:]
_, hard = resource.getrlimit(resource.RLIMIT_AS)
resource.setrlimit(resource.RLIMIT_AS, (int(limit) if hard < 0 else min(int(limit), hard), hard))
pynini.determinize(pynini.arcmap(pynini.Fst.read(source), map_type="to_log")).write(target)
"""


def _failure(fst: pynini.Fst, budget: Budget, describe: Optional[Describe]) -> GraphError:
    twins = find_twins(from_openfst(fst)).twins
    if twins is not None:
        return _twin_error(twins, describe)
    states = "" if budget.states is None else f", gave over {budget.states} states"
    return GraphBudgetError(
        f"determinize: {fst.num_states()} states took over {budget.seconds:g} s or {budget.gigabytes:g} GB{states}; "
        "no cause was found near the start: raise the budget, or prune the language model"
    )


def _twin_error(twins: Twins, describe: Optional[Describe]) -> GraphError:
    text = describe(twins) if describe else f"input {list(twins.inputs)}, outputs {twins.outputs}"
    if twins.problem == "ambiguous":
        return GraphError(f"determinize: one input has two outputs: {text}; add disambiguation symbols")
    return GraphBudgetError(
        f"determinize: two paths with the same input drift apart for ever: {text}; "
        "make them differ by a disambiguation symbol, or give both loops equal weights and outputs"
    )


def minimize(fst: FstArrays, quantum: float = 2.0**-14) -> FstArrays:
    """Merges states with equal futures; input label, output label and score of an arc count as one symbol.

    As Kaldi's `fstminimizeencoded`: weights and outputs stay where determinization put them, which is
    early, and the result is a deterministic transducer if the input was one.

    Args:
      quantum: scores are rounded to multiples of this first, so that rounding noise separates no states.
    """
    score = (fst.score / quantum).round() * quantum
    final_score = (fst.final_score / quantum).round() * quantum
    encoded = to_openfst(replace(fst, score=score, final_score=final_score))
    mapper = pywrapfst.EncodeMapper(encoded.arc_type(), encode_labels=True, encode_weights=True)
    encoded.encode(mapper)
    encoded.minimize()
    encoded.decode(mapper)
    return from_openfst(encoded)

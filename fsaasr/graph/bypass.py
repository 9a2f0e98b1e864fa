"""Epsilon arcs that disambiguation symbols leave behind, taken out where that makes a graph smaller."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fsaasr.graph.fst_arrays import FstArrays


def bypass_epsilons(fst: FstArrays) -> FstArrays:
    """Leads arcs past states that have nothing but one epsilon arc.

    Such a state follows each word that needed a disambiguation symbol. Every path keeps its labels and
    score; only paths that end in the state itself, or that would then carry two words on one arc, stay
    as they are. States that nothing reaches any more remain, to be dropped by OpenFst's connection.

    A state that other epsilons enter too is not led to directly: composition tells states entered by an
    epsilon from states entered by a token, and would keep it twice.
    """
    first = np.minimum(fst.arc_offsets[:-1], max(fst.num_arcs - 1, 0))
    epsilon = fst.input_label == 0
    single = (np.diff(fst.arc_offsets) == 1) & np.isneginf(fst.final_score)
    if not (epsilon.any() and single.any()):
        return fst
    single &= epsilon[first]
    entered = np.zeros(fst.num_states, dtype=np.bool_)
    entered[fst.next_state[epsilon & ~single[fst.source_state]]] = True
    only_epsilon = single & ~entered[fst.next_state[first]]
    # An arc may skip several such states in a row; a chain ends after as many rounds as it has states.
    target, output, score = fst.next_state.copy(), fst.output_label.copy(), fst.score.copy()
    for _ in range(fst.num_states):
        via = first[target]
        word = fst.output_label[via]
        skip = only_epsilon[target] & ((output == 0) | (word == 0)) & (fst.next_state[via] != target)
        if not skip.any():
            break
        via, word = via[skip], word[skip]
        score[skip] += fst.score[via]
        output[skip] += word
        target[skip] = fst.next_state[via]
    return replace(fst, next_state=target, output_label=output, score=score)

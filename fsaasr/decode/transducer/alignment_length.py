"""Alignment-length synchronous beam search: all hypotheses have as many blanks and tokens together."""

from __future__ import annotations

from typing import List

import numpy as np

from fsaasr.decode.fusion import Fusion
from fsaasr.decode.transducer.asking import Ask, Asking
from fsaasr.decode.transducer.beam_options import BeamOptions
from fsaasr.decode.transducer.contexts import Contexts
from fsaasr.decode.transducer.hypotheses import Spoken, beginning, best_of, best_tokens, blank, merged, said
from fsaasr.decode.transducer.joint import TokenPath


def alignment_length_search(
    frames: int, contexts: Contexts, columns: int, options: BeamOptions, fusion: Fusion
) -> Asking[List[TokenPath]]:
    """Searches one utterance; each step is one more blank or token of every hypothesis. Saon et al. 2020.

    Args:
      frames: T. contexts: shared by a batch. columns: C.
      options: how to search. fusion: what is added to scores.

    Returns:
      Hypotheses, best first. Those that say their last blank in a step compete with the others of that step once more.
    """
    alive: List[Spoken] = [beginning(fusion, columns)]
    complete: List[Spoken] = []
    most = options.most_tokens(frames)
    for step in range(frames + most):
        # A hypothesis of u tokens after i steps has said i - u blanks, and so stands at that frame.
        place = np.array([step - len(spoken.labels) for spoken in alive])
        rows = yield Ask(place, np.array([spoken.context for spoken in alive]))
        passed = [blank(spoken, float(row[0])) for spoken, row in zip(alive, rows)]
        # Beside those that say a blank, no more than these can be among the best.
        chosen = best_tokens(alive, rows, options.beam + len(alive))
        chosen = [each for each in chosen if len(each[0].labels) < most]
        more = said(chosen, [step - len(spoken.labels) for spoken, _, _ in chosen], contexts, fusion)
        pool = best_of(merged([*passed, *more]), options.beam)
        ends = [step + 1 - len(spoken.labels) == frames for spoken in pool]
        complete += [spoken for spoken, end in zip(pool, ends) if end]
        alive = [spoken for spoken, end in zip(pool, ends) if not end]
        if not alive or _is_over(alive, complete, options.beam, fusion):
            break
    return sorted((spoken.path() for spoken in complete), key=lambda path: -path.total)[: options.beam]


def _is_over(alive: List[Spoken], complete: List[Spoken], beam: int, fusion: Fusion) -> bool:
    """Whether nothing that goes on can be among the best any more: scores only fall, and all of them together."""
    if fusion.may_gain or len(complete) < beam:
        return False
    together = float(np.logaddexp.reduce([spoken.total for spoken in alive]))
    return together < sorted(spoken.path().total for spoken in complete)[-beam]

"""Time-synchronous beam search: all hypotheses stand at the same frame."""

from __future__ import annotations

from typing import List

import numpy as np

from fsaasr.decode.fusion import Fusion
from fsaasr.decode.transducer.asking import Ask, Asking
from fsaasr.decode.transducer.beam_options import BeamOptions
from fsaasr.decode.transducer.contexts import Contexts
from fsaasr.decode.transducer.hypotheses import Spoken, beginning, best_of, best_tokens, blank, merged, said
from fsaasr.decode.transducer.joint import TokenPath


class TimeSynchronous:
    """The search of one utterance; frames may come in pieces, which changes nothing.

    Within a frame hypotheses say one token after another; those that have said their blank and those that are still
    speaking compete for one beam, so that a beam of 1 is greedy search. Graves 2012, with the tokens of a frame limited
    as in Saon et al. 2020.
    """

    def __init__(self, contexts: Contexts, columns: int, options: BeamOptions, fusion: Fusion) -> None:
        """Args:
        contexts: shared by a batch. columns: C.
        options: how to search. fusion: what is added to scores.
        """
        self._contexts, self._options, self._fusion = contexts, options, fusion
        self._alive: List[Spoken] = [beginning(fusion, columns)]
        self.frames = 0

    def advance(self, count: int) -> Asking[None]:
        """Passes the next `count` frames, of which it asks as 0 .. count - 1."""
        for frame in range(count):
            yield from self._pass(frame)
            self.frames += 1

    def _pass(self, frame: int) -> Asking[None]:
        single = self._options.topology == "one-per-frame"
        steps = 1 if single else self._options.max_symbols + 1
        speaking = self._alive
        done: List[Spoken] = []
        for step in range(steps):
            ask = np.array([spoken.context for spoken in speaking])
            rows = yield Ask(np.full(len(speaking), frame), ask)
            done = merged([*done, *(blank(spoken, float(row[0])) for spoken, row in zip(speaking, rows))])
            if step == steps - 1 and not single:
                break
            # Beside those that are done, no more than these can be among the best.
            chosen = best_tokens(speaking, rows, self._options.beam + (len(done) if single else 0))
            more = said(chosen, [self.frames] * len(chosen), self._contexts, self._fusion)
            if single:
                done = merged([*done, *more])
                break
            kept = best_of([*done, *merged(more)], self._options.beam)
            finished = {id(spoken) for spoken in done}
            done = [spoken for spoken in kept if id(spoken) in finished]
            speaking = [spoken for spoken in kept if id(spoken) not in finished]
            if not speaking:
                break
        self._alive = best_of(done, self._options.beam)

    def nbest(self) -> List[TokenPath]:
        """Hypotheses so far, best first, with the language models' scores of ending here."""
        return sorted((spoken.path() for spoken in self._alive), key=lambda path: -path.total)

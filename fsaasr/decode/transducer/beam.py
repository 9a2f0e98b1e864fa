"""`beam_search`: n best token sequences of a batch, without a graph."""

from __future__ import annotations

from typing import List, Sequence

from torch import Tensor

from fsaasr.core.errors import DecodeError
from fsaasr.decode.fusion import ALONE, Fusion
from fsaasr.decode.transducer.alignment_length import alignment_length_search
from fsaasr.decode.transducer.asking import Asking, answer
from fsaasr.decode.transducer.beam_options import BeamOptions
from fsaasr.decode.transducer.contexts import Contexts
from fsaasr.decode.transducer.joint import JointModel, TokenPath
from fsaasr.decode.transducer.time_synchronous import TimeSynchronous

DEFAULTS = BeamOptions()


def beam_search(
    model: JointModel,
    encoded: Sequence[Tensor],
    options: BeamOptions = DEFAULTS,
    fusion: Fusion = ALONE,
) -> List[List[TokenPath]]:
    """Searches N utterances; each gets the same as when it is searched alone.

    Args:
      model: predictor and joiner.
      encoded: N (T_n, J), T_n >= 1.
      options: in which order, how wide.
      fusion: language models and rewards, without an internal language model that is still to be made.

    Returns:
      Of each utterance at most `beam` different token sequences, best first by `TokenPath.total`; their scores are
      log-sums over the alignments that the search passed, each token's frame is that of the best alignment.

    Raises:
      DecodeError: an utterance without frames.
    """
    if any(len(rows) == 0 for rows in encoded):
        raise DecodeError("beam_search: an utterance without frames; drop empty utterances")
    contexts, columns = Contexts(model), model.num_columns
    if options.order == "alignment":
        searches = [alignment_length_search(len(rows), contexts, columns, options, fusion) for rows in encoded]
    else:
        searches = [_by_time(TimeSynchronous(contexts, columns, options, fusion), len(rows)) for rows in encoded]
    return answer(model, contexts, encoded, searches)


def _by_time(search: TimeSynchronous, frames: int) -> Asking[List[TokenPath]]:
    yield from search.advance(frames)
    return search.nbest()

"""Search: scores and a graph in, lattices, alignments and posteriors out."""

from fsaasr.decode.align import BestArcs, align, viterbi
from fsaasr.decode.align_confidence import frame_confidence
from fsaasr.decode.align_long import align_long, is_long
from fsaasr.decode.ctc_decoder import CtcDecoder, CtcOptions, ctc_decoder
from fsaasr.decode.endpoint import ENDPOINT_RULES, EndpointRule
from fsaasr.decode.engine import decode, one_best
from fsaasr.decode.fallback import SpellingFallback, fill_empty, spelling_fallback
from fsaasr.decode.forward_backward import ForwardBackward, forward_backward, forward_backward_batch
from fsaasr.decode.hotword_lm import HotwordTokenLm
from fsaasr.decode.k2_stream import K2Decoder
from fsaasr.decode.on_the_fly import OnTheFlyLm
from fsaasr.decode.options import ENGINES, SearchOptions
from fsaasr.decode.pauses import Piece, cut_at_pauses
from fsaasr.decode.prefix_decoder import PrefixDecoder, PrefixOptions, prefix_decoder
from fsaasr.decode.streaming import Decoder, advance_all

__all__ = [
    "ENDPOINT_RULES",
    "ENGINES",
    "BestArcs",
    "CtcDecoder",
    "CtcOptions",
    "Decoder",
    "EndpointRule",
    "ForwardBackward",
    "HotwordTokenLm",
    "K2Decoder",
    "OnTheFlyLm",
    "Piece",
    "PrefixDecoder",
    "PrefixOptions",
    "SearchOptions",
    "SpellingFallback",
    "advance_all",
    "align",
    "align_long",
    "ctc_decoder",
    "cut_at_pauses",
    "decode",
    "fill_empty",
    "forward_backward",
    "forward_backward_batch",
    "frame_confidence",
    "is_long",
    "one_best",
    "prefix_decoder",
    "spelling_fallback",
    "viterbi",
]

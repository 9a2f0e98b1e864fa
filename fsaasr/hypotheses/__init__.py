"""Hypotheses as files: read and written in the formats of the field, chosen by file name."""

from fsaasr.hypotheses.check import Timeless, words_without_times
from fsaasr.hypotheses.ctm import read_ctm, write_ctm
from fsaasr.hypotheses.cues import Cue, CueRules, make_cues
from fsaasr.hypotheses.formats import (
    FORMATS,
    check_formats,
    export_hypotheses,
    format_of,
    read_hypotheses,
    read_placed,
    read_words,
    write_hypotheses,
)
from fsaasr.hypotheses.json_lines import read_jsonl, write_jsonl
from fsaasr.hypotheses.kaldi_nbest import grouped, numbered, read_nbest, write_nbest
from fsaasr.hypotheses.kaldi_text import read_speakers, read_transcripts, write_transcripts
from fsaasr.hypotheses.placement import Placed, Placement, place
from fsaasr.hypotheses.srt import read_srt, write_srt
from fsaasr.hypotheses.supervisions import from_supervisions, read_supervisions, to_supervisions, write_supervisions
from fsaasr.hypotheses.textgrid import read_textgrid, write_textgrid
from fsaasr.hypotheses.webvtt import read_vtt, write_vtt

__all__ = [
    "FORMATS",
    "Cue",
    "CueRules",
    "Placed",
    "Placement",
    "Timeless",
    "check_formats",
    "export_hypotheses",
    "format_of",
    "from_supervisions",
    "grouped",
    "make_cues",
    "numbered",
    "place",
    "read_ctm",
    "read_hypotheses",
    "read_jsonl",
    "read_nbest",
    "read_placed",
    "read_speakers",
    "read_srt",
    "read_supervisions",
    "read_textgrid",
    "read_transcripts",
    "read_vtt",
    "read_words",
    "to_supervisions",
    "words_without_times",
    "write_ctm",
    "write_hypotheses",
    "write_jsonl",
    "write_nbest",
    "write_srt",
    "write_supervisions",
    "write_textgrid",
    "write_transcripts",
    "write_vtt",
]

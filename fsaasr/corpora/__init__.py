"""Corpora: a directory in, Lhotse cuts out."""

from fsaasr.corpora.an4 import An4Options, prepare_an4
from fsaasr.corpora.audio import open_recording, read_samples, write_wav
from fsaasr.corpora.connected import StringOptions
from fsaasr.corpora.fetch import fetch_fsdd, internet_reachable
from fsaasr.corpora.fsdd import FsddOptions, prepare_fsdd
from fsaasr.corpora.kaldi import KaldiOptions, prepare_kaldi, read_kaldi_dir
from fsaasr.corpora.kaldi_export import write_kaldi_dir
from fsaasr.corpora.lhotse_corpus import LhotseOptions, prepare_lhotse
from fsaasr.corpora.librispeech import LibriSpeechOptions, fetch_librispeech, prepare_librispeech
from fsaasr.corpora.manifests import check_cuts, make_cut, manifest_path, read_cuts, write_cuts
from fsaasr.corpora.registry import CORPORA, prepare
from fsaasr.corpora.speechocean762 import Speechocean762Options, prepare_speechocean762
from fsaasr.corpora.synthetic import SyntheticOptions, prepare_synthetic, synthesise_digits
from fsaasr.corpora.yesno import YesnoOptions, prepare_yesno

__all__ = [
    "CORPORA",
    "An4Options",
    "FsddOptions",
    "KaldiOptions",
    "LhotseOptions",
    "LibriSpeechOptions",
    "Speechocean762Options",
    "StringOptions",
    "SyntheticOptions",
    "YesnoOptions",
    "check_cuts",
    "fetch_fsdd",
    "fetch_librispeech",
    "internet_reachable",
    "make_cut",
    "manifest_path",
    "open_recording",
    "prepare",
    "prepare_an4",
    "prepare_fsdd",
    "prepare_kaldi",
    "prepare_lhotse",
    "prepare_librispeech",
    "prepare_speechocean762",
    "prepare_synthetic",
    "prepare_yesno",
    "read_cuts",
    "read_kaldi_dir",
    "read_samples",
    "synthesise_digits",
    "write_cuts",
    "write_kaldi_dir",
    "write_wav",
]

from __future__ import annotations

import dataclasses

import pytest

from fsaasr.core.errors import ConfigError, CorpusError
from fsaasr.corpora import CORPORA, FsddOptions, StringOptions, prepare, prepare_fsdd


def test_prepare_is_the_corpus_own_function(fsdd_dir, tmp_path):
    options = {"style": "connected", "num_strings": [3, 3, 3], "strings": {"max_words": 2}}
    by_name = prepare("fsdd", fsdd_dir, tmp_path / "out", **options)
    strings = StringOptions(max_words=2)
    direct = prepare_fsdd(
        fsdd_dir, tmp_path / "direct", FsddOptions(style="connected", num_strings=(3, 3, 3), strings=strings)
    )
    for split in ("train", "dev", "test"):
        assert [cut.supervisions for cut in by_name[split]] == [cut.supervisions for cut in direct[split]]


def test_every_corpus_loads_and_has_usable_defaults():
    for corpus in CORPORA.values():
        function, options = corpus.load()
        assert callable(function)
        assert dataclasses.is_dataclass(options())


def test_unknown_corpus_and_option_are_named(tmp_path):
    with pytest.raises(CorpusError, match=r"no corpus 'fdds'; there are an4, fsdd"):
        prepare("fdds", tmp_path, tmp_path)
    with pytest.raises(ConfigError, match="prepare fsdd: key 'stile'"):
        prepare("fsdd", tmp_path, tmp_path, stile="isolated")

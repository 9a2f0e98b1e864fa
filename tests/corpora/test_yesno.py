from __future__ import annotations

import pytest

from fsaasr.core.errors import ConfigError, CorpusError
from fsaasr.corpora import YesnoOptions, prepare_yesno
from tests.corpora.conftest import write_tone


def ids(cuts) -> list[int]:
    """The numbers whose binary digits the toy corpus' names are."""
    return [int(cut.id.replace("_", ""), 2) for cut in cuts]


def test_kaldi_split_is_first_and_second_half(yesno_dir, tmp_path):
    cuts = prepare_yesno(yesno_dir, tmp_path / "out")
    assert {split: ids(part) for split, part in cuts.items()} == {
        "train": [0, 1, 2, 3],
        "dev": [4],
        "test": [5, 6, 7, 8, 9],
    }


def test_alternate_split_is_lhotses(yesno_dir, tmp_path):
    cuts = prepare_yesno(yesno_dir, tmp_path / "out", YesnoOptions(split="alternate", dev_every=2))
    # lhotse/recipes/yesno.py: wave_files[::2] for training, wave_files[1::2] for test.
    assert ids(cuts["test"]) == [1, 3, 5, 7, 9]
    assert sorted(ids(cuts["train"]) + ids(cuts["dev"])) == [0, 2, 4, 6, 8]


def test_words_come_from_the_name(yesno_dir, tmp_path):
    cut = prepare_yesno(yesno_dir / "waves_yesno", tmp_path / "out")["test"][0]
    assert cut.id == "0_0_0_0_0_1_0_1"
    assert cut.supervisions[0].text == "NO NO NO NO NO YES NO YES"


def test_odd_name_rate_and_options_are_named(yesno_dir, tmp_path, rng):
    with pytest.raises(ConfigError, match="dev_every"):
        YesnoOptions(dev_every=1)
    write_tone(yesno_dir / "waves_yesno" / "maybe.wav", rng)
    with pytest.raises(CorpusError, match=r"maybe\.wav: expected a name"):
        prepare_yesno(yesno_dir, tmp_path / "out")
    (yesno_dir / "waves_yesno" / "maybe.wav").unlink()
    write_tone(yesno_dir / "waves_yesno" / "1_1.wav", rng, rate=44100)
    with pytest.raises(CorpusError, match=r"1_1\.wav: sampling rate is 44100 Hz"):
        prepare_yesno(yesno_dir, tmp_path / "out")


def test_too_few_recordings_leave_an_empty_split(tmp_path, rng):
    write_tone(tmp_path / "yesno" / "0_1.wav", rng)
    write_tone(tmp_path / "yesno" / "1_1.wav", rng)
    with pytest.raises(CorpusError, match="split 'dev': no cuts"):
        prepare_yesno(tmp_path / "yesno", tmp_path / "out")

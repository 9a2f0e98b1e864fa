"""The published corpora themselves, and the cards that describe them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from fsaasr.corpora import CORPORA, FsddOptions, prepare_an4, prepare_fsdd, prepare_speechocean762, prepare_yesno
from fsaasr.corpora.fetch import FSDD_COMMIT, FSDD_DIGEST, FSDD_URL, folder_digest
from fsaasr.corpora.fsdd import DIGITS
from fsaasr.corpora.synthetic import SPEAKERS
from fsaasr.lexicon import read_lexicon

ROOT = Path(__file__).resolve().parents[2]
CARDS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((ROOT / "data" / "corpora").glob("*.yaml"))}


def corpus(name: str) -> Path:
    folder = ROOT.parent / "shared" / "corpora" / name
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    return folder


def test_every_published_corpus_has_a_card():
    # Two are formats, not corpora.
    assert set(CARDS) == set(CORPORA) - {"kaldi", "lhotse"}
    for name, card in CARDS.items():
        assert card["name"] == name
        assert {"title", "licence", "homepage", "url", "sha256", "splits"} <= card.keys()


def test_cards_agree_with_the_code():
    card = CARDS["fsdd"]
    assert (card["commit"], card["url"], card["sha256"]) == (FSDD_COMMIT, FSDD_URL, FSDD_DIGEST)
    assert card["words"] == CARDS["synthetic"]["words"] == list(DIGITS)
    assert CARDS["synthetic"]["speakers"] == sorted(SPEAKERS)


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "folder", "suffix"),
    [
        ("an4", "wav", ".sph"),
        ("fsdd", "recordings", ".wav"),
        ("speechocean762_adult", "flac", ".flac"),
        ("yesno", "waves_yesno", ".wav"),
    ],
)
def test_cards_agree_with_the_recordings(name, folder, suffix):
    assert folder_digest(corpus(name) / folder, suffix) == CARDS[name.partition("_")[0]]["sha256"]


@pytest.mark.corpus
def test_an4_split(tmp_path):
    folder = corpus("an4")
    cuts = prepare_an4(folder, tmp_path)
    # Published: 948 training and 130 test utterances of 74 and 10 speakers; 8 of the 74 are dev here.
    assert {split: len(part) for split, part in cuts.items()} == {"train": 844, "dev": 104, "test": 130}
    speakers = {split: {cut.supervisions[0].speaker for cut in part} for split, part in cuts.items()}
    assert {split: len(part) for split, part in speakers.items()} == {"train": 66, "dev": 8, "test": 10}
    assert speakers["dev"] == set(CARDS["an4"]["dev_speakers"])
    assert len(set.union(*speakers.values())) == 84
    assert sum(len(cut.supervisions[0].text.split()) for cut in cuts["test"]) == 773
    lexicon = read_lexicon(folder / "etc" / "an4.dic")
    assert all(word in lexicon for part in cuts.values() for cut in part for word in cut.supervisions[0].text.split())


@pytest.mark.corpus
def test_fsdd_official_split(tmp_path):
    cuts = prepare_fsdd(corpus("fsdd"), tmp_path)
    # Published: index 0-4 test (300), the other 2700 training, 300 of which are dev here.
    assert {split: len(part) for split, part in cuts.items()} == {"train": 2400, "dev": 300, "test": 300}
    assert sum(cut.duration for part in cuts.values() for cut in part) / 3600 == pytest.approx(0.36, abs=0.01)
    assert {cut.supervisions[0].speaker for cut in cuts["test"]} == set(CARDS["fsdd"]["speakers"])


@pytest.mark.corpus
def test_fsdd_speaker_split(tmp_path):
    cuts = prepare_fsdd(corpus("fsdd"), tmp_path, FsddOptions(split="speakers"))
    speakers = {split: {cut.supervisions[0].speaker for cut in part} for split, part in cuts.items()}
    assert speakers == {"train": {"george", "jackson", "lucas"}, "dev": {"nicolas"}, "test": {"theo", "yweweler"}}


@pytest.mark.corpus
def test_yesno_split(tmp_path):
    cuts = prepare_yesno(corpus("yesno"), tmp_path)
    assert {split: len(part) for split, part in cuts.items()} == {"train": 24, "dev": 6, "test": 30}
    assert all(len(cut.supervisions[0].text.split()) == 8 for part in cuts.values() for cut in part)
    assert max(cut.id for cut in cuts["train"]) < min(cut.id for cut in cuts["test"])


@pytest.mark.corpus
def test_speechocean762_split(tmp_path):
    folder = corpus("speechocean762_adult")
    cuts = prepare_speechocean762(folder, tmp_path)
    assert {split: len(part) for split, part in cuts.items()} == {"train": 560, "dev": 80, "test": 320}
    speakers = [cut.supervisions[0].speaker for part in cuts.values() for cut in part]
    assert len(set(speakers)) == CARDS["speechocean762"]["speakers"]
    words = {word for part in cuts.values() for cut in part for word in cut.supervisions[0].text.split()}
    lexicon = read_lexicon(folder / "resource" / "lexicon.txt")
    assert all(word in lexicon for word in words)

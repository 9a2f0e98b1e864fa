from __future__ import annotations

import os

import pytest
import soundfile

from fsaasr.core.errors import CorpusError
from fsaasr.core.files import read_json
from fsaasr.corpora import FsddOptions, check_cuts, manifest_path, prepare_fsdd, prepare_yesno, read_cuts, write_cuts
from fsaasr.corpora.manifests import MARKER

OPTIONS = FsddOptions(style="connected", num_strings=(3, 3, 3))


def state(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def wavs(folder):
    return sorted(path for path in folder.rglob("*.wav"))


def test_finished_directory_is_read_and_not_remade(fsdd_dir, tmp_path):
    out = tmp_path / "out"
    made = prepare_fsdd(fsdd_dir, out, OPTIONS)
    before = state(out)
    read = prepare_fsdd(fsdd_dir, out, OPTIONS)
    assert state(out) == before
    assert {split: list(cuts) for split, cuts in read.items()} == {split: list(cuts) for split, cuts in made.items()}


@pytest.mark.parametrize("lost", [MARKER, "cuts_dev.jsonl.gz"])
def test_killed_run_is_finished(fsdd_dir, tmp_path, lost):
    out = tmp_path / "out"
    made = prepare_fsdd(fsdd_dir, out, OPTIONS)
    (out / lost).unlink()
    again = prepare_fsdd(fsdd_dir, out, OPTIONS)
    assert (out / lost).is_file()
    assert list(again["dev"]) == list(made["dev"])


def test_lost_audio_is_remade(fsdd_dir, tmp_path):
    out = tmp_path / "out"
    prepare_fsdd(fsdd_dir, out, OPTIONS)
    victim = wavs(out)[0]
    content = victim.read_bytes()
    victim.unlink()
    prepare_fsdd(fsdd_dir, out, OPTIONS)
    assert victim.read_bytes() == content


def test_damaged_manifest_is_remade(fsdd_dir, tmp_path):
    out = tmp_path / "out"
    prepare_fsdd(fsdd_dir, out, OPTIONS)
    path = manifest_path(out, "test")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    prepare_fsdd(fsdd_dir, out, OPTIONS)
    assert path.read_bytes() == content


def test_changed_options_rebuild_and_drop_old_audio(fsdd_dir, tmp_path):
    out = tmp_path / "out"
    prepare_fsdd(fsdd_dir, out, OPTIONS)
    cuts = prepare_fsdd(fsdd_dir, out, FsddOptions(style="connected", num_strings=(6, 3, 3)))
    assert len(cuts["train"]) == 6
    assert len(wavs(out)) == 12


def test_changed_audio_rebuilds(fsdd_dir, tmp_path):
    out = tmp_path / "out"
    first = prepare_fsdd(fsdd_dir, out)
    path = fsdd_dir / "recordings" / "0_ann_0.wav"
    path.write_bytes((fsdd_dir / "recordings" / "1_bob_1.wav").read_bytes())
    again = prepare_fsdd(fsdd_dir, out)
    assert first["test"]["ann-0-00"].num_samples != again["test"]["ann-0-00"].num_samples


def content(folder):
    return read_json(folder / MARKER)["content"]


@pytest.mark.parametrize("options", [FsddOptions(), OPTIONS])
def test_a_corpus_that_was_copied_or_touched_has_the_same_content(fsdd_dir, tmp_path, options):
    prepare_fsdd(fsdd_dir, tmp_path / "out", options)
    first = content(tmp_path / "out")
    moved = fsdd_dir.rename(tmp_path / "moved")
    for path in moved.rglob("*.wav"):
        os.utime(path, (1, 1))
    prepare_fsdd(moved, tmp_path / "out", options)
    assert content(tmp_path / "out") == first
    path = moved / "recordings" / "0_ann_0.wav"
    samples, rate = soundfile.read(path)
    soundfile.write(path, 0.5 * samples, rate)
    prepare_fsdd(moved, tmp_path / "out", FsddOptions())
    assert content(tmp_path / "out") != first


def test_failed_build_leaves_no_marker(fsdd_dir, tmp_path):
    out = tmp_path / "out"
    prepare_fsdd(fsdd_dir, out)
    (fsdd_dir / "recordings" / "0_ann_0.wav").write_bytes(b"broken")
    with pytest.raises(CorpusError, match="not a readable"):
        prepare_fsdd(fsdd_dir, out)
    assert not (out / MARKER).exists()


def test_read_back_is_what_was_written(yesno_dir, tmp_path):
    cuts = prepare_yesno(yesno_dir, tmp_path / "out")["train"]
    write_cuts(cuts, tmp_path / "a.jsonl.gz")
    write_cuts(cuts, tmp_path / "b.jsonl.gz")
    assert list(read_cuts(tmp_path / "a.jsonl.gz")) == list(cuts)
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()


def test_unreadable_manifests_are_named(tmp_path):
    with pytest.raises(CorpusError, match="no such manifest"):
        read_cuts(tmp_path / "none.jsonl.gz")
    (tmp_path / "bad.jsonl.gz").write_bytes(b"not gzip")
    with pytest.raises(CorpusError, match=r"bad\.jsonl\.gz: not a cut manifest"):
        read_cuts(tmp_path / "bad.jsonl.gz")


def empty_text(cut):
    cut.supervisions[0].text = "  "


def no_supervision(cut):
    cut.supervisions = []


def beyond_the_end(cut):
    cut.duration = 100.0


@pytest.mark.parametrize(
    ("damage", "problem"),
    [(empty_text, "empty text"), (no_supervision, "no supervision"), (beyond_the_end, "duration")],
)
def test_malformed_cuts_are_named(yesno_dir, tmp_path, damage, problem):
    cuts = list(prepare_yesno(yesno_dir, tmp_path / "out")["train"])
    damage(cuts[1])
    with pytest.raises(CorpusError, match=rf"toy: cut '{cuts[1].id}'.*{problem}"):
        check_cuts(cuts, "toy")


def test_repeated_ids_and_no_cuts_are_refused(yesno_dir, tmp_path):
    cuts = list(prepare_yesno(yesno_dir, tmp_path / "out")["train"])
    with pytest.raises(CorpusError, match="occurs twice"):
        check_cuts([*cuts, cuts[0]], "toy")
    with pytest.raises(CorpusError, match="no cuts"):
        check_cuts([], "toy")

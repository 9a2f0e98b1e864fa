"""`fsaasr transcribe`: words with times, at once or as they are spoken."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Callable

import numpy as np

from fsaasr.corpora.audio import write_wav
from tests.cli.conftest import Toy, invoke
from tests.toy_speech import RATE, toy_samples

Fails = Callable[..., str]


def test_transcribe_prints_words_with_times(toy: Toy, tmp_path: Path, fails: Fails) -> None:
    path = tmp_path / "a.wav"
    write_wav(path, toy_samples("0110", np.random.default_rng(9)), RATE)
    result = invoke("transcribe", toy.root / "gmm", path, "--graph", toy.root / "gmm.graph", "--search-beam", 20)
    rows = [line.split() for line in result.output.splitlines()]
    assert [row[0] for row in rows] == [str(path)] * 4
    assert [row[3] for row in rows] == ["NO", "YES", "YES", "NO"]
    starts = [float(row[1]) for row in rows]
    assert starts == sorted(starts)
    assert all(0.5 < float(row[4]) <= 1 for row in rows)
    made = invoke("transcribe", toy.root / "gmm", path, "--lm", toy.root / "2.arpa")
    assert [line.split()[3] for line in made.output.splitlines()] == ["NO", "YES", "YES", "NO"]
    assert "cmvn: none" in fails("transcribe", toy.root / "gmm", path, "--stream")


def test_transcribe_streams(toy: Toy, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_wav(path, toy_samples("0110", np.random.default_rng(9)), RATE)
    (tmp_path / "gmm.yaml").write_text((toy.root / "gmm.yaml").read_text().replace("cmvn: utterance", "cmvn: none"))
    trained = ("train", "gmm", toy.cuts("train"), toy.root / "lang", tmp_path / "gmm.yaml", tmp_path / "gmm")
    assert invoke(*trained).exit_code == 0
    plain = invoke("transcribe", tmp_path / "gmm", path)
    result = invoke("transcribe", tmp_path / "gmm", path, "--stream", "--chunk", 0.1)
    assert result.exit_code == 0, result.output
    assert result.stdout == plain.stdout
    assert [line.split()[3] for line in result.stdout.splitlines()] == ["NO", "YES", "YES", "NO"]
    heard = [line.split() for line in result.stderr.splitlines()]
    partial = [line[1:] for line in heard if line[0].replace(".", "").isdigit()]
    assert partial[0] == ["NO"]
    assert partial[-1] == ["NO", "YES", "YES", "NO"]
    assert re.search(r"first partial after 0\.\d\d s \(first word at 0\.\d\d s\), final \d\.\d{3} s", result.stderr)
    buffered = invoke("transcribe", tmp_path / "gmm", path, "--stream", "--buffered")
    assert buffered.stdout == plain.stdout
    assert "first partial after -" in buffered.stderr
    divided = invoke("transcribe", tmp_path / "gmm", path, "--stream", "--endpoints", "--json")
    assert [word["name"] for word in json.loads(divided.stdout)["words"]] == ["NO", "YES", "YES", "NO"]


def test_transcribe_as_json_and_at_another_rate(toy: Toy, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_wav(path, np.repeat(toy_samples("01", np.random.default_rng(9)), 2), 2 * RATE)
    result = invoke("transcribe", toy.root / "ctc", path, "--json")
    assert result.exit_code == 0
    value = json.loads(result.stdout)
    assert [word["name"] for word in value["words"]] == ["NO", "YES"]
    assert f"{path}: resampled from 16000 to 8000 Hz" in result.stderr
    assert "searching a loop" in result.stderr


def test_transcribe_refuses_what_is_no_model_or_audio(toy: Toy, tmp_path: Path, fails: Fails) -> None:
    (tmp_path / "a.wav").write_bytes(b"not audio")
    assert "model.json" in fails("transcribe", tmp_path, tmp_path / "a.wav")
    assert "not a readable audio file" in fails("transcribe", toy.root / "gmm", tmp_path / "a.wav")


def test_transcribe_takes_hotwords(toy: Toy, tmp_path: Path, fails: Fails) -> None:
    path, phrases = tmp_path / "a.wav", tmp_path / "hotwords.txt"
    write_wav(path, toy_samples("01", np.random.default_rng(5)), RATE)
    phrases.write_text("no yes\t1\tNoyes\n", encoding="utf-8")
    result = invoke("transcribe", toy.root / "ctc", path, "--hotwords", phrases)
    assert [line.split()[3] for line in result.stdout.splitlines()] == ["Noyes"]
    phrases.write_text("no\tmuch\n", encoding="utf-8")
    assert "hotwords.txt" in fails("transcribe", toy.root / "ctc", path, "--hotwords", phrases)

"""A toy corpus with lang directory, models, graph and decoding, each made by its verb."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import pytest
from click.testing import CliRunner, Result

from fsaasr.cli.main import main
from fsaasr.corpora import read_cuts
from tests.toy_speech import write_toy_corpus

Invoke = Callable[..., Result]

FEATURES = "features: {kind: fbank, sampling_rate: 8000, num_filters: 12, cmvn: utterance}\n"
GMM = FEATURES + "training: {iterations: 3, gaussians: 10, growth_end: 1, topology: hmm1}\n"
CTC = FEATURES + (
    "training:\n  encoder: {hidden: 24, dilations: [1, 1], subsampling: 2}\n  fit: {epochs: 30, learning_rate: 0.01}\n"
    "  augment: {time_masks: 0, feature_masks: 0}\n  batch_duration: 10.0\n"
)


@dataclass(frozen=True)
class Toy:
    """Where everything is, and what each verb printed."""

    root: Path
    printed: dict[str, str]

    def cuts(self, split: str) -> Path:
        return self.root / "data" / f"cuts_{split}.jsonl.gz"

    def few_cuts(self, folder: Path) -> Path:
        """The first two test cuts, for searches that take their time."""
        path = folder / "cuts_few.jsonl.gz"
        read_cuts(self.cuts("test")).subset(first=2).to_file(path)
        return path


def invoke(*arguments: object) -> Result:
    """Runs `fsaasr` with these arguments in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    root = tmp_path_factory.mktemp("toy")
    toy = Toy(root, {})
    write_toy_corpus(root / "corpus")
    (root / "lexicon.txt").write_text("NO N\nYES Y\n")
    (root / "gmm.yaml").write_text(GMM)
    (root / "ctc.yaml").write_text(CTC)
    (root / "text.txt").write_text("YES NO NO\nNO YES\nNO\nYES YES NO\n")
    train, test = toy.cuts("train"), toy.cuts("test")
    commands: dict[str, tuple[object, ...]] = {
        "prepare": ("prepare", "yesno", root / "corpus", root / "data", "-o", "dev_every=4"),
        "lang": ("lang", root / "lexicon.txt", root / "lang", "--silence", "SIL"),
        "lm": ("lm", root / "text.txt", root / "2.arpa", "--order", 2, "--lang", root / "lang"),
        "gmm": ("train", "gmm", train, root / "lang", root / "gmm.yaml", root / "gmm"),
        "ctc": ("train", "ctc", train, root / "lang", root / "ctc.yaml", root / "ctc", "--dev", toy.cuts("dev")),
        "graph": ("graph", root / "lang", root / "gmm.graph", "--word-loop", "--model", root / "gmm"),
        "decode": ("decode", root / "gmm", root / "gmm.graph", test, root / "decode", "--cache", root / "cache"),
    }
    for name, arguments in commands.items():
        result = invoke(*arguments)
        assert result.exit_code == 0, f"{name}: {result.output}"
        toy.printed[name] = result.output
    return toy


@pytest.fixture
def fails() -> Callable[..., str]:
    """Runs a verb that must end in status 1 with one line `Error: ...`, and returns that line."""

    def run(*arguments: object) -> str:
        result = invoke(*arguments)
        assert result.exit_code == 1, result.output
        assert isinstance(result.exception, SystemExit)
        lines = [line for line in result.output.splitlines() if line]
        assert len(lines) == 1
        assert lines[0].startswith("Error: ")
        return lines[0]

    return run

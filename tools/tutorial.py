"""Makes what the tutorial shows, from the experiment of the recipe `digits`: scores of one utterance, and pictures.

    python -m tools.tutorial egs/digits/exp

writes `utterance.npz` and `figures/` into docs/tutorial; `--out` names another folder.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, Sequence

import numpy as np
import numpy.typing as npt

from fsaasr.core.files import PathLike, atomic_path
from fsaasr.corpora import manifest_path, read_cuts
from fsaasr.features import FeatureBatch, compute_features
from fsaasr.graph import find_topology
from fsaasr.lexicon import LexiconTokenizer
from fsaasr.models import AcousticModel, load_lexicon, load_model
from fsaasr.recipe import Experiment, rate_row, read_recipe, read_results, utterance_view
from fsaasr.report import LIGHT, UtteranceView, rates_figure, utterance_figure

ROOT = Path(__file__).resolve().parents[1]
SPLIT = "official"
FRAMEWISE = {
    "gmm": "gmm-full-sum",
    "hybrid": "hybrid",
    "lf_mmi": "lf-mmi",
    "ctc_phones": "ctc-phones",
    "ctc_letters": "ctc-letters",
}
"""Systems of the recipe with scores of frames, by the name that their scores have in the file."""
TRANSDUCER = "transducer-letters"
STEP = 1 / 64
"""Scores are rounded to multiples of it, which halves the file."""

Arrays = Dict[str, npt.NDArray[Any]]


def main(arguments: Sequence[str] = ()) -> None:
    """Parses the command line and writes the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="folder with the models of the recipe's showcase")
    parser.add_argument("--recipe", type=Path, default=ROOT / "egs" / "digits" / "conf" / "recipe.yaml")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "tutorial")
    options = parser.parse_args(arguments or None)
    for path in make_tutorial(Experiment(read_recipe(options.recipe), options.experiment), options.out):
        print(path)


def make_tutorial(experiment: Experiment, out_dir: PathLike) -> List[Path]:
    """Writes the utterance's arrays, and the pictures, the last one of published results; returns their paths."""
    seen, out = utterance_view(experiment), Path(out_dir)
    rates = [rate_row(row) for row in read_results(experiment.spec.path("../RESULTS.json")).rows]
    pictures = {f"{name}.png": utterance_figure(view, LIGHT, "png") for name, view in _views(seen).items()}
    pictures["6-rates.png"] = rates_figure(_best(rates), LIGHT, "png")
    for name, picture in pictures.items():
        with atomic_path(out / "figures" / name) as temporary:
            temporary.write_bytes(picture)
    with atomic_path(out / "utterance.npz") as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **utterance_arrays(experiment, seen))
    return [out / "utterance.npz", *(out / "figures" / name for name in pictures)]


def _views(view: UtteranceView) -> Dict[str, UtteranceView]:
    """What each chapter's picture shows beside the alignment and the spectrogram."""
    bare = replace(view, posteriors=(), attention=(), grids=())
    return {
        "1-hmm": bare,
        "3-ctc": replace(bare, posteriors=view.posteriors),
        "4-transducer": replace(bare, grids=view.grids),
        "5-attention": replace(bare, attention=view.attention),
    }


def _best(rows: Sequence[Any]) -> List[Any]:
    """Of each test set and system the line of the lowest rate."""
    ordered = sorted(rows, key=lambda row: row.wer, reverse=True)
    best = {(row.group, row.system): row for row in ordered}
    return [best[place] for place in dict.fromkeys((row.group, row.system) for row in rows)]


def utterance_arrays(experiment: Experiment, view: UtteranceView) -> Arrays:
    """Text, scores of all systems, and what their columns are, of the utterance that the report shows."""
    cuts = read_cuts(manifest_path(experiment.data_dir(SPLIT), "test"))
    cut = cuts[view.alignment.utterance]
    arrays: Arrays = {"text": np.array(view.text)}
    for name, system in FRAMEWISE.items():
        model = load_model(experiment.model_dir(SPLIT, system))
        arrays[name] = _rounded(model.scores(_features(cut, model)).utterance(0))
        arrays[f"{name}_columns"] = np.array(find_topology(model.topology).columns(model.tokens).names)
        if model.transitions is not None:
            arrays[f"{name}_transitions"] = np.asarray(model.transitions)
    (attention,) = view.attention
    arrays["attention"] = attention.weights.astype(np.float16)
    arrays["attention_tokens"] = np.array(attention.tokens)
    return {**arrays, **_transducer_arrays(experiment, cut, view.text)}


def _transducer_arrays(experiment: Experiment, cut: Any, text: str) -> Arrays:
    """Logits of every frame after every number of the tokens that were said, and these tokens."""
    import torch

    folder = experiment.model_dir(SPLIT, TRANSDUCER)
    model: Any = load_model(folder)
    names = LexiconTokenizer(load_lexicon(folder)).encode(text.split())
    labels = torch.tensor([[model.tokens[name] for name in names]])
    encoded = torch.from_numpy(model.encoded(_features(cut, model))[0])
    with torch.no_grad():
        logits = model.network.join(encoded[:, None], model.network.predict(labels)[0])
    return {
        "transducer": _rounded(logits.log_softmax(dim=-1).numpy()),
        "transducer_labels": labels[0].numpy(),
        "transducer_columns": np.array(["<blk>", *model.tokens.names[1:]]),
    }


def _features(cut: Any, model: AcousticModel) -> FeatureBatch:
    return compute_features([cut], model.features)


def _rounded(scores: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    rounded: npt.NDArray[np.float32] = (np.rint(np.asarray(scores) / STEP) * STEP).astype(np.float32)
    return rounded


if __name__ == "__main__":
    main()

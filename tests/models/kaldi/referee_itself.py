"""Kaldi itself on files that this package wrote: `python referee_itself.py FOLDER`.

Runs where pykaldi 0.2.1 is, whose wheel has Kaldi inside and needs Python 3.7. Kaldi's own readers take `final.mdl`,
`tree` and `L.fst`, and its own classes do what `job.json` asks for; jobs and results are those of `referee.py`.
"""

import json
import sys
from pathlib import Path

import numpy as np
from kaldi.alignment import GmmAligner
from kaldi.decoder import TrainingGraphCompilerOptions
from kaldi.gmm.am import AmDiagGmm
from kaldi.hmm import TransitionModel
from kaldi.matrix import Matrix, SubVector
from kaldi.util.io import xopen


def read_model(path):
    with xopen(str(path)) as stream:
        model = TransitionModel()
        model.read(stream.stream(), stream.binary)
        gmms = AmDiagGmm()
        gmms.read(stream.stream(), stream.binary)
    return model, gmms


def likelihoods(gmms, matrix):
    frames = [SubVector(frame) for frame in matrix]
    return np.array([[gmms.log_likelihood(pdf, frame) for pdf in range(gmms.num_pdfs())] for frame in frames])


def align(folder, job, model, features):
    (folder / "disambig.int").write_text("".join(str(symbol) + "\n" for symbol in job["disambiguation"]))
    # Without a table, the aligner takes the digits of numbers for words.
    most = max(max(words) for words in job["align"])
    (folder / "numbers.txt").write_text("<eps> 0\n" + "".join(f"{k} {k}\n" for k in range(1, most + 1)))
    names = [str(folder / name) for name in ("final.mdl", "tree", "L.fst", "numbers.txt", "disambig.int")]
    # As compile-train-graphs has it: probabilities are left to the aligner, which would else add them once more.
    options = TrainingGraphCompilerOptions()
    options.transition_scale = options.self_loop_scale = 0.0
    aligner = GmmAligner.from_files(*names, options, beam=1e6, acoustic_scale=1.0)
    found = []
    for k, words in enumerate(job["align"]):
        result = aligner.align(Matrix(features[f"u{k}"]), " ".join(map(str, words)))
        ids = result["alignment"]
        found.append(
            {
                "total": -result["weight"].value1 - result["weight"].value2,
                "pdfs": [model.transition_id_to_pdf(i) for i in ids],
                "phones": [model.transition_id_to_phone(i) for i in ids],
                "words": words,
            }
        )
    (folder / "aligned.json").write_text(json.dumps(found))


def main(folder):
    job = json.loads((folder / "job.json").read_text())
    model, gmms = read_model(folder / "final.mdl")
    transitions = [
        [
            model.transition_id_to_phone(i),
            model.transition_id_to_pdf(i),
            model.is_self_loop(i),
            model.get_transition_log_prob(i),
        ]
        for i in range(1, model.num_transition_ids() + 1)
    ]
    (folder / "transitions.json").write_text(json.dumps(transitions))
    features = np.load(str(folder / "features.npz")) if (folder / "features.npz").exists() else None
    if job.get("likelihoods"):
        found = {name: likelihoods(gmms, features[name]) for name in features.files}
        np.savez(str(folder / "likelihoods.npz"), **found)
    if job.get("align"):
        align(folder, job, model, features)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Kaldi's own classes on files that this package wrote: `python referee.py FOLDER`.

Runs where kaldi-hmm-gmm 1.1.4, kaldifst 1.7.17 and numpy are installed, and imports nothing of this package. Reads
`final.mdl`, `tree` and `job.json`, with features (`features.npz`), and does what the job asks for:

* `likelihoods`: of each PDF for each frame of each matrix, into `likelihoods.npz`;
* `graph`: C, H and self-loops on `LG.fst`, as Kaldi's recipes do it, into `HCLG.fst` with PDFs for input labels;
* `align`: Viterbi alignments of the transcripts (lists of words) with `L.fst` (disambiguated) into `aligned.json`.

The transition model as it was understood goes into `transitions.json`.
"""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path

import kaldi_hmm_gmm as khg  # comes before kaldifst, else the import hangs
import kaldifst
import numpy as np


def between(text, first, last):
    return text.partition(first)[2].partition(last)[0]


def numbers(text):
    return np.array(text.replace("[", " ").replace("]", " ").split(), dtype=np.float32)


def context_dependency(text):
    """The text form turned into the binary one, which alone the package takes."""
    fields = text.split()
    data, k = b"", 0
    while k < len(fields):
        field = fields[k]
        if field == "[":
            end = fields.index("]", k)
            members = list(map(int, fields[k + 1 : end]))
            data += b"\x04" + struct.pack(f"<i{len(members)}i", len(members), *members)
            k = end
        elif field.lstrip("-").isdigit():
            # A size is unsigned, which the leading byte tells: the table's entries after its key.
            size = fields[k - 2] == "TE"
            data += (b"\xfc" if size else b"\x04") + struct.pack("<i", int(field))
        else:
            data += field.encode() + b" "
        k += 1
    dependency = khg.ContextDependency.__new__(khg.ContextDependency)
    dependency.__setstate__((list(np.frombuffer(data, dtype=np.int8).tolist()),))
    return dependency


def transition_model(text, dependency):
    """A model of the file's topology and tree with the file's probabilities."""
    topology = khg.HmmTopology()
    topology.read("<Topology>" + between(text, "<Topology>", "</Topology>") + "</Topology>\n")
    topology.check()
    model = khg.TransitionModel(dependency, topology)
    logs = numbers(between(text, "<LogProbs>", "</LogProbs>")).tolist()
    assert len(logs) == model.num_transition_ids + 1
    triples = [tuple(map(int, line.split())) for line in between(text, "<Triples>", "</Triples>").splitlines()[1:]]
    found = [tuple(t.__getstate__())[:3] for t in model.tuples]
    assert found == triples
    state = list(model.__getstate__())
    state[6] = logs
    others = [0.0]
    for j in range(1, model.num_transition_states + 1):
        first, last = state[2][j], state[2][j + 1]
        loops = [logs[i] for i in range(first, last) if model.is_self_loop(i)]
        others.append(float(np.log1p(-np.exp(loops[0]))) if loops else 0.0)
    state[7] = others
    changed = khg.TransitionModel.__new__(khg.TransitionModel)
    changed.__setstate__(tuple(state))
    return changed


def acoustic_model(text):
    model = khg.AmDiagGmm()
    for part in text.split("<DiagGMM>")[1:]:
        weights = numbers(between(part, "<WEIGHTS>", "<MEANS_INVVARS>"))
        inverse = numbers(between(part, "<INV_VARS>", "</DiagGMM>")).reshape(len(weights), -1)
        means = numbers(between(part, "<MEANS_INVVARS>", "<INV_VARS>")).reshape(len(weights), -1) / inverse
        gmm = khg.DiagGmm(len(weights), inverse.shape[1])
        gmm.set_weights(weights)
        gmm.set_invvars_and_means(inverse, means)
        gmm.compute_gconsts()
        constants = numbers(between(part, "<GCONSTS>", "<WEIGHTS>"))
        assert np.allclose(gmm.gconsts, constants, rtol=1e-4), (gmm.gconsts, constants)
        model.add_pdf(gmm)
    return model


def likelihoods(model, matrix):
    return np.array([[model.log_likelihood(pdf, frame) for pdf in range(model.num_pdfs)] for frame in matrix])


def graph(folder, dependency, model):
    """C o LG by kaldifst, H by kaldi-hmm-gmm, determinized and minimized without self-loops, then these."""
    lg = kaldifst.StdVectorFst.read(str(folder / "LG.fst"))
    width, place = dependency.context_width, dependency.central_position
    clg, windows = kaldifst.compose_context([], width, place, lg)
    kaldifst.arcsort(clg, sort_type="ilabel")
    h, _ = khg.get_h_transducer(windows, dependency, model, khg.HTransducerConfig(transition_scale=1.0))
    hclg = kaldifst.compose(h, clg)
    # Not in the log semiring, as recipes do, which would sum a word's paths through n-gram and back-off.
    kaldifst.determinize_star(hclg, use_log=False)
    kaldifst.minimize_encoded(hclg)
    return khg.add_self_loops(self_loop_scale=1.0, disambig_syms=[], reorder=False, trans_model=model, ifst=hclg)


def with_pdfs(fst, model):
    """The same with PDF + 1 for each transition-id."""
    arcs = ["\n".join(line_with_pdf(line.split(), model) for line in fst.to_str(show_weight_one=True).splitlines())]
    return kaldifst.compile("\n".join(arcs) + "\n")


def line_with_pdf(fields, model):
    if len(fields) >= 4 and int(fields[2]) > 0:
        fields[2] = str(model.transition_id_to_pdf(int(fields[2])) + 1)
    return " ".join(fields)


def phone_starts(ids, model):
    """Whether a phone begins at each frame: where the one before took its last transition."""
    # Reordered graphs take a state's loops after the transition out of it.
    ends = []
    for t in range(len(ids)):
        last = t + 1 == len(ids) or not model.is_self_loop(ids[t + 1])
        out = next(i for i in reversed(ids[: t + 1]) if not model.is_self_loop(i))
        ends.append(last and model.is_final(out))
    return [True, *ends[:-1]]


def align(folder, job, dependency, model, gmms, features):
    lexicon = kaldifst.StdVectorFst.read(str(folder / "L.fst"))
    options = khg.TrainingGraphCompilerOptions(transition_scale=1.0, self_loop_scale=1.0, reorder=True)
    compiler = khg.TrainingGraphCompiler(model, dependency, lexicon, job["disambiguation"], options)
    found = []
    for k, words in enumerate(job["align"]):
        fst = compiler.compile_graph_from_text(words)
        decodable = khg.DecodableAmDiagGmmScaled(gmms, model, features[f"u{k}"], 1.0)
        config = khg.AlignConfig(beam=1e6)
        result = khg.align_utterance_wrapper(config, f"u{k}", 1.0, fst, decodable, 0, 0, 0, 0.0, 0)
        done, _, _, total, _, ids, said = result
        assert done == 1
        pdfs = [model.transition_id_to_pdf(i) for i in ids]
        phones = [model.transition_id_to_phone(i) for i in ids]
        starts = phone_starts(ids, model)
        found.append({"total": total, "pdfs": pdfs, "phones": phones, "starts": starts, "words": said})
    (folder / "aligned.json").write_text(json.dumps(found))


def main(folder):
    job = json.loads((folder / "job.json").read_text())
    text = (folder / "final.mdl").read_text()
    dependency = context_dependency((folder / "tree").read_text())
    model = transition_model(text, dependency)
    transitions = [
        [model.transition_id_to_phone(i), model.transition_id_to_pdf(i), model.is_self_loop(i), model.log_probs[i]]
        for i in range(1, model.num_transition_ids + 1)
    ]
    (folder / "transitions.json").write_text(json.dumps(transitions))
    gmms = acoustic_model(text)
    features = np.load(folder / "features.npz") if (folder / "features.npz").exists() else {}
    if job.get("likelihoods"):
        np.savez(folder / "likelihoods.npz", **{name: likelihoods(gmms, features[name]) for name in features.files})
    if job.get("graph"):
        with_pdfs(graph(folder, dependency, model), model).write(str(folder / "HCLG.fst"))
    if job.get("align"):
        align(folder, job, dependency, model, gmms, features)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Writes anew what Kaldi finds for the lattices of `kaldi_mbr.json`.

Run by a Python 3.7 with pykaldi 0.2.1, whose wheel has Kaldi inside: `python tests/lattice/kaldi_mbr.py`.
"""

import json
from pathlib import Path

from kaldi.fstext import CompactLatticeArc, CompactLatticeVectorFst, CompactLatticeWeight, LatticeWeight
from kaldi.lat.sausages import MinimumBayesRisk

PATH = Path(__file__).with_suffix(".json")


def compact_lattice(case, scale):
    """The lattice with costs for scores, all times `scale`, and a string of as many symbols as an arc has frames."""
    lattice = CompactLatticeVectorFst()
    for _ in case["frame"]:
        lattice.add_state()
    lattice.set_start(0)
    arcs = zip(*(case[name] for name in ("source", "target", "label", "graph", "acoustic")))
    for source, target, label, graph, acoustic in arcs:
        frames = case["frame"][target] - case["frame"][source]
        weight = CompactLatticeWeight(LatticeWeight(-scale * graph, -scale * acoustic), [1] * frames)
        lattice.add_arc(source, CompactLatticeArc(label, label, weight, target))
    for state, score in enumerate(case["final"]):
        if score is not None:
            lattice.set_final(state, CompactLatticeWeight(LatticeWeight(-scale * score, 0.0), []))
    return lattice


def found_by_kaldi(case, scale):
    """One best, its risk, confidences, and times in frames."""
    mbr = MinimumBayesRisk(compact_lattice(case, scale))
    return {
        "words": list(mbr.get_one_best()),
        "risk": round(mbr.get_bayes_risk(), 5),
        "confidences": [round(value, 5) for value in mbr.get_one_best_confidences()],
        "times": [[round(time, 5) for time in times] for times in mbr.get_one_best_times()],
    }


if __name__ == "__main__":
    data = json.loads(PATH.read_text())
    for case in data["lattices"]:
        case["kaldi"] = found_by_kaldi(case, data["scale"])
    rows = ",\n".join(json.dumps(case, separators=(",", ":")) for case in data["lattices"])
    head = json.dumps({"source": data["source"], "scale": data["scale"]}, indent=0)[:-2]
    PATH.write_text(f'{head},\n"lattices": [\n{rows}\n]}}\n')

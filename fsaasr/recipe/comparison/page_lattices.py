"""Section of the page: what else systems thought of, in the utterances where they disagree."""

from __future__ import annotations

from typing import Dict, List, Mapping, Sequence

from fsaasr.lattice import WordLattice, mbr_decode
from fsaasr.lattice.draw import confusion_network_svg, lattice_svg
from fsaasr.lattice.formats import read_lattices
from fsaasr.recipe.comparison.entries import Entry
from fsaasr.recipe.scales import read_scales
from fsaasr.report.page import Block, Drawing, Section, Text


def lattice_section(
    chosen: Mapping[str, Entry], utterances: Sequence[str], references: Mapping[str, str]
) -> List[Section]:
    """Lattices and confusion networks of some utterances; none where no system has any.

    Args:
      chosen: systems by name. utterances: ids. references: what was said.
    """
    blocks: List[Block] = []
    found = {name: _lattices(entry, utterances) for name, entry in chosen.items()}
    for utterance in utterances:
        for name, entry in chosen.items():
            lattice = found[name].get(utterance)
            if lattice is None:
                continue
            scales = read_scales(entry.experiment.scales_path(entry.first.split, entry.first.system, entry.first.graph))
            # The acoustic scale is in the lattice's scores already.
            own = (1.0, scales.lm_scale, scales.word_insertion_penalty)
            title = f"{name}, {utterance}"
            blocks.append(Drawing(f"Lattice: {title}", lattice_svg(lattice, *own, reference=references[utterance])))
            network = mbr_decode(lattice, *own).network
            if len(network):
                svg = confusion_network_svg(network, reference=references[utterance])
                blocks.append(Drawing(f"Confusion network: {title}", svg))
    if not blocks:
        return []
    text = Text(
        "Arcs are as wide as they are probable, the best path is straight and coloured. A confusion network has the "
        "words that may stand in each place, the best first; a dash is the chance that nothing was said."
    )
    return [Section("What else it might have been", (text, *blocks))]


def _lattices(entry: Entry, utterances: Sequence[str]) -> Dict[str, WordLattice]:
    folder = entry.experiment.lattice_dir(entry.first.split, entry.first.system, entry.first.graph)
    path = folder / "test.lat.jsonl.gz"
    if not path.is_file():
        return {}
    wanted = set(utterances)
    return {
        lattice.utterance: lattice
        for lattice in read_lattices(path)
        if isinstance(lattice, WordLattice) and lattice.utterance in wanted
    }

"""Combination of systems: the words of minimum Bayes risk under the lattices of all of them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Sequence

from fsaasr.core.errors import LatticeError
from fsaasr.core.files import PathLike, write_json, write_text
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.corpora import read_cuts
from fsaasr.evaluate import ErrorReport, word_errors
from fsaasr.hypotheses import export_hypotheses, write_transcripts
from fsaasr.lattice import WordLattice, mbr_decode
from fsaasr.lattice.formats import read_lattices
from fsaasr.lattice.operations.scale import scaled
from fsaasr.recipe.decoding import placements_of
from fsaasr.recipe.job_log import peak_mb
from fsaasr.recipe.scales import Scales, read_scales

COMBINED = "combination"
"""Stands in a row for the search engine, and for the family."""


def combine_systems(
    lattice_dirs: Sequence[PathLike], scales: Sequence[PathLike], parts: Mapping[str, PathLike], out_dir: PathLike
) -> None:
    """Combines the word lattices that systems made of `dev` and `test`, each under its own scales, with equal weights.

    The posteriors of all lattices are averaged, and one confusion network is made of them (Xu et al. 2011, see
    `mbr_decode`). Nothing is tuned; dev tells only how well it does there.

    Args:
      lattice_dirs: of each system, as `make_word_lattices` wrote it.
      scales: files of their scales, in the same order.
      parts: manifests of `dev` and `test`.
      out_dir: receives the files of a decoding; `decode.json` is written last.

    Raises:
      LatticeError: systems whose lattices are not of the same utterances.
    """
    own, out = [read_scales(path) for path in scales], Path(out_dir)
    seconds = audio = 0.0
    reports: Dict[str, ErrorReport] = {}
    for part, path in parts.items():
        cuts = list(read_cuts(path))
        files = [Path(folder) / f"{part}.lat.jsonl.gz" for folder in lattice_dirs]
        begin = time.process_time()
        found = {hypothesis.utterance: hypothesis for hypothesis in _combined(files, own)}
        seconds, audio = time.process_time() - begin, sum(float(cut.duration) for cut in cuts)
        references = {str(cut.id): (cut.supervisions[0].text or "").split() for cut in cuts}
        texts = {name: [word.name for word in found[name].words] for name in references if name in found}
        speakers = {str(cut.id): str(cut.supervisions[0].speaker or cut.id) for cut in cuts}
        reports[part] = word_errors(references, texts, speakers)
    # The last part is the test data.
    export_hypotheses([found[name] for name in references], out, ("text", "jsonl"), placements_of(cuts))
    write_transcripts(references, out / "ref.txt")
    write_text(out / "utt2spk", "".join(f"{name} {speaker}\n" for name, speaker in sorted(speakers.items())))
    record = {"rtf": round(seconds / audio, 5), "peak_mb": peak_mb(), "flags": {}}
    dev = {"dev_errors": reports["dev"].errors, "dev_words": reports["dev"].words}
    write_json(out / "decode.json", {**record, **dev, "systems": [str(folder) for folder in lattice_dirs]})


def _combined(files: Sequence[Path], scales: Sequence[Scales]) -> Iterator[Hypothesis]:
    """The words of each utterance, in the order of the first file."""
    for lattices in zip(*(read_lattices(path) for path in files)):
        names = {lattice.utterance for lattice in lattices}
        if len(names) > 1:
            raise LatticeError(
                f"combine: {files[0]} and others have lattices of {', '.join(sorted(names))} side by side"
            )
        alike: List[WordLattice] = []
        for lattice, one in zip(lattices, scales):
            assert isinstance(lattice, WordLattice)
            # The acoustic scale is in the lattice's scores already.
            alike.append(scaled(lattice, 1.0, one.lm_scale, one.word_insertion_penalty))
        yield mbr_decode(alike).hypothesis

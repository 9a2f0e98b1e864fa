"""The bed's ARPA file with numbers for words, as Kaldi's compiled language models have it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict

from tools.bench.bed import Bed


def const_arpa(bed: Bed, folder: Path) -> Path:
    """Compiles the bed's language model; `<s>`, `</s>` and `<unk>` have numbers behind those of the words."""
    from kaldi.lm import ArpaParseOptions, build_const_arpa_lm

    names = json.loads(bed.words.read_text(encoding="utf-8"))
    numbers = {name: number for number, name in enumerate(names)}
    special = {name: len(names) + place for place, name in enumerate(("<s>", "</s>", "<unk>"))}
    numbered, compiled = folder / "numbers.arpa", folder / "const.arpa"
    _write_numbers(bed.arpa, {**numbers, **special}, numbered)
    options: Any = ArpaParseOptions()
    options.bos_symbol, options.eos_symbol, options.unk_symbol = special.values()
    build_const_arpa_lm(options, str(numbered), str(compiled))
    return compiled


def _write_numbers(arpa: Path, numbers: Dict[str, int], path: Path) -> None:
    order = 0
    with arpa.open(encoding="utf-8") as lines, path.open("w", encoding="utf-8") as out:
        for line in lines:
            fields = line.split()
            if line.startswith("\\"):
                order = int(fields[0][1:-7]) if fields[0].endswith("-grams:") else 0
            elif order and fields:
                fields[1 : order + 1] = [str(numbers[word]) for word in fields[1 : order + 1]]
                line = "\t".join([fields[0], " ".join(fields[1 : order + 1]), *fields[order + 1 :]]) + "\n"
            out.write(line)

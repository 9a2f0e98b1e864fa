"""Training files by family: `SETUPS`, and their reading."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Type

from fsaasr.core.config import config_from_dict, read_mapping
from fsaasr.core.errors import ConfigError
from fsaasr.core.files import PathLike
from fsaasr.recipe.families.attention import AttentionSetup
from fsaasr.recipe.families.ctc import CtcSetup
from fsaasr.recipe.families.full_sum import FullSumSetup
from fsaasr.recipe.families.gmm import GmmSetup
from fsaasr.recipe.families.hybrid import HybridSetup
from fsaasr.recipe.families.lf_mmi import LfMmiSetup
from fsaasr.recipe.families.mwer import MwerSetup
from fsaasr.recipe.families.setup import Setup
from fsaasr.recipe.families.tied_gmm import TiedGmmSetup
from fsaasr.recipe.families.transducer import TransducerSetup

SETUPS: Dict[str, Type[Any]] = {
    "gmm": GmmSetup,
    "tied-gmm": TiedGmmSetup,
    "ctc": CtcSetup,
    "attention": AttentionSetup,
    "transducer": TransducerSetup,
    "hybrid": HybridSetup,
    "full-sum": FullSumSetup,
    "lf-mmi": LfMmiSetup,
    "mwer": MwerSetup,
}
"""Setup class of each family. A new family is a new file and its line here."""


def setup_from_dict(family: str, values: Mapping[str, Any], source: str = "") -> Setup:
    """Checks a training configuration.

    Raises:
      ConfigError: an unknown family or key, or a value out of range.
    """
    if family not in SETUPS:
        raise ConfigError(f"{source or 'setup'}: family {family!r}; expected one of {', '.join(sorted(SETUPS))}")
    setup: Setup = config_from_dict(SETUPS[family], values, source)
    return setup


def read_setup(family: str, path: PathLike) -> Setup:
    """Reads a training YAML file; raises as `setup_from_dict`, or where it is not a YAML mapping."""
    return setup_from_dict(family, read_mapping(path), str(path))

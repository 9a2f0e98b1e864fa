"""Families of models that `fsaasr train` and recipes know, one file each: what a file says, and its training."""

from fsaasr.recipe.families.attention import AttentionSetup
from fsaasr.recipe.families.ctc import CtcSetup
from fsaasr.recipe.families.gmm import GmmSetup
from fsaasr.recipe.families.hybrid import HybridSetup
from fsaasr.recipe.families.registry import SETUPS, read_setup, setup_from_dict
from fsaasr.recipe.families.setup import Setup, Trained, TrainingData
from fsaasr.recipe.families.tied_gmm import TiedGmmSetup

__all__ = [
    "SETUPS",
    "AttentionSetup",
    "CtcSetup",
    "GmmSetup",
    "HybridSetup",
    "Setup",
    "TiedGmmSetup",
    "Trained",
    "TrainingData",
    "read_setup",
    "setup_from_dict",
]

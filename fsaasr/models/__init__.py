"""Acoustic models: features in, `Scores` out."""

from fsaasr.models.acoustic_model import AcousticModel, Features, PriorModel, at_prior_scale, prior_model
from fsaasr.models.diag_gmm import DiagGmm
from fsaasr.models.directory import FAMILIES, load_graph, load_lexicon, load_model, save_graph, save_model
from fsaasr.models.gmm import GmmModel

__all__ = [
    "FAMILIES",
    "AcousticModel",
    "DiagGmm",
    "Features",
    "GmmModel",
    "PriorModel",
    "at_prior_scale",
    "load_graph",
    "load_lexicon",
    "load_model",
    "prior_model",
    "save_graph",
    "save_model",
]

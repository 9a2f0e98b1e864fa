"""Grapheme to phoneme: pronunciations of words that no lexicon has."""

from fsaasr.g2p.alignment import LetterAlignment, Unit, align_letters
from fsaasr.g2p.config import G2pConfig
from fsaasr.g2p.extend import with_words
from fsaasr.g2p.files import load_g2p, save_g2p
from fsaasr.g2p.model import G2pModel
from fsaasr.g2p.scoring import G2pErrors, g2p_errors
from fsaasr.g2p.train import TrainedG2p, train_g2p

__all__ = [
    "G2pConfig",
    "G2pErrors",
    "G2pModel",
    "LetterAlignment",
    "TrainedG2p",
    "Unit",
    "align_letters",
    "g2p_errors",
    "load_g2p",
    "save_g2p",
    "train_g2p",
    "with_words",
]

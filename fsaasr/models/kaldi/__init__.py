"""GMM-HMMs as files that Kaldi reads."""

from fsaasr.models.kaldi.gmm_text import kaldi_gmms
from fsaasr.models.kaldi.topology_text import kaldi_phones, kaldi_topology
from fsaasr.models.kaldi.transition_text import kaldi_transition_model
from fsaasr.models.kaldi.tree_text import kaldi_tree
from fsaasr.models.kaldi.write import write_kaldi_model

__all__ = [
    "kaldi_gmms",
    "kaldi_phones",
    "kaldi_topology",
    "kaldi_transition_model",
    "kaldi_tree",
    "write_kaldi_model",
]

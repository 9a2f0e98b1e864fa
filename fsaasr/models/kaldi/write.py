"""A GMM-HMM as the files of a Kaldi experiment."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fsaasr.core.errors import ModelError
from fsaasr.core.files import PathLike, write_text
from fsaasr.graph import find_topology
from fsaasr.models.acoustic_model import AcousticModel
from fsaasr.models.gmm import GmmModel
from fsaasr.models.kaldi.gmm_text import kaldi_gmms, matrix_text
from fsaasr.models.kaldi.topology_text import kaldi_phones, kaldi_topology
from fsaasr.models.kaldi.transition_text import kaldi_transition_model
from fsaasr.models.kaldi.tree_text import kaldi_tree


def write_kaldi_model(model: AcousticModel, directory: PathLike) -> None:
    """Writes `final.mdl`, `tree`, `topo` and `phones.txt` in Kaldi's text format.

    Where features are spliced and transformed, `final.mat` and `splice_opts` say how.
    Kaldi's transition-ids and PDFs are our columns' transitions and columns; on the same features both give the same
    log likelihoods, and on Kaldi's graphs of `tree` and `final.mdl` the same alignments.

    Args:
      model: a GMM-HMM, tied or not.
      directory: made where it does not exist; `final.mdl` comes last.

    Raises:
      ModelError: a model of another family, or of a topology that has no counterpart in Kaldi.
    """
    if not isinstance(model, GmmModel):
        raise ModelError(f"write_kaldi_model: a model of family {model.family!r}; expected a GMM-HMM, family 'gmm'")
    directory, topology = Path(directory), find_topology(model.topology)
    transition_model = kaldi_transition_model(topology, model.tokens, model.transitions)
    write_text(directory / "phones.txt", kaldi_phones(model.tokens))
    write_text(directory / "topo", kaldi_topology(topology, model.tokens))
    write_text(directory / "tree", kaldi_tree(topology, model.tokens))
    if model.transform is not None:
        context = model.transform.context
        write_text(directory / "final.mat", matrix_text(model.transform.matrix.astype(np.float64)))
        write_text(directory / "splice_opts", f"--left-context={context} --right-context={context}\n")
    write_text(directory / "final.mdl", transition_model + kaldi_gmms(model.gmm))

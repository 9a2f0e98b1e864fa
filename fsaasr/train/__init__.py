"""Training: GMM-HMMs by full sum or Viterbi, neural CTC models; repeatable and resumable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fsaasr.train.aligned_batch import AlignedBatch
from fsaasr.train.denominator import denominator_graph, leaky, spoken_tokens, with_denominator_scores
from fsaasr.train.gmm import GmmTraining, train_gmm
from fsaasr.train.gmm_config import GmmTrainConfig
from fsaasr.train.tied_gmm import TiedGmmConfig, train_tied_gmm
from fsaasr.train.transform_estimation import TransformConfig
from fsaasr.train.tree_config import TreeConfig

if TYPE_CHECKING:
    from fsaasr.train.attention import AttentionTraining, train_attention
    from fsaasr.train.attention_config import AttentionTrainConfig
    from fsaasr.train.augment import AugmentConfig
    from fsaasr.train.ctc import CtcTraining, train_ctc
    from fsaasr.train.ctc_config import CtcTrainConfig
    from fsaasr.train.fit_config import FitConfig
    from fsaasr.train.full_sum import FullSumOptions, full_sum_loss
    from fsaasr.train.hybrid import HybridTraining, train_hybrid
    from fsaasr.train.hybrid_config import HybridTrainConfig
    from fsaasr.train.mmi import MmiOptions, mmi_loss
    from fsaasr.train.mwer import MwerTraining, train_mwer
    from fsaasr.train.mwer_config import MwerConfig
    from fsaasr.train.mwer_losses import HypothesisList, mwer_loss
    from fsaasr.train.running_priors import RunningPriors
    from fsaasr.train.sequence import SequenceTraining, train_full_sum, train_lf_mmi
    from fsaasr.train.sequence_config import FullSumConfig, LfMmiConfig
    from fsaasr.train.transducer import TransducerTrained, train_transducer
    from fsaasr.train.transducer_config import TransducerTrainConfig
    from fsaasr.train.transducer_losses import joint_transducer_loss, transducer_loss

__all__ = [
    "AlignedBatch",
    "AttentionTrainConfig",
    "AttentionTraining",
    "AugmentConfig",
    "CtcTrainConfig",
    "CtcTraining",
    "FitConfig",
    "FullSumConfig",
    "FullSumOptions",
    "GmmTrainConfig",
    "GmmTraining",
    "HybridTrainConfig",
    "HybridTraining",
    "HypothesisList",
    "LfMmiConfig",
    "MmiOptions",
    "MwerConfig",
    "MwerTraining",
    "RunningPriors",
    "SequenceTraining",
    "TiedGmmConfig",
    "TransducerTrainConfig",
    "TransducerTrained",
    "TransformConfig",
    "TreeConfig",
    "denominator_graph",
    "full_sum_loss",
    "joint_transducer_loss",
    "leaky",
    "mmi_loss",
    "mwer_loss",
    "spoken_tokens",
    "train_attention",
    "train_ctc",
    "train_full_sum",
    "train_gmm",
    "train_hybrid",
    "train_lf_mmi",
    "train_mwer",
    "train_tied_gmm",
    "train_transducer",
    "transducer_loss",
    "with_denominator_scores",
]

_LATER = {
    "AttentionTrainConfig": "fsaasr.train.attention_config",
    "AttentionTraining": "fsaasr.train.attention",
    "AugmentConfig": "fsaasr.train.augment",
    "CtcTrainConfig": "fsaasr.train.ctc_config",
    "CtcTraining": "fsaasr.train.ctc",
    "FitConfig": "fsaasr.train.fit_config",
    "FullSumConfig": "fsaasr.train.sequence_config",
    "FullSumOptions": "fsaasr.train.full_sum",
    "HybridTrainConfig": "fsaasr.train.hybrid_config",
    "HybridTraining": "fsaasr.train.hybrid",
    "HypothesisList": "fsaasr.train.mwer_losses",
    "LfMmiConfig": "fsaasr.train.sequence_config",
    "MmiOptions": "fsaasr.train.mmi",
    "MwerConfig": "fsaasr.train.mwer_config",
    "MwerTraining": "fsaasr.train.mwer",
    "RunningPriors": "fsaasr.train.running_priors",
    "SequenceTraining": "fsaasr.train.sequence",
    "TransducerTrainConfig": "fsaasr.train.transducer_config",
    "TransducerTrained": "fsaasr.train.transducer",
    "full_sum_loss": "fsaasr.train.full_sum",
    "joint_transducer_loss": "fsaasr.train.transducer_losses",
    "mmi_loss": "fsaasr.train.mmi",
    "mwer_loss": "fsaasr.train.mwer_losses",
    "train_attention": "fsaasr.train.attention",
    "train_ctc": "fsaasr.train.ctc",
    "train_hybrid": "fsaasr.train.hybrid",
    "train_full_sum": "fsaasr.train.sequence",
    "train_lf_mmi": "fsaasr.train.sequence",
    "train_mwer": "fsaasr.train.mwer",
    "train_transducer": "fsaasr.train.transducer",
    "transducer_loss": "fsaasr.train.transducer_losses",
}


def __getattr__(name: str) -> Any:
    """Imports what needs torch when it is first asked for."""
    if name in _LATER:
        from importlib import import_module

        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Recipes: experiments as data, run stage by stage; and the steps from files to files that they are made of."""

from fsaasr.recipe.alignment import align_cuts, align_features
from fsaasr.recipe.decoding import Decoded, decode_cuts, recognize
from fsaasr.recipe.experiment import Experiment, read_experiment
from fsaasr.recipe.families import SETUPS, CtcSetup, GmmSetup, TiedGmmSetup, read_setup
from fsaasr.recipe.grammars import bounded_loop, build_grammar, estimate_arpa
from fsaasr.recipe.jobs import Job, cluster, run_jobs, worker_pool
from fsaasr.recipe.lattice_archives import (
    Archive,
    ArchiveSizes,
    MbrTotals,
    copy_lattices,
    mbr_of_lattices,
    measure_lattices,
    nbest_of_lattices,
    oracle_of_lattices,
    prune_lattices,
    rescore_lattices,
)
from fsaasr.recipe.lattice_quality import LatticeQuality, make_word_lattices, measure_quality
from fsaasr.recipe.layout import Layout, Run
from fsaasr.recipe.lexicon_weights import learn_lexicon
from fsaasr.recipe.neural_lm import TrainedLm, train_lm_model
from fsaasr.recipe.perplexities import PerplexityRow
from fsaasr.recipe.published import with_kept
from fsaasr.recipe.reading import read_recipe
from fsaasr.recipe.recognizer import Latency, Recognizer, Stream, Transcription, Utterance, listen
from fsaasr.recipe.result_rows import ResultRow
from fsaasr.recipe.results import (
    LatticeRow,
    Results,
    collect_results,
    read_results,
    results_markdown,
    results_table,
    write_published,
)
from fsaasr.recipe.scales import Scales, read_scales, write_scales
from fsaasr.recipe.showcase import rate_row, report_data, report_experiment, utterance_view
from fsaasr.recipe.spec import RecipeSpec
from fsaasr.recipe.stages import STAGES, run_stage
from fsaasr.recipe.steps import make_graph, make_lang
from fsaasr.recipe.training import train_model
from fsaasr.recipe.training_views import draw_model
from fsaasr.recipe.tuning import Tuned, TuningGrid, tune, tune_cuts
from fsaasr.recipe.weights import TunedWeights, read_weights, tune_weights, write_weights

__all__ = [
    "SETUPS",
    "STAGES",
    "Archive",
    "ArchiveSizes",
    "CtcSetup",
    "Decoded",
    "Experiment",
    "GmmSetup",
    "Job",
    "Latency",
    "LatticeQuality",
    "LatticeRow",
    "Layout",
    "MbrTotals",
    "PerplexityRow",
    "RecipeSpec",
    "Recognizer",
    "ResultRow",
    "Results",
    "Run",
    "Scales",
    "Stream",
    "TiedGmmSetup",
    "TrainedLm",
    "Transcription",
    "Tuned",
    "TunedWeights",
    "TuningGrid",
    "Utterance",
    "align_cuts",
    "align_features",
    "bounded_loop",
    "build_grammar",
    "cluster",
    "collect_results",
    "copy_lattices",
    "decode_cuts",
    "draw_model",
    "estimate_arpa",
    "learn_lexicon",
    "listen",
    "make_graph",
    "make_lang",
    "make_word_lattices",
    "mbr_of_lattices",
    "measure_lattices",
    "measure_quality",
    "nbest_of_lattices",
    "oracle_of_lattices",
    "prune_lattices",
    "rate_row",
    "read_experiment",
    "read_recipe",
    "read_results",
    "read_scales",
    "read_setup",
    "read_weights",
    "recognize",
    "report_data",
    "report_experiment",
    "rescore_lattices",
    "results_markdown",
    "results_table",
    "run_jobs",
    "run_stage",
    "train_lm_model",
    "train_model",
    "tune",
    "tune_cuts",
    "tune_weights",
    "utterance_view",
    "with_kept",
    "worker_pool",
    "write_published",
    "write_scales",
    "write_weights",
]

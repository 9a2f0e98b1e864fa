"""Kaldi's files by hand: the smallest models, and what cannot be written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fsaasr.core.errors import ModelError
from fsaasr.core.symbols import SymbolTable
from fsaasr.features import FeatureConfig
from fsaasr.graph import TOPOLOGIES, parse_context_tree, parse_topology
from fsaasr.lexicon import Lexicon
from fsaasr.models import DiagGmm, GmmModel, load_model, save_model
from fsaasr.models.kaldi import kaldi_gmms, kaldi_topology, kaldi_transition_model, kaldi_tree, write_kaldi_model
from fsaasr.models.spliced_transform import SplicedTransform
from tests.cli.conftest import invoke

TOKENS = SymbolTable("ab")
HMM1 = TOPOLOGIES["hmm1"]


def test_a_topology_has_an_entry_for_each_kind_of_phone() -> None:
    mixed = HMM1.with_tokens(TOPOLOGIES["hmm3"], ["a"])
    assert kaldi_topology(mixed, TOKENS).split("</TopologyEntry>\n")[1] == (
        "<TopologyEntry>\n<ForPhones>\n2\n</ForPhones>\n"
        "<State> 0 <PdfClass> 0 <Transition> 0 0.5 <Transition> 1 0.5 </State>\n<State> 1 </State>\n"
    )
    assert "<State> 2 <PdfClass> 2 <Transition> 2 0.5 <Transition> 3 0.5 </State>" in kaldi_topology(mixed, TOKENS)


def test_a_tree_asks_for_places_in_the_window_and_numbers_of_phones() -> None:
    one = "state a.1\n left in b\n  a.1.1\n else\n  a.1.2\n"
    other = "state b.1\n right in a b\n  b.1.1\n else\n  b.1.2\n"
    tree = parse_context_tree(f"tokens a b\n{one}{other}")
    words = kaldi_tree(HMM1.tied(tree), TOKENS).split()
    left = "TE -1 1 ( SE 0 [ 2 ] { CE 0 CE 1 } )"
    right = "TE -1 1 ( SE 2 [ 1 2 ] { CE 2 CE 3 } )"
    assert " ".join(words) == f"ContextDependency 3 1 ToPdf TE 1 3 ( NULL {left} {right} ) EndContextDependency"


def test_transitions_come_in_the_order_of_phones_and_states() -> None:
    transitions = np.log(np.array([[0.25, 0.75], [0.5, 0.5]], dtype=np.float32))
    text = kaldi_transition_model(HMM1, TOKENS, transitions)
    assert (
        "<Triples> 2\n1 0 0\n2 0 1\n</Triples>\n<LogProbs>\n [ 0 -1.386294 -0.2876821 -0.6931472 -0.6931472 ]" in text
    )


def test_mixtures_have_kaldis_constants() -> None:
    gmm = DiagGmm(np.ones(1), np.array([[2.0, 0.0]]), np.array([[4.0, 1.0]]), np.arange(2))
    # log 1 - 0.5 * (2 log 2 pi + log 4 + log 1 + 2^2 / 4)
    assert f"<GCONSTS>  [ {-0.5 * (2 * np.log(2 * np.pi) + np.log(4) + 1):.9g} ]" in kaldi_gmms(gmm)
    assert "<MEANS_INVVARS>  [\n  0.5 0 ]\n<INV_VARS>  [\n  0.25 1 ]" in kaldi_gmms(gmm)


@pytest.mark.parametrize("topology", ["ctc", "blank-free", "skip"])
def test_topologies_that_kaldi_has_no_words_for_are_refused(topology: str) -> None:
    skip = parse_topology("skip", TOPOLOGIES["hmm3"].to_text() + "between mid.t t.2:t\n")
    with pytest.raises(ModelError, match="no counterpart in Kaldi"):
        kaldi_topology({**TOPOLOGIES, "skip": skip}[topology], TOKENS)


def test_a_model_directory_is_exported_with_its_transform(tmp_path: Path) -> None:
    lexicon, config = Lexicon.from_text("a a\nb b\n"), FeatureConfig(kind="mfcc", num_ceps=1)
    gmm = DiagGmm(np.ones(2), np.zeros((2, 1)), np.ones((2, 1)), np.arange(3))
    transform = SplicedTransform(np.array([[1.0, 0.5, 0.0]], dtype=np.float32), 1)
    model = GmmModel(gmm, lexicon.tokens, np.log(np.full((2, 2), 0.5)), config, "hmm1", transform)
    save_model(model, tmp_path / "model", lexicon)
    result = invoke("export", tmp_path / "model", tmp_path / "kaldi")
    assert result.exit_code == 0
    assert "2 phones" in result.output
    files = sorted(path.name for path in (tmp_path / "kaldi").iterdir())
    assert files == ["final.mat", "final.mdl", "phones.txt", "splice_opts", "topo", "tree"]
    assert (tmp_path / "kaldi/final.mat").read_text() == " [\n  1 0.5 0 ]\n"
    assert (tmp_path / "kaldi/phones.txt").read_text() == "<eps> 0\na 1\nb 2\n"
    write_kaldi_model(load_model(tmp_path / "model"), tmp_path / "again")
    assert (tmp_path / "again/final.mdl").read_text() == (tmp_path / "kaldi/final.mdl").read_text()


def test_models_of_other_families_are_refused(tmp_path: Path) -> None:
    class Other:
        family = "ctc"

    with pytest.raises(ModelError, match="family 'ctc'; expected a GMM-HMM"):
        write_kaldi_model(Other(), tmp_path)  # type: ignore[arg-type]

"""Objectives over graphs: batches as one by one, both backends alike; references and least frames."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from fsaasr.decode import forward_backward
from fsaasr.graph import TOPOLOGIES, TranscriptCompiler
from fsaasr.models.matrix_batches import apply_network
from fsaasr.train import spoken_tokens
from fsaasr.train.context_counts import left_context_tree
from fsaasr.train.full_sum import FullSumOptions, full_sum_loss
from fsaasr.train.full_sum_objective import FullSumObjective, constant_transitions
from fsaasr.train.lf_mmi_objective import LfMmiObjective
from fsaasr.train.mmi import MmiOptions, mmi_loss
from fsaasr.train.token_errors import TokenErrors
from tests.train.test_sequence import FULL_SUM, LF_MMI
from tests.train.toy_speech import toy_batch, toy_lexicon

BATCH = toy_batch(5)
SEQUENCES = spoken_tokens(list(BATCH.texts) * 3, toy_lexicon(), 0)
KINDS: Any = {"full-sum": (FullSumObjective, FULL_SUM), "lf-mmi": (LfMmiObjective, LF_MMI)}


def prepared(kind: str) -> Any:
    """An objective, a network in evaluation mode, and the transcripts."""
    objective_class, config = KINDS[kind]
    objective = objective_class(SEQUENCES, toy_lexicon(), TOPOLOGIES[config.topology], config)
    torch.manual_seed(0)
    network = objective.network(BATCH.dim).double().eval()
    return objective, network, objective.transcripts(BATCH, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_is_its_utterances_one_by_one_in_any_order(kind: str) -> None:
    objective, network, transcripts = prepared(kind)
    matrices = [matrix.astype(np.float64) for matrix in BATCH.matrices]
    network.float()

    def loss(numbers: list[int]) -> float:
        found, frames = objective.training_loss(network, [matrices[n] for n in numbers], *transcripts.select(numbers))
        assert frames == sum(len(matrices[n]) for n in numbers)
        return float(found)

    together = loss([0, 1, 2, 3, 4])
    assert loss([3, 1, 4, 0, 2]) == pytest.approx(together, rel=1e-5)
    assert sum(loss([n]) for n in range(5)) == pytest.approx(together, rel=1e-5)


@pytest.mark.k2
@pytest.mark.parametrize("kind", KINDS)
def test_both_backends_give_the_same_loss_and_gradient(kind: str) -> None:
    objective, network, transcripts = prepared(kind)
    graphs, ids = transcripts.select(range(5))
    results = []
    for backend in ("native", "k2"):
        scores, lengths = apply_network(network.float(), BATCH.matrices)
        scores = scores.detach().requires_grad_()
        if kind == "full-sum":
            loss = full_sum_loss(FULL_SUM.acoustic_scale * scores, lengths, graphs, ids, FullSumOptions(backend)).sum()
        else:
            loss = mmi_loss(scores, lengths, graphs, objective.language, ids, MmiOptions(backend)).sum()
        assert float(loss) == pytest.approx(float(objective.loss(scores, lengths, graphs, ids)), abs=1e-3)
        results.append(torch.autograd.grad(loss, scores)[0])
    torch.testing.assert_close(results[0], results[1], atol=1e-4, rtol=1e-4)


def test_lf_mmi_adds_the_cross_entropy_with_the_numerators_posteriors() -> None:
    objective, network, transcripts = prepared("lf-mmi")
    graphs, ids = transcripts.select([2])
    matrix = BATCH.matrices[2]
    batch, lengths = torch.from_numpy(matrix)[None], torch.tensor([len(matrix)])
    scores, _, frames = network.float().both(batch, lengths)
    posterior = forward_backward(graphs[0], scores[0].detach().numpy()).column_occupancy
    expected = float(objective.loss(scores, lengths, graphs, ids)) - LF_MMI.frame_weight * float(
        (torch.from_numpy(posterior) * frames[0]).sum()
    )
    found, _ = objective.training_loss(network, [matrix], graphs, ids)
    assert float(found) == pytest.approx(expected, rel=1e-4)


def test_expected_stays_and_leaves_make_the_transitions() -> None:
    objective, network, _ = prepared("full-sum")
    one = BATCH.select(BATCH.ids[:1])
    found = np.exp(objective.estimate_transitions(network.float(), one))
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-6)
    # Counted anew, from the posteriors of columns at neighbouring frames, on the same graph with its transitions.
    scores, _ = apply_network(network, one.matrices)
    graph = TranscriptCompiler(toy_lexicon(), "hmm3", transitions=objective.transitions).compile(one.texts[0].split())
    result = forward_backward(graph, FULL_SUM.acoustic_scale * scores[0].detach().numpy())
    frames = result.column_occupancy.sum(axis=0)
    unseen = frames == 0
    assert unseen.any()
    np.testing.assert_allclose(found[unseen], 0.5)
    # stays / (stays + leaves) with one more of each; stays + leaves are the frames.
    fst = graph.fst
    stays = np.zeros(graph.num_columns)
    for arc, occupancy in enumerate(result.arc_occupancy):
        if fst.input_label[arc] and fst.source_state[arc] == fst.next_state[arc]:
            stays[fst.input_label[arc] - 1] += occupancy
    np.testing.assert_allclose(found[:, 0], (stays + 1) / (frames + 2), atol=1e-5)


def test_constant_transitions_tell_silence_from_speech() -> None:
    lexicon = toy_lexicon()
    stays = np.exp(constant_transitions(TOPOLOGIES["hmm3"], lexicon, 0.6, 0.9)[:, 0])
    silence = TOPOLOGIES["hmm3"].columns(lexicon.tokens).token == lexicon.tokens["SIL"]
    np.testing.assert_allclose(stays, np.where(silence, 0.9, 0.6), rtol=1e-6)
    same = constant_transitions(TOPOLOGIES["hmm3"], toy_lexicon(silence=False), 0.6, 0.9)
    np.testing.assert_allclose(np.exp(same), [[0.6, 0.4]] * len(same), rtol=1e-6)


def test_least_frames_leave_a_path_and_no_more_than_there_are() -> None:
    objective, _, transcripts = prepared("full-sum")
    # Three frames a phone; "no" and "so" have two phones, the others' shortest pronunciations three and two.
    phones = {"no": 2, "yes": 3, "so": 2, "us": 2, "ess": 2}
    for text, least, matrix in zip(BATCH.texts, transcripts.least_frames, BATCH.matrices):
        assert least == min(len(matrix), 3 * sum(phones[word] for word in text.split()))
    halved = objective.transcripts(replace(BATCH, matrices=tuple(np.repeat(m, 2, axis=0) for m in BATCH.matrices)), 2)
    assert halved.least_frames == tuple(2 * least for least in transcripts.least_frames)
    same = [n for n, text in enumerate(BATCH.texts) if text == BATCH.texts[0]]
    assert all(transcripts.graphs[n] is transcripts.graphs[0] for n in same)


def test_token_errors_count_edits_of_what_was_recognized() -> None:
    objective, _, _ = prepared("full-sum")
    batch = replace(BATCH.select(BATCH.ids[:1]), texts=("yes no",))
    errors = TokenErrors(batch, toy_lexicon(), objective.language)
    assert errors.tokens == 5
    names = TOPOLOGIES["hmm3"].columns(toy_lexicon().tokens).names

    def scores(text: str) -> np.ndarray:
        path = [names.index(f"{phone}.{state}") for phone in text.split() for state in (1, 2, 3)]
        return np.where(np.arange(len(names)) == np.array(path)[:, None], 0.0, -50.0).astype(np.float32)

    assert errors.recognize(0, scores("SIL Y EH S SIL N OW")) == ["Y", "EH", "S", "N", "OW"]
    assert errors.of(0, scores("SIL Y EH S SIL N OW")) == 0
    # The second pronunciation of "yes": one substitution. Then a deletion.
    assert errors.of(0, scores("Y AH S N OW")) == 1
    assert errors.of(0, scores("Y EH S OW SIL")) == 1


def test_a_context_that_is_frequent_has_states_of_its_own() -> None:
    tokens = toy_lexicon().tokens
    sequences = [["N", "OW", "SIL", "S", "OW"], ["N", "OW"], ["S", "OW", "N"]]
    tree = left_context_tree(sequences, tokens, 2, 2, context_free=["SIL"])
    sizes = dict(zip(tokens.names[1:], tree.sizes.tolist()))
    assert sizes == {"N": [1, 1], "OW": [3, 3], "Y": [1, 1], "EH": [1, 1], "S": [1, 1], "AH": [1, 1], "SIL": [1, 1]}
    columns = {left: tree.table[tokens[left], tokens["OW"], 0].tolist() for left in ("N", "S", "Y", "SIL")}
    assert columns["Y"] == columns["SIL"] == tree.table[0, tokens["OW"], 3].tolist()
    assert len({tuple(found) for found in columns.values()}) == 3
    assert left_context_tree(sequences, tokens, 1, 9).num_columns == len(tokens) - 1

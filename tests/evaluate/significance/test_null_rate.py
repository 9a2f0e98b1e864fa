"""How often tests and intervals err, on simulated systems of which the truth is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tools.null_rate import Simulation, found_rates

TESTS = ("segments", "utterances", "bootstrap", "bootstrap by speaker")
FEW = Simulation(speakers=8, level=0.5, slope=0.3)


def test_equal_systems_are_told_apart_in_one_trial_of_twenty() -> None:
    rates = found_rates(Simulation(utterances=6).pairs(300, seed=5), samples=200)
    # 300 trials of probability 0.05 have a standard deviation of 1.3 %.
    assert {name: rates[name] for name in TESTS if rates[name] > 0.09} == {}
    assert min(rates["segments"], rates["utterances"]) >= 0.015


def test_eight_speakers_are_enough_for_the_bootstrap() -> None:
    small = replace(FEW, utterances=12, words=4, level=0.8)
    rates = found_rates(small.pairs(200, seed=3), samples=200, true_rate=small.true_rate)
    assert rates["bootstrap by speaker"] <= 0.09
    assert rates["intervals by speaker"] <= 0.12
    # Utterances of one speaker resemble each other: drawn one by one, they promise too much.
    assert rates["intervals by speaker"] < rates["intervals by utterance"]


@pytest.mark.slow
def test_many_trials_hold_the_level_to_a_point_and_a_half() -> None:
    ten = Simulation()
    rates = found_rates(ten.pairs(4000, seed=1), true_rate=ten.true_rate)
    assert {name: rates[name] for name in TESTS if abs(rates[name] - 0.05) > 0.015} == {}
    assert rates["intervals by speaker"] <= 0.05 + 0.02
    seeds = found_rates(Simulation(seeds=3).pairs(2000, seed=2))
    # Where chance sets a fifth of a training's own errors, what holds of models does not hold of methods.
    assert seeds["methods"] <= 0.05 + 0.015


@pytest.mark.slow
def test_few_speakers_that_differ_hold_it_too() -> None:
    for simulation in (FEW, replace(FEW, speakers=12)):
        rates = found_rates(simulation.pairs(2000, seed=4), true_rate=simulation.true_rate)
        assert abs(rates["bootstrap by speaker"] - 0.05) <= 0.015
        assert rates["intervals by speaker"] <= 0.05 + 0.04


@pytest.mark.slow
def test_ten_speakers_show_what_is_there() -> None:
    rates = found_rates(Simulation(worse=3.0).pairs(500, seed=6))
    assert rates["bootstrap by speaker"] >= 0.8 * rates["segments"] >= 0.5

"""Scales: their file, their choice."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsaasr.core import ConfigError, FileFormatError
from fsaasr.recipe import Scales, TuningGrid, read_scales, write_scales
from fsaasr.recipe.tuning import choose

scales = st.builds(
    Scales,
    st.sampled_from([0.1, 0.5, 1.0]),
    st.sampled_from([0.5, 1.0]),
    st.sampled_from([-2.0, 0.0, 2.0]),
    st.sampled_from([None, 0.0, 0.5]),
)


@given(scales)
def test_scales_survive_their_file(tmp_path_factory: pytest.TempPathFactory, value: Scales) -> None:
    path = tmp_path_factory.mktemp("scales") / "scales.json"
    write_scales(value, path, errors=3)
    assert read_scales(path) == value


@given(st.lists(st.tuples(scales, st.integers(0, 3)), min_size=1))
def test_what_is_chosen_has_the_fewest_errors(trials: list[tuple[Scales, int]]) -> None:
    chosen, errors = choose(trials)
    assert errors == min(count for _, count in trials)
    assert (chosen, errors) in trials


def test_the_middle_of_a_plateau_is_chosen() -> None:
    errors = {-4.0: 5, -2.0: 1, 0.0: 1, 2.0: 1, 4.0: 7}
    trials = [(Scales(word_insertion_penalty=penalty), count) for penalty, count in errors.items()]
    assert choose(trials)[0].word_insertion_penalty == 0.0


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"scales": 3}'])
def test_a_file_without_scales_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "scales.json"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=r"scales\.json"):
        read_scales(path)


@pytest.mark.parametrize("text", ['{"scales": {"speed": 1}}', '{"scales": {"acoustic_scale": 0}}'])
def test_impossible_scales_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "scales.json"
    path.write_text(text)
    with pytest.raises(ConfigError):
        read_scales(path)


def test_an_empty_axis_is_refused() -> None:
    with pytest.raises(ConfigError, match="empty list"):
        TuningGrid(lm_scale=())

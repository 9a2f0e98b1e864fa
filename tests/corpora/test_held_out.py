from __future__ import annotations

import pytest

from fsaasr.core.errors import CorpusError
from fsaasr.corpora.held_out import held_out_speakers


@pytest.mark.parametrize(
    ("count", "expected"),
    # Runs of the sorted names and the middle of each: abc|def|ghi -> b e h; abcd|efghi -> c g.
    [(1, "e"), (2, "cg"), (3, "beh"), (8, "abcdfghi")],
)
def test_dev_speakers_are_the_middles_of_equal_runs(count, expected):
    assert "".join(held_out_speakers("ihgfedcbaabc", count, "prepare")) == expected


def test_somebody_is_left_to_train_on():
    with pytest.raises(CorpusError, match="prepare_it: 2 training speakers, 2 of them for dev"):
        held_out_speakers("abab", 2, "prepare_it")

"""Random small test sets."""

from __future__ import annotations

from typing import Any, Dict, List

from hypothesis import strategies as st

WORDS = st.lists(st.sampled_from(["a", "b", "cat", "***", "<eps>", "日本"]), max_size=6)

Transcripts = Dict[str, List[str]]


@st.composite
def scored_sets(draw: Any) -> tuple[Transcripts, Transcripts, dict[str, str]]:
    """References (with at least one word), hypotheses and speakers."""
    size = draw(st.integers(1, 6))
    ids = [f"u{i}" for i in range(size)]
    references = {utterance: draw(WORDS) for utterance in ids}
    references["u0"] = references["u0"] or ["a"]
    hypotheses = {utterance: draw(WORDS) for utterance in ids}
    speakers = {utterance: draw(st.sampled_from(["ann", "bob", "cem"])) for utterance in ids}
    return references, hypotheses, speakers

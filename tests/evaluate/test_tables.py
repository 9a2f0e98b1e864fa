"""Tables as plain text."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from fsaasr.evaluate import alignment_table, character_errors, error_table, utterance_table, word_errors

from .strategies import scored_sets


@given(scored_sets())
def test_alignment_lines_hold_every_word_in_order(texts: Any) -> None:
    report = word_errors(*texts)
    for entry in report.utterances:
        _, reference, hypothesis, *_ = utterance_table(entry).split("\n")
        columns = list(zip(reference.split()[1:], hypothesis.split()[1:]))
        assert len(columns) == len(entry.alignment)
        for shown, pair in zip(columns, entry.alignment):
            assert all(cell == unit or (not unit and set(cell) == {"*"}) for cell, unit in zip(shown, pair))


@given(scored_sets())
def test_error_table_has_a_row_for_each_speaker_and_the_total(texts: Any) -> None:
    report = word_errors(*texts)
    rows = [line.split() for line in error_table(report).splitlines()]
    assert [row[0] for row in rows] == ["speaker", *report.per_speaker, "total"]
    sums = [sum(int(row[column]) for row in rows[1:-1]) for column in range(1, 6)]
    assert sums == [int(cell) for cell in rows[-1][1:6]]
    assert sums[-1] == report.errors


def test_error_table_example() -> None:
    report = word_errors(
        {"u1": ["a", "cat"], "u2": [], "u3": ["x"] * 12},
        {"u1": ["a"], "u2": ["y"], "u3": ["x"] * 12},
        {"u1": "ann", "u2": "bob", "u3": "cem"},
    )
    assert error_table(report) == (
        "speaker  words  sub  ins  del  errors  rate %\n"
        "ann          2    0    0    1       1   50.00\n"
        "bob          0    0    1    0       1       -\n"
        "cem         12    0    0    0       0    0.00\n"
        "total       14    0    1    1       2   14.29\n"
    )


def test_alignment_example_with_wide_characters_and_gaps() -> None:
    report = word_errors({"u1": ["a", "cat"], "u2": ["日本", "x"]}, {"u1": ["cat", "sat"], "u2": ["語", "x"]})
    assert alignment_table(report) == (
        "u1: 0 sub 1 ins 1 del of 2\nREF a cat ***\nHYP * cat sat\n    D     I\n"
        "\n"
        "u2: 1 sub 0 ins 0 del of 2\nREF 日本 x\nHYP 語   x\n    S\n"
    )


def test_combining_marks_take_no_column() -> None:
    report = word_errors({"u": ["cafe\u0301", "x"]}, {"u": ["the", "x"]})
    assert utterance_table(report.utterances[0]).splitlines()[1:3] == ["REF cafe\u0301 x", "HYP the  x"]


def test_characters_show_spaces() -> None:
    report = character_errors({"u": ["a", "b"]}, {"u": ["ab"]})
    assert alignment_table(report) == "u: 0 sub 0 ins 1 del of 3\nREF a ␣ b\nHYP a * b\n      D\n"


def test_utterances_without_errors_are_left_out_unless_asked() -> None:
    report = word_errors({"u1": ["a"], "u2": ["b"]}, {"u1": ["a"], "u2": ["c"]})
    assert alignment_table(report).startswith("u2: ")
    assert alignment_table(report, only_errors=False).startswith("u1: 0 sub 0 ins 0 del of 1\nREF a\nHYP a\n")
    assert alignment_table(word_errors({"u1": ["a"]}, {"u1": ["a"]})) == ""

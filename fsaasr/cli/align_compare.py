"""`fsaasr align-compare`."""

from __future__ import annotations

from pathlib import Path

import click

from fsaasr.cli.options import FILE


@click.command(name="align-compare")
@click.argument("first", type=FILE)
@click.argument("second", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with all words that differ.")
def align_compare(first: Path, second: Path, as_json: bool) -> None:
    """Compare the times of two alignments of the same utterances.

    FIRST and SECOND are files of hypotheses with times: .ctm, .jsonl, .TextGrid or supervisions. Tokens are compared
    where both files have them along with the words, as .jsonl, .TextGrid and supervisions do.

    Example: fsaasr align-compare gmm/align.jsonl ctc/align.jsonl
    """
    import json

    from fsaasr.evaluate import boundary_report
    from fsaasr.hypotheses import read_hypotheses

    report = boundary_report(read_hypotheses(first), read_hypotheses(second))
    click.echo(json.dumps(report.to_dict(), ensure_ascii=False) if as_json else report.table().rstrip("\n"))

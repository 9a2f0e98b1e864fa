"""`fsaasr doctor`: what is installed, what does not fit, and what to type."""

from __future__ import annotations

import sys
from typing import Tuple

import click

import fsaasr
from fsaasr.core.stack import Finding, Installation, examine, survey


@click.command()
def doctor() -> None:
    """Print the packages that fsaasr uses and whether they fit one another.

    Ends with status 1 if something is broken; an absent k2 is not.

    Example: fsaasr doctor
    """
    installation = survey(load=True)
    findings = examine(installation)
    click.echo(describe(installation, findings))
    sys.exit(1 if any(finding.fatal for finding in findings) else 0)


def describe(installation: Installation, findings: Tuple[Finding, ...]) -> str:
    """The findings as a table, each problem followed by its remedy."""
    lines = [
        f"fsaasr {fsaasr.__version__}, Python {installation.python}, {installation.system} {installation.machine}",
        "",
    ]
    for finding in findings:
        lines.append(f"{finding.package.name:16}{finding.version or '-':14}{_verdict(finding, installation)}")
        if finding.problem:
            lines.append(f"{'':30}remedy: {finding.remedy}")
    broken = [finding.package.name for finding in findings if finding.fatal]
    lines.append("")
    lines.append(f"to mend: {', '.join(broken)}" if broken else "fsaasr can be used here")
    return "\n".join(lines)


def _verdict(finding: Finding, installation: Installation) -> str:
    if finding.problem:
        return f"{'BROKEN: ' if finding.fatal else ''}{finding.problem}"
    if finding.package.name == "k2" and installation.k2_build is not None:
        return f"fits: built for torch {installation.k2_build.torch}"
    return "fits"

from __future__ import annotations

import pytest
from click.testing import CliRunner

import fsaasr
from fsaasr.cli.doctor import doctor
from fsaasr.core.stack import PACKAGES, Installation, K2Build

CURRENT = {
    **{package.name: package.minimum for package in PACKAGES if package.name != "k2"},
    "torch": "2.13.0",
    "numpy": "2.4.6",
}


def visit(monkeypatch: pytest.MonkeyPatch, installation: Installation) -> tuple[int, list[str]]:
    monkeypatch.setattr("fsaasr.cli.doctor.survey", lambda load: installation)
    result = CliRunner().invoke(doctor, [])
    return result.exit_code, result.output.splitlines()


def test_without_k2_all_else_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    status, lines = visit(monkeypatch, Installation("3.13.0", "Linux", "aarch64", CURRENT))
    assert status == 0
    assert lines[0] == f"fsaasr {fsaasr.__version__}, Python 3.13.0, Linux aarch64"
    assert lines[2].split() == ["torch", "2.13.0", "fits"]
    assert lines[4].startswith("k2              -             is absent; it serves the engines k2 and k2-exact")
    assert lines[5].strip().startswith("remedy: the k2 wheel on the registry fits")
    assert lines[-1] == "fsaasr can be used here"


def test_a_k2_for_another_torch_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    build = K2Build("1.13.1+cu117")
    status, lines = visit(monkeypatch, Installation("3.11.7", "Linux", "x86_64", {**CURRENT, "k2": "1.23.4"}, build))
    assert status == 1
    assert "BROKEN: 1.23.4 was built for torch 1.13.1+cu117, but here is torch 2.13.0" in lines[4]
    assert lines[-1] == "to mend: k2"


def test_a_missing_requirement_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {name: version for name, version in CURRENT.items() if name != "pynini"}
    status, lines = visit(monkeypatch, Installation("3.12.1", "Linux", "x86_64", versions))
    assert status == 1
    assert any(line.startswith("pynini          -             BROKEN: is absent") for line in lines)
    assert lines[-1] == "to mend: pynini"


def test_what_runs_these_tests_can_be_used() -> None:
    result = CliRunner().invoke(doctor, [])
    assert result.exit_code == 0, result.output
    assert all(any(line.startswith(package.name) for line in result.output.splitlines()) for package in PACKAGES)

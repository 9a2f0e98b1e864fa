from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Iterator

import pytest

from fsaasr.core import MissingDependencyError, import_k2
from fsaasr.core.stack import K2_PIN, PACKAGES, UNKNOWN, Finding, Installation, K2Build, examine, survey

ROOT = Path(__file__).resolve().parents[2]

DEFAULT = Installation(
    "3.11.7",
    "Linux",
    "x86_64",
    {
        "torch": "1.13.1",
        "numpy": "1.26.4",
        "k2": "1.23.4",
        "pynini": "2.1.7",
        "lhotse": "1.33.0",
        "numba": "0.68.1",
        "sentencepiece": "0.2.3",
        "kaldialign": "0.12.0",
        "espeakng-loader": "0.2.4",
    },
    K2Build("1.13.1+cu117"),
)


def having(installation: Installation, **versions: str | None) -> Installation:
    merged = {**installation.versions, **versions}
    kept = {name: version for name, version in merged.items() if version is not None}
    return replace(installation, versions=kept, k2_build=installation.k2_build if "k2" in kept else None)


CURRENT = having(DEFAULT, torch="2.13.0+cpu", numpy="2.4.6", k2=None)


def finding(installation: Installation, name: str) -> Finding:
    return next(found for found in examine(installation) if found.package.name == name)


def problems(installation: Installation) -> dict[str, bool]:
    """Packages with a problem, and whether it is fatal."""
    return {found.package.name: found.fatal for found in examine(installation) if found.problem}


def test_the_default_stack_fits() -> None:
    assert problems(DEFAULT) == {}


def test_the_current_stack_lacks_k2_and_can_be_used() -> None:
    assert problems(CURRENT) == {"k2": False}


def test_every_problem_has_a_one_line_remedy_and_nothing_else_has() -> None:
    broken = replace(having(DEFAULT, torch="2.13.0", numba="0.50", pynini=None), load_errors={"lhotse": "boom"})
    for installation in (DEFAULT, CURRENT, broken):
        for found in examine(installation):
            assert bool(found.problem) == bool(found.remedy)
            assert "\n" not in found.problem + found.remedy


def test_k2_for_another_torch() -> None:
    found = finding(having(DEFAULT, torch="2.13.0+cpu", numpy="2.4.6"), "k2")
    assert found.problem == "1.23.4 was built for torch 1.13.1+cu117, but here is torch 2.13.0+cpu"
    assert found.fatal


def test_k2_for_another_torch_of_nearly_the_same_version() -> None:
    assert finding(having(DEFAULT, torch="1.13.0"), "k2").fatal
    assert problems(having(DEFAULT, torch="1.13.1+cpu")) == {}  # its release is the same; loading tells the rest


def test_k2_without_torch() -> None:
    assert problems(having(DEFAULT, torch=None)) == {"torch": True, "k2": True}


def test_k2_for_another_python() -> None:
    found = finding(replace(DEFAULT, k2_build=K2Build("1.13.1", "cpython-38-x86_64-linux-gnu")), "k2")
    assert found.problem == "1.23.4 was built for cpython-38-x86_64-linux-gnu, not for Python 3.11.7"


def test_k2s_remedy_depends_on_the_machine() -> None:
    assert K2_PIN in finding(CURRENT, "k2").remedy
    for elsewhere in (replace(CURRENT, python="3.12.1"), replace(CURRENT, machine="aarch64")):
        remedy = finding(elsewhere, "k2").remedy
        assert K2_PIN not in remedy
        assert "Python 3.11 with torch 1.13.1 on Linux x86-64" in remedy
        assert "torch 2.13.0+cpu" in remedy


@pytest.mark.parametrize("torch", ["1.13.1", "2.2.2"])
def test_numpy_2_with_a_torch_that_takes_numpy_1(torch: str) -> None:
    found = finding(having(CURRENT, torch=torch), "numpy")
    assert found.problem == f"2.4.6 does not fit torch {torch}, which takes numpy 1 only"
    assert found.remedy == "run `pip install 'numpy<2'`"


def test_numpy_1_fits_every_torch() -> None:
    assert "numpy" not in problems(having(CURRENT, numpy="1.26.4"))
    assert "numpy" not in problems(having(CURRENT, torch="2.3.0"))


def test_an_old_package() -> None:
    found = finding(having(DEFAULT, lhotse="1.4"), "lhotse")
    assert (found.problem, found.fatal) == ("1.4 is older than 1.29", True)
    assert found.remedy == "run `pip install 'lhotse>=1.29'`"


@pytest.mark.parametrize(
    ("system", "remedy"),
    [("Linux", "conda install -c conda-forge pynini"), ("Windows", "Windows Subsystem for Linux")],
)
def test_pynini_without_a_wheel(system: str, remedy: str) -> None:
    found = finding(replace(having(CURRENT, pynini=None), system=system), "pynini")
    assert found.problem == "is absent; it serves building graphs"
    assert remedy in found.remedy
    assert found.fatal


def test_an_undefined_symbol_is_never_shown() -> None:
    error = "ImportError: _k2.so: undefined symbol: _ZN5torch3jit6Pickle"
    found = finding(replace(DEFAULT, load_errors={"k2": error, "pynini": error}), "k2")
    assert (
        found.problem
        == "was built for another build of torch (its own: 1.13.1+cu117) than the torch 1.13.1 that is here"
    )
    assert all("symbol" not in f.problem for f in examine(replace(DEFAULT, load_errors={"k2": error, "pynini": error})))


def test_what_else_fails_to_load_says_why() -> None:
    errors = {"numba": "ImportError: Numba needs NumPy 2.0 or less", "lhotse": "No module named 'urllib3'"}
    installation = replace(DEFAULT, load_errors=errors)
    assert finding(installation, "numba").problem == "does not load: ImportError: Numba needs NumPy 2.0 or less"
    assert finding(installation, "numba").remedy == "run `pip install --upgrade numba`"
    assert finding(installation, "lhotse").remedy == "run `pip install --force-reinstall --no-deps lhotse==1.33.0`"


def test_a_version_that_nobody_knows_is_not_judged() -> None:
    assert problems(having(DEFAULT, pynini=UNKNOWN, k2=UNKNOWN)) == {}


def test_minimum_versions_are_those_of_the_project_file() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    stated = dict(re.findall(r'"([\w-]+)>=([\d.]+)', text))
    stated["k2"] = "1.23"  # on no list, since no version range of k2 installs
    assert {package.name: package.minimum for package in PACKAGES} == {
        package.name: stated[package.name] for package in PACKAGES
    }


def test_the_pin_of_k2_is_that_of_the_requirements() -> None:
    assert (ROOT / "requirements" / "k2.txt").read_text(encoding="utf-8").strip() == K2_PIN


def test_what_runs_these_tests_is_found() -> None:
    here = survey()
    assert {"torch", "numpy", "pynini", "lhotse", "numba"} <= set(here.versions)
    assert here.python.startswith(f"{sys.version_info[0]}.{sys.version_info[1]}.")
    assert here.load_errors == {}


@pytest.fixture
def no_k2(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A folder at the front of the module path, and no k2 loaded; afterwards everything is as it was."""
    before = {name: module for name, module in sys.modules.items() if name.split(".")[0] in ("k2", "_k2")}
    for name in before:
        del sys.modules[name]
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.split(".")[0] in ("k2", "_k2")]:
        del sys.modules[name]
    sys.modules.update(before)


def write_k2(folder: Path, torch: str, code: str = "", extension: str = "_k2.py") -> None:
    info = folder / "k2-9.8.7.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: k2\nVersion: 9.8.7\n")
    (folder / "k2").mkdir()
    (folder / "k2" / "__init__.py").write_text(code)
    (folder / "k2" / "torch_version.py").write_text(f'k2_torch_version = "{torch}"\nk2_torch_cuda_version = ""\n')
    (folder / extension).touch()


def torch_here() -> str:
    return survey().versions["torch"]


def test_a_k2_that_fits_is_given(no_k2: Path) -> None:
    write_k2(no_k2, torch_here(), "marker = 'here'")
    assert import_k2().marker == "here"
    assert import_k2() is sys.modules["k2"]
    assert survey().k2_build == K2Build(torch_here())


def test_a_k2_for_another_torch_is_not_even_imported(no_k2: Path) -> None:
    write_k2(no_k2, "1.2.3+cpu", "raise SystemExit('imported')")
    with pytest.raises(MissingDependencyError, match=r"^k2 9\.8\.7 was built for torch 1\.2\.3\+cpu, but"):
        import_k2()


@pytest.mark.parametrize(
    "code",
    [
        "raise ImportError('_k2.so: undefined symbol: _ZN3c10')",
        "raise OSError('libtorch_cuda.so: cannot open shared object file')",
    ],
)
def test_a_k2_for_another_build_of_the_same_torch(no_k2: Path, code: str) -> None:
    write_k2(no_k2, torch_here(), code)
    with pytest.raises(MissingDependencyError, match=r"^k2 was built for another build of torch") as caught:
        import_k2()
    assert "\n" not in str(caught.value)
    assert "symbol" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_what_k2_says_of_cuda_is_put_on_one_line(no_k2: Path) -> None:
    write_k2(no_k2, torch_here(), "raise ImportError('k2 was built using CUDA 11.7\\nBut you are using CUDA 12')")
    with pytest.raises(MissingDependencyError, match=r"CUDA 11\.7 But you are using CUDA 12; "):
        import_k2()


def test_a_k2_for_another_python(no_k2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_k2(no_k2, "1.2.3", extension="_k2.cpython-38-x86_64-linux-gnu.so")
    # Only the fake folder, so that an installed extension does not stand in for the missing one.
    monkeypatch.setattr(sys, "path", [str(no_k2)])
    assert survey().k2_build == K2Build("1.2.3", "cpython-38-x86_64-linux-gnu")


def test_no_k2(no_k2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sys.modules["k2"] = None  # type: ignore[assignment]  # which `no_k2` puts right; monkeypatch would undo too late
    monkeypatch.setattr("fsaasr.core.stack.survey", lambda: replace(CURRENT, python="3.12.0"))
    with pytest.raises(MissingDependencyError, match=r"^k2 is absent; it serves the engines .*; the k2 wheel"):
        import_k2()


def test_a_torch_that_does_not_fit_numpy_is_said_first(no_k2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fsaasr.core.stack.survey", lambda: having(DEFAULT, numpy="2.4.6"))
    with pytest.raises(MissingDependencyError, match=r"^numpy 2\.4\.6 does not fit torch 1\.13\.1.*'numpy<2'"):
        import_k2()


@pytest.mark.k2
def test_the_real_k2() -> None:
    k2 = import_k2()
    assert k2.Fsa.from_str("0 1 -1 0.5\n1").num_arcs == 1

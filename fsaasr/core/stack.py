"""Which packages are installed, whether they fit one another, and the one door to k2.

Facts and judgement are apart: `survey` looks, `examine` judges, so every misfit can be tested without
installing it.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import platform
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Tuple

from fsaasr.core.errors import MissingDependencyError
from fsaasr.core.loading import load_errors

K2_PIN = "k2==1.23.4 --hash=sha256:5b5f709b12b9cd092b583984d0b7d940c9f898101259c998d68d1f4adefa48d4"
"""Requirement line of the k2 wheel for Python 3.11, torch 1.13.1 and Linux x86-64. Every k2 wheel on the
registry is tagged `py3`, so only the hash picks the right one."""

UNKNOWN = "unknown"
"""Version of a module that stands on the path without an installed distribution."""


@dataclass(frozen=True)
class Package:
    """A package that fsaasr uses: its distribution, its module, the oldest version that fits, and its use."""

    name: str
    module: str
    minimum: str
    use: str
    required: bool = True


PACKAGES: Tuple[Package, ...] = (
    Package("torch", "torch", "1.13", "neural models"),
    Package("numpy", "numpy", "1.23", "arrays"),
    Package("k2", "k2", "1.23", "the engines k2 and k2-exact, against which the native engine is checked", False),
    Package("pynini", "pynini", "2.1.6", "building graphs"),
    Package("lhotse", "lhotse", "1.29", "manifests and features"),
    Package("numba", "numba", "0.59", "the native engine"),
    Package("sentencepiece", "sentencepiece", "0.1.99", "word-piece lexicons"),
    Package("kaldialign", "kaldialign", "0.9", "word error rates"),
    Package("espeakng-loader", "espeakng_loader", "0.2.4", "the synthetic corpus", False),
)


@dataclass(frozen=True)
class K2Build:
    """What an installed k2 was built for.

    Attributes:
      torch: version of torch, e.g. `1.13.1+cu117`.
      foreign_python: "" where its extension fits this Python, else the tag it was built for, e.g. `cpython-38`.
    """

    torch: str
    foreign_python: str = ""


@dataclass(frozen=True)
class Installation:
    """Facts about an environment.

    Attributes:
      python: e.g. `3.11.7`. system: e.g. `Linux`. machine: e.g. `x86_64`.
      versions: version of each of `PACKAGES` that is there.
      k2_build: None where there is no k2, or one that does not say.
      load_errors: for packages that failed to import in a process of their own, the last line they said.
    """

    python: str
    system: str
    machine: str
    versions: Mapping[str, str]
    k2_build: Optional[K2Build] = None
    load_errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """The verdict on one package.

    Attributes:
      version: None where it is absent.
      problem: what does not fit, as `PACKAGE problem`; "" where all is well. remedy: one line that mends it.
      fatal: fsaasr must not be used until this is mended; an absent optional package is a problem, but not fatal.
    """

    package: Package
    version: Optional[str]
    problem: str = ""
    remedy: str = ""
    fatal: bool = False


def survey(load: bool = False) -> Installation:
    """Looks at this environment without importing any of its packages.

    Args:
      load: also import each package, in a process of its own, where a crash harms nothing; takes seconds.
    """
    versions: Dict[str, str] = {}
    for package in PACKAGES:
        try:
            versions[package.name] = importlib.metadata.version(package.name)
        except importlib.metadata.PackageNotFoundError:
            if _spec_file(package.module) is not None:
                versions[package.name] = UNKNOWN
    failures = load_errors({p.name: p.module for p in PACKAGES if p.name in versions}) if load else {}
    return Installation(
        platform.python_version(), platform.system(), platform.machine(), versions, _k2_build(), failures
    )


def examine(installation: Installation) -> Tuple[Finding, ...]:
    """Judges each of `PACKAGES`, in their order."""
    return tuple(_examine(package, installation) for package in PACKAGES)


def import_k2() -> Any:
    """The module `k2`; whatever needs k2 gets it here.

    Raises:
      MissingDependencyError: k2 is absent, or was built for another torch or Python; one line with the remedy.
    """
    loaded = sys.modules.get("k2")
    if loaded is not None:
        return loaded
    installation = survey()
    for finding in examine(installation):
        if finding.package.name in ("torch", "numpy", "k2") and finding.problem:
            raise MissingDependencyError(f"{finding.package.name} {finding.problem}; {finding.remedy}")
    try:
        return importlib.import_module("k2")
    except (ImportError, OSError) as error:
        problem = _load_problem("k2", " ".join(str(error).split()), installation)
        raise MissingDependencyError(f"k2 {problem}; {k2_remedy(installation)}") from None


def k2_remedy(installation: Installation) -> str:
    """One line that says how to get a k2 that fits."""
    if installation.python.startswith("3.11.") and (installation.system, installation.machine) == ("Linux", "x86_64"):
        return (
            f"run `echo '{K2_PIN}' >k2.txt && pip install 'pip<26' && pip install --no-deps -r k2.txt && "
            "pip install torch==1.13.1 'numpy<2'`, in an environment of its own if torch must stay as it is"
        )
    return (
        "the k2 wheel on the registry fits Python 3.11 with torch 1.13.1 on Linux x86-64 only: use those, or take "
        f"the wheel for torch {installation.versions.get('torch', 'X')} from the list in k2's own documentation"
    )


def _examine(package: Package, installation: Installation) -> Finding:
    version = installation.versions.get(package.name)
    if version is None:
        problem = f"is absent; it serves {package.use}"
        return Finding(package, None, problem, _absence_remedy(package, installation), package.required)
    problem, remedy = _misfit(package, version, installation)
    if not problem and package.name in installation.load_errors:
        problem = _load_problem(package.name, installation.load_errors[package.name], installation)
        remedy = _load_remedy(package, version, installation)
    return Finding(package, version, problem, remedy if problem else "", bool(problem))


def _absence_remedy(package: Package, installation: Installation) -> str:
    if package.name == "k2":
        return k2_remedy(installation)
    if package.name == "pynini" and installation.system == "Windows":
        return "it has no build for Windows: use the Windows Subsystem for Linux"
    line = f"run `pip install '{package.name}>={package.minimum}'`"
    if package.name == "pynini":
        line += ", or where that finds no wheel `conda install -c conda-forge pynini`"
    return line


def _misfit(package: Package, version: str, installation: Installation) -> Tuple[str, str]:
    torch = installation.versions.get("torch", "")
    if version != UNKNOWN and _release(version) < _release(package.minimum):
        return f"{version} is older than {package.minimum}", f"run `pip install '{package.name}>={package.minimum}'`"
    if package.name == "numpy" and torch and _release(torch) < (2, 3) and _release(version) >= (2,):
        return f"{version} does not fit torch {torch}, which takes numpy 1 only", "run `pip install 'numpy<2'`"
    build = installation.k2_build
    if package.name != "k2" or build is None:
        return "", ""
    if build.foreign_python:
        problem = f"{version} was built for {build.foreign_python}, not for Python {installation.python}"
        return problem, k2_remedy(installation)
    if _release(build.torch) != _release(torch):
        return f"{version} was built for torch {build.torch}, but here is torch {torch or 'absent'}", k2_remedy(
            installation
        )
    return "", ""


def _load_problem(name: str, message: str, installation: Installation) -> str:
    torch = installation.versions.get("torch", UNKNOWN)
    binary = re.search(r"undefined symbol|symbol not found|shared object|DLL load|dlopen", message, re.IGNORECASE)
    if not binary:
        return f"does not load: {message}"
    if name == "k2":
        built = installation.k2_build.torch if installation.k2_build else UNKNOWN
        return f"was built for another build of torch (its own: {built}) than the torch {torch} that is here"
    return "does not load: its compiled part does not fit the libraries that are here"


def _load_remedy(package: Package, version: str, installation: Installation) -> str:
    if package.name == "k2":
        return k2_remedy(installation)
    if "numpy" in installation.load_errors[package.name].lower():
        return f"run `pip install --upgrade {package.name}`"
    return f"run `pip install --force-reinstall --no-deps {package.name}=={version}`"


def _release(version: str) -> Tuple[int, ...]:
    """The leading numbers of a version: `1.13.1+cu117` gives (1, 13, 1)."""
    match = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in match.group().split(".")) if match else ()


def _spec_file(module: str) -> Optional[Path]:
    try:
        spec = importlib.util.find_spec(module)
    except ValueError:  # something else stands in sys.modules under this name
        return None
    return Path(spec.origin) if spec is not None and spec.origin else None


def _k2_build() -> Optional[K2Build]:
    """Reads what k2 says of itself in its files; importing it would already load what may not fit."""
    init = _spec_file("k2")
    if init is None:
        return None
    try:
        text = (init.parent / "torch_version.py").read_text(encoding="utf-8")
    except OSError:
        return None
    torch = re.search(r"^k2_torch_version\s*=\s*[\"']([^\"']+)", text, re.MULTILINE)
    foreign = ""
    if _spec_file("_k2") is None:
        tags = [path.name.split(".")[1] for path in init.parent.parent.glob("_k2.*.*")]
        foreign = tags[0] if tags else "another Python"
    return K2Build(torch.group(1), foreign) if torch else None

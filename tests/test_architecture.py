"""Folders import in the data's direction only; files and functions stay small."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.source_rules import function_lines, functions, imported_modules

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "fsaasr"

# A folder imports itself and those at its left ...
ORDER = (
    *("core", "corpora", "features", "lexicon", "grammar", "g2p", "graph", "models"),
    *("lattice", "hypotheses", "decode", "train", "evaluate", "report", "recipe", "cli"),
)
# ... without these, of which it knows nothing.
FORBIDDEN = {
    "lexicon": {"corpora", "features"},
    "grammar": {"corpora", "features"},
    "g2p": {"corpora", "features"},
    "graph": {"corpora", "features"},
    "lattice": {"corpora", "features", "models"},
    "hypotheses": {"corpora", "features", "models"},
    "evaluate": {"decode", "train"},
    "report": {"decode", "train"},
}
# What tests share knows the data types, not the code under test.
TESTING_MAY = (
    "fsaasr.core",
    "fsaasr.graph.ContextTree",
    "fsaasr.graph.FstArrays",
    "fsaasr.graph.DecodingGraph",
    "fsaasr.graph.context_tree",
    "fsaasr.graph.fst_arrays",
    "fsaasr.graph.decoding_graph",
    "fsaasr.lattice.lattice",
    "fsaasr.lattice.word_lattice",
    "fsaasr.testing",
)

FILE_LINES = 400
FUNCTION_LINES = 60
RECIPE_LINES = 80

MODULES = sorted(PACKAGE.rglob("*.py"))
SOURCES = sorted(
    path for folder in ("fsaasr", "tests", "egs", "tools") for path in (ROOT / folder).rglob("*.py") if path.is_file()
)


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def package_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).parent.parts)


def misplaced_imports(source: str, package: str) -> list[str]:
    """Imports of `source`, a module of `package`, that go against the direction."""
    folder = [*package.split("."), ""][1]
    found = []
    for line, name in imported_modules(ast.parse(source), package):
        if not name.startswith("fsaasr."):
            continue
        target = name.split(".")[1]
        if folder == "testing":
            allowed = name.startswith(TESTING_MAY)
        elif folder == "" or target not in (*ORDER, "testing"):
            allowed = target != "testing"
        else:
            left = ORDER[: ORDER.index(folder) + 1]
            allowed = target in left and target not in FORBIDDEN.get(folder, ())
        if not allowed:
            found.append(f"line {line}: {folder or 'fsaasr'} imports {name}")
    return found


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_imports_go_in_the_datas_direction(path: Path) -> None:
    assert misplaced_imports(path.read_text(encoding="utf-8"), package_of(path)) == []


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("fsaasr.core", "from fsaasr.graph import FstArrays"),
        ("fsaasr.core", "import fsaasr.lexicon.lexicon"),
        ("fsaasr.graph", "from fsaasr import decode"),
        ("fsaasr.graph", "def late():\n    from ..models import ctc"),
        ("fsaasr.graph", "from fsaasr.features import FeatureConfig"),
        ("fsaasr.evaluate", "from fsaasr.decode import decode"),
        ("fsaasr.decode", "from fsaasr.testing import exact_search"),
        ("fsaasr.testing", "from fsaasr.decode import decode"),
        ("fsaasr.testing", "from fsaasr.graph import compile_graph"),
        ("fsaasr", "from fsaasr import testing"),
    ],
)
def test_a_wrong_import_is_found(package: str, source: str) -> None:
    assert len(misplaced_imports(source, package)) == 1


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("fsaasr.decode", "from fsaasr.graph import FstArrays\nfrom ..core.errors import DecodeError\nimport k2"),
        ("fsaasr.cli", "import fsaasr\nfrom fsaasr import __version__\nfrom fsaasr.report import write_report"),
        ("fsaasr.testing", "from fsaasr.graph.fst_arrays import FstArrays\nfrom fsaasr.testing.toys import toy"),
        ("fsaasr", "from fsaasr.decode import decode"),
    ],
)
def test_a_right_import_passes(package: str, source: str) -> None:
    assert misplaced_imports(source, package) == []


def test_every_folder_has_its_place() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/*.py")}
    assert folders - {*ORDER, "testing"} == set()


def test_files_are_small() -> None:
    lines = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {name: count for name, count in lines.items() if count > FILE_LINES} == {}


def test_functions_are_small() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name}": function_lines(function)
        for path in SOURCES
        for function in functions(ast.parse(path.read_text(encoding="utf-8")))
        if function_lines(function) > FUNCTION_LINES
    }
    assert long == {}


def test_recipes_are_thin() -> None:
    lines = {path.parent.name: len(path.read_text(encoding="utf-8").splitlines()) for path in ROOT.glob("egs/*/run.sh")}
    assert {name: count for name, count in lines.items() if count > RECIPE_LINES} == {}


def test_no_file_is_a_drawer_for_everything() -> None:
    assert [path for path in SOURCES if path.stem in ("utils", "util", "helpers", "misc", "common")] == []


BANNED = re.compile(
    r"(?<![\w.])(print|exit|quit)\(|sys\.exit\(|^\s*(import|from) pickle|allow_pickle=True|weights_only=False|"
    r"np\.random\.(seed|rand|randn|randint|shuffle|permutation|choice)\(|(?<![\w.])random\.seed\("
)


def test_the_library_neither_prints_nor_exits_nor_unpickles_nor_seeds_globally() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in MODULES
        if package_of(path) != "fsaasr.cli"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if BANNED.search(line.split("#")[0]) and ">>>" not in line
    ]
    assert found == []


def test_torch_is_seeded_only_where_its_state_is_put_back() -> None:
    sources = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in MODULES}
    assert [name for name, text in sources.items() if "torch.manual_seed" in text and "fork_rng" not in text] == []


@pytest.mark.parametrize("folder", [*ORDER, "testing"])
def test_every_folder_is_explained_with_an_example_and_tested(folder: str) -> None:
    assert "```python\n" in (PACKAGE / folder / "README.md").read_text(encoding="utf-8")
    assert list((ROOT / "tests" / folder).glob("test_*.py"))
    assert "__all__ = [" in (PACKAGE / folder / "__init__.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_every_module_imports_on_this_stack(path: Path) -> None:
    name = module_name(path)
    assert importlib.import_module(name).__name__ == name


def test_no_name_that_is_imported_when_asked_for_is_a_modules() -> None:
    """Whoever imports a module sets the attribute of that name in its package, whatever was asked for."""
    packages = [importlib.import_module(module_name(path)) for path in MODULES if path.name == "__init__.py"]
    lazy = [package for package in packages if hasattr(package, "__getattr__")]
    assert "fsaasr.train" in {package.__name__ for package in lazy}
    for package in lazy:
        assert package.__file__
        modules = {path.stem for path in Path(package.__file__).parent.iterdir()}
        assert modules & set(package.__all__) == set()


def test_importing_fsaasr_loads_nothing_heavy() -> None:
    heavy = {"k2", "torch", "lhotse", "matplotlib", "numba", "pynini"}
    code = f"import sys, fsaasr; print(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []

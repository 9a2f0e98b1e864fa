"""The tests themselves: each asserts something, runs, and leaves `sys.path` alone."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.source_rules import assertionless_tests, function_lines, functions, path_edits, shadowed_tests

TESTS = Path(__file__).resolve().parent
FILES = sorted(TESTS.rglob("*.py"))


def problems(source: str) -> list[str]:
    tree = ast.parse(source)
    return shadowed_tests(tree) + assertionless_tests(tree) + path_edits(tree)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TESTS)))
def test_file_is_clean(path: Path) -> None:
    assert problems(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("def test_a():\n    run()", "line 1: test_a asserts nothing"),
        ("def test_a():\n    assert True", "line 1: test_a asserts nothing"),
        ("def test_a():\n    'assert x == 1'", "line 1: test_a asserts nothing"),
        ("def show(x):\n    print(x)\ndef test_a():\n    show(1)", "line 3: test_a asserts nothing"),
        ("class TestA:\n    def test_a(self):\n        run()", "line 2: test_a asserts nothing"),
        ("async def test_a():\n    await run()", "line 1: test_a asserts nothing"),
        (
            "def test_a():\n    assert f()\ndef test_a():\n    assert g()",
            "line 3: test_a shadows a test of the same name",
        ),
        (
            "class TestA:\n    def test_a(self):\n        assert f()\n    def test_a(self):\n        assert g()",
            "line 4: test_a shadows a test of the same name",
        ),
        (
            "class TestA:\n    x = 1\nclass TestA:\n    x = 2",
            "line 3: TestA shadows a test of the same name",
        ),
        ("import sys\nsys.path.insert(0, '.')", "line 2: sys.path.insert(...) edits sys.path"),
        ("import sys\nsys.path += ['.']", "line 2: edits sys.path"),
        ("import sys\nsys.path[:0] = ['.']", "line 2: edits sys.path"),
        ("import site\nsite.addsitedir('.')", "line 2: site.addsitedir(...) edits sys.path"),
    ],
)
def test_bad_snippets_are_found(source: str, problem: str) -> None:
    assert problems(source) == [problem]


@pytest.mark.parametrize(
    "source",
    [
        "def test_a():\n    assert f() == 1",
        "def test_a():\n    with pytest.raises(ValueError, match='x'):\n        f()",
        "def test_a():\n    np.testing.assert_allclose(f(), 1)",
        "def agree(x):\n    assert x == 1\ndef both(x):\n    agree(x)\ndef test_a():\n    both(f())",
        "class TestA:\n    def test_a(self):\n        assert f()\nclass B:\n    def test_a(self):\n        assert g()",
        "def test_a(monkeypatch):\n    monkeypatch.syspath_prepend('x')\n    assert f()",
    ],
)
def test_good_snippets_pass(source: str) -> None:
    assert problems(source) == []


def test_function_lines_leave_the_docstring_out() -> None:
    source = 'def f():\n    """One.\n\n    Two.\n    """\n    return 1\n'
    assert [function_lines(function) for function in functions(ast.parse(source))] == [2]

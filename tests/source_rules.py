"""Rules about source code, as functions from parsed source to what breaks them; tested on bad snippets."""

from __future__ import annotations

import ast
from typing import Iterable, Iterator, List, Set, Tuple, Union

Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function and method."""
    return (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def function_lines(function: Function) -> int:
    """Lines of a function, its docstring not counted."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        lines -= (docstring.end_lineno or 0) - docstring.lineno + 1
    return lines


def imported_modules(tree: ast.AST, package: str) -> Iterator[Tuple[int, str]]:
    """Line and full name of each module that a module of `package` imports, those in functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, base]).rstrip(".")
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def shadowed_tests(tree: ast.Module) -> List[str]:
    """Tests that never run because the same scope defines their name again."""
    found = []
    for scope in [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]:
        seen: Set[str] = set()
        for node in scope.body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                if node.name.lower().startswith("test") and node.name in seen:
                    found.append(f"line {node.lineno}: {node.name} shadows a test of the same name")
                seen.add(node.name)
    return found


def assertionless_tests(tree: ast.Module) -> List[str]:
    """Tests in which nothing can fail but by accident."""
    all_functions = list(functions(tree))
    asserting: Set[str] = set()
    while True:  # a helper asserts if it calls one that does
        more = {f.name for f in all_functions if _asserts(f, asserting)} - asserting
        if not more:
            break
        asserting |= more
    return [
        f"line {f.lineno}: {f.name} asserts nothing"
        for f in all_functions
        if f.name.startswith("test_") and f.name not in asserting
    ]


def _asserts(function: Function, asserting: Iterable[str]) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert) and not isinstance(node.test, ast.Constant):
            return True
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            last = name.split(".")[-1]
            if name in ("pytest.raises", "pytest.warns", "pytest.fail") or last.startswith("assert_"):
                return True
            if last in asserting:
                return True
    return False


def path_edits(tree: ast.Module) -> List[str]:
    """Edits of `sys.path`, which make tests depend on where and in which order they run."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name.startswith("sys.path.") or name.endswith("site.addsitedir"):
                found.append(f"line {node.lineno}: {name}(...) edits sys.path")
        targets = node.targets if isinstance(node, (ast.Assign, ast.Delete)) else []
        if isinstance(node, ast.AugAssign):
            targets = [node.target]
        edited = [ast.unparse(target) for target in targets]
        found += [f"line {node.lineno}: edits sys.path" for name in edited if name.startswith("sys.path")]
    return found

"""The modules of the source, and what is looked up in them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[3]


@dataclass
class Module:
    """One module of the source, with what is looked up in it."""

    path: Path
    name: str
    tree: ast.Module
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Module:
        made = cls(
            path,
            ".".join(path.relative_to(ROOT).with_suffix("").parts),
            ast.parse(path.read_text(encoding="utf-8")),
        )
        for node in ast.walk(made.tree):
            for child in ast.iter_child_nodes(node):
                made.parents[child] = node
        return made

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        while node in self.parents:
            node = self.parents[node]
            yield node

    def function(self, node: ast.AST) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        for each in self.around(node):
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
                return each
        return None

    def class_of(self, node: ast.AST) -> ast.ClassDef | None:
        for each in self.around(node):
            if isinstance(each, ast.ClassDef):
                return each
        return None

    @cached_property
    def calls(self) -> list[ast.Call]:
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.Call)]

    @cached_property
    def calls_of(self) -> dict[str, list[ast.Call]]:
        found: dict[str, list[ast.Call]] = {}
        for call in self.calls:
            found.setdefault(called(call), []).append(call)
        return found

    @cached_property
    def imports(self) -> dict[str, str]:
        """Every name that is imported from a module, with the module."""
        return {
            each.name: node.module or ""
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom)
            for each in node.names
        }

    @cached_property
    def functions(self) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
        return {
            node.name: node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }


def called(call: ast.Call) -> str:
    """Return the last name of what is called."""
    if isinstance(call.func, ast.Name):
        return call.func.id
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def assigned(room: ast.AST, name: str, *, deep: bool = True) -> Iterator[ast.expr]:
    nodes = ast.walk(room) if deep else ast.iter_child_nodes(room)
    for node in nodes:
        match node:
            case ast.Assign(targets=targets, value=value):
                if any(isinstance(each, ast.Name) and each.id == name for each in targets):
                    yield value
            case ast.AnnAssign(target=ast.Name(id=found), value=value) if found == name and value:
                yield value
            case ast.NamedExpr(target=ast.Name(id=found), value=value) if found == name:
                yield value


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    given = function.args
    return [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def default(function: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> ast.expr | None:
    given = function.args
    plain = [*given.posonlyargs, *given.args]
    for each, value in zip(reversed(plain), reversed(given.defaults), strict=False):
        if each.arg == name:
            return value
    for one, kw in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        if one.arg == name:
            return kw
    return None


def constants(module: str, names: list[str]) -> Iterator[str]:
    """Return the sentences in tables of a module: every string in them that has a blank."""
    path = (ROOT / module.replace(".", "/")).with_suffix(".py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for name in names:
        for value in assigned(tree, name, deep=False):
            for node in ast.walk(value):
                if isinstance(node, ast.Constant) and " " in str(node.value):
                    yield str(node.value)


def sources() -> list[Path]:
    """Return the modules whose words can reach a person over HTTP or from the command line."""
    return sorted(
        path
        for package in ("camera_registry", "ingest", "analytics", "ioc_api")
        for path in (ROOT / package).rglob("*.py")
        if "migrations" not in path.parts
    )

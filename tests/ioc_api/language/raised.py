"""Reads the words of errors out of the source: every template that can become a problem's text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.ioc_api.language.expressions import Expressions
from tests.ioc_api.language.source import Module, called
from tests.ioc_api.language.texts import Text, spread

_TOLD = ("message", "hint", "error")
"""Fields of records that hold words for a person."""


@dataclass(frozen=True)
class Found:
    """A text and where the source has it; ``what`` is the expression."""

    module: str
    line: int
    what: str
    text: Text

    @property
    def open(self) -> bool:
        """Whether nothing of it can be read from the source."""
        return self.text.bare and bool(self.text.holes)


class Reader:
    """Finds templates in some packages."""

    def __init__(self, paths: list[Path]) -> None:
        self.modules = [Module.read(path) for path in paths]
        self._expressions = Expressions(self.modules)
        self.errors = self._errors()
        self.records = self._records()
        self.own_inits = self._own_inits()

    def _own_inits(self) -> dict[str, list[str]]:
        """Return the parameters of the constructors that classes have of their own."""
        return {
            node.name: [one.arg for one in each.args.args]
            for module in self.modules
            for node in ast.walk(module.tree)
            if isinstance(node, ast.ClassDef)
            for each in node.body
            if isinstance(each, ast.FunctionDef) and each.name == "__init__"
        }

    def _records(self) -> dict[str, list[str]]:
        """Return the fields of every class of ours that holds words for a person."""
        found = {}
        for module in self.modules:
            for node in ast.walk(module.tree):
                if isinstance(node, ast.ClassDef):
                    fields = [
                        each.target.id
                        for each in node.body
                        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
                    ]
                    if set(fields) & set(_TOLD):
                        found[node.name] = fields
        return found

    def _errors(self) -> set[str]:
        """Return the names of CamhubError and of all that comes of it."""
        known = {"CamhubError"}
        classes = [
            node
            for each in self.modules
            for node in ast.walk(each.tree)
            if isinstance(node, ast.ClassDef)
        ]
        while True:
            more = {
                node.name
                for node in classes
                if any(isinstance(base, ast.Name) and base.id in known for base in node.bases)
            }
            if more <= known:
                return known
            known |= more

    def found(self) -> Iterator[Found]:
        """Return every text of a message, a hint or a field's fault."""
        for module in self.modules:
            for call in module.calls:
                for expression, is_hint in self._texts(module, call):
                    what = ast.unparse(expression)
                    for text in self._expressions.read(module, expression):
                        shown = text if is_hint else text.without_field
                        for each in spread(shown):
                            yield Found(module.name, expression.lineno, what, each)
            yield from self._states(module)

    def _states(self, module: Module) -> Iterator[Found]:
        """Return the reasons that stand beside a ``State.X``, in a call or a tuple."""
        for node in ast.walk(module.tree):
            match node:
                case ast.Call(args=parts) | ast.Tuple(elts=parts) if any(
                    isinstance(each, ast.Attribute)
                    and isinstance(each.value, ast.Name)
                    and each.value.id == "State"
                    for each in parts
                ):
                    for each in parts:
                        if isinstance(each, ast.Constant | ast.JoinedStr | ast.BinOp):
                            for text in self._expressions.read(module, each):
                                if " " in text.template:
                                    yield Found(module.name, each.lineno, ast.unparse(each), text)

    def _texts(self, module: Module, call: ast.Call) -> Iterator[tuple[ast.expr, bool]]:
        """Return what a call is given for people to read, and whether it is a hint."""
        name = called(call)
        named = {each.arg: each.value for each in call.keywords}
        first: ast.expr | None = None
        if name in self.errors:
            own = self.own_inits.get(name)
            if own is not None and "message" not in own:
                return
            first = call.args[0] if call.args else named.get("message")
        elif name == "__init__" and isinstance(call.func, ast.Attribute):
            room = module.class_of(call)
            if room is None or room.name not in self.errors or room.name == "CamhubError":
                return
            first = call.args[0] if call.args else named.get("message")
        elif name == "problem_response":
            first = call.args[1] if len(call.args) > 1 else named.get("detail")
        elif (isinstance(call.func, ast.Name) and name in ("tell", "confirm")) or ast.unparse(
            call.func
        ).endswith("options.say"):
            first = call.args[0] if call.args else None  # what the command line says
        elif name == "FieldError":
            first = named.get("message")
        elif name == "ValueError" and re.search(r"\.routes\.|\.shapes$", module.name):
            first = call.args[0] if call.args else None
        else:
            yield from self._told(name, call, named)
            return
        if first is not None:
            yield first, False
        if "hint" in named:
            yield named["hint"], True

    def _told(
        self, name: str, call: ast.Call, named: dict[str | None, ast.expr]
    ) -> Iterator[tuple[ast.expr, bool]]:
        """Return the words that a record of ours is made with, or gets."""
        if name == "replace" and isinstance(named.get("reason"), ast.Constant | ast.Name):
            yield named["reason"], False  # of the state of a camera
        fields = self.records.get(name)
        if fields is None and name != "replace":
            return
        for each in _TOLD:
            if each in named:
                yield named[each], each == "hint"
            elif fields is not None and each in fields[: len(call.args)]:
                given = call.args[fields.index(each)]
                if not any(isinstance(one, ast.Starred) for one in call.args):
                    yield given, each == "hint"

"""What an expression of the source may be as a text.

Followed are constants, f-strings, both sides of a condition, names of the same module, arguments of
the same module's functions, and what its functions return. What remains open is returned as open.
"""

from __future__ import annotations

import ast
import itertools

from tests.ioc_api.language.source import Module, assigned, called, default, parameters
from tests.ioc_api.language.texts import Hole, Text, merged

_PASSED_ON = {"message", "hint", "error", "detail", "reason"}
"""Words that were made elsewhere, and are found there."""


class Expressions:
    """Reads expressions of some modules, and what they refer to in each other."""

    def __init__(self, modules: list[Module]) -> None:
        self._modules = modules
        self._by_name = {module.name: module for module in modules}

    def read(self, module: Module, node: ast.expr, depth: int = 0) -> list[Text]:
        """Return the texts that an expression may be."""
        if depth > 6:
            return [self._hole(node)]
        match node:
            case ast.Constant(value=str(words)):
                return [Text((words,) if words else ())]
            case ast.JoinedStr(values=values):
                return self._joined(module, values, depth)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._joined(module, [left, right], depth)
            case ast.IfExp(body=body, orelse=orelse):
                return [*self.read(module, body, depth + 1), *self.read(module, orelse, depth + 1)]
            case ast.BoolOp(values=values):
                return [text for each in values for text in self.read(module, each, depth + 1)]
            case ast.Name(id=name):
                return self._named(module, node, name, depth)
            case ast.Attribute(attr=name) if name in _PASSED_ON:
                return []
            case ast.Subscript(slice=ast.Constant(value=str(name))) if name in _PASSED_ON:
                return []
            case ast.Call():
                return self._called(module, node, depth)
            case ast.Subscript(value=ast.Name(id=name)):
                return self._values(module, node, name, depth)
        return [self._hole(node)]

    def _called(self, module: Module, node: ast.Call, depth: int) -> list[Text]:
        """Return the texts that a call may give."""
        if called(node) in ("say", "spoken"):
            return []  # the translation itself
        match node:
            case ast.Call(func=ast.Attribute(value=text, attr="replace"), args=[_, _, *_]):
                return self.read(module, text, depth + 1)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get")):
                found = self._values(module, node, name, depth)
                return found + [
                    text for each in node.args[1:] for text in self.read(module, each, depth + 1)
                ]
        return self._returned(module, node, depth)

    def _hole(self, node: ast.expr, phrases: frozenset[Text] = frozenset()) -> Text:
        return Text((Hole(ast.unparse(node), phrases),))

    def _joined(self, module: Module, nodes: list[ast.expr], depth: int) -> list[Text]:
        choices: list[list[tuple[str | Hole, ...]]] = []
        for node in nodes:
            if isinstance(node, ast.FormattedValue):
                texts = self.read(module, node.value, depth + 1)
                if (
                    len(texts) == 1
                    and not texts[0].holes
                    and isinstance(node.value, ast.Name)
                    and node.value.id.isupper()
                ):
                    choices.append([texts[0].parts])  # a constant of the module
                    continue
                phrases = frozenset(text for text in texts if not text.bare)
                choices.append([(Hole(ast.unparse(node.value), phrases),)])
            elif isinstance(node, ast.Constant):
                choices.append([(str(node.value),)])
            else:
                texts = self.read(module, node, depth + 1) or [self._hole(node)]
                choices.append([text.parts for text in texts])
        return [
            Text(merged(part for parts in combination for part in parts))
            for combination in itertools.product(*choices)
        ]

    def _named(self, module: Module, node: ast.AST, name: str, depth: int) -> list[Text]:
        function = module.function(node)
        while function is not None:
            values = list(assigned(function, name))
            if values:
                return [text for each in values for text in self.read(module, each, depth + 1)]
            if name in parameters(function):
                return self._given(module, function, name, depth)
            function = module.function(function)
        for each in assigned(module.tree, name, deep=False):
            return self.read(module, each, depth + 1)
        origin = self._imported(module, name)
        if origin is not None:
            for each in assigned(origin.tree, name, deep=False):
                return self.read(origin, each, depth + 1)
        return [Text((Hole(name, frozenset()),))]

    def _given(
        self,
        module: Module,
        function: ast.FunctionDef | ast.AsyncFunctionDef,
        name: str,
        depth: int,
    ) -> list[Text]:
        """Return what the callers of a function give it for a parameter."""
        room = module.class_of(function)
        wanted = room.name if function.name == "__init__" and room else function.name
        taken = [each for each in parameters(function) if each not in ("self", "cls")]
        place = taken.index(name)
        found: list[Text] = []
        for other in self._modules:
            if wanted.startswith("_") and other is not module:
                continue
            if other is not module and other.imports.get(wanted) != module.name:
                continue
            for call in other.calls_of.get(wanted, []):
                named = {each.arg: each.value for each in call.keywords}
                if name in named:
                    found += self.read(other, named[name], depth + 1)
                elif place < len(call.args):
                    found += self.read(other, call.args[place], depth + 1)
        standing = default(function, name)
        if standing is not None:
            found += self.read(module, standing, depth + 1)
        return found or [Text((Hole(name, frozenset()),))]

    def _returned(self, module: Module, call: ast.Call, depth: int) -> list[Text]:
        function = module.functions.get(called(call))
        if function is None:
            origin = self._imported(module, called(call))
            if origin is not None:
                module = origin
                function = origin.functions.get(called(call))
        if function is None or (
            isinstance(call.func, ast.Attribute)
            and not (isinstance(call.func.value, ast.Name) and call.func.value.id == "self")
        ):
            return [self._hole(call)]
        found = [
            text
            for node in ast.walk(function)
            if isinstance(node, ast.Return) and node.value is not None
            for text in self.read(module, node.value, depth + 1)
        ]
        return found or [self._hole(call)]

    def _values(self, module: Module, node: ast.expr, name: str, depth: int) -> list[Text]:
        """Return the values of a table of this module."""
        room = module.function(node)
        local = [] if room is None else list(assigned(room, name))
        for each in (*local, *assigned(module.tree, name, deep=False)):
            if isinstance(each, ast.Dict):
                return [
                    text for value in each.values for text in self.read(module, value, depth + 1)
                ]
        return [self._hole(node)]

    def _imported(self, module: Module, name: str) -> Module | None:
        return self._by_name.get(module.imports.get(name, ""))

"""Reads the words of errors out of the source: every template that can become a problem's text.

A template is the text with ``{0}``, ``{1}`` … where the source fills something in. Followed are
constants, f-strings, both sides of a condition, names of the same module, arguments of the same
module's functions, and what its functions return. What remains open is returned as open.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[3]
_PASSED_ON = {"message", "hint", "error", "detail", "reason"}
"""Words that were made elsewhere, and are found there."""
_TOLD = ("message", "hint", "error")
"""Fields of records that hold words for a person."""


@dataclass(frozen=True)
class Hole:
    """A place that is filled at run time, with the fixed phrases of ours that it may be."""

    source: str
    phrases: frozenset[Text]


@dataclass(frozen=True)
class Text:
    """A template: literal parts, and the holes between them."""

    parts: tuple[str | Hole, ...]

    @property
    def holes(self) -> list[Hole]:
        return [part for part in self.parts if isinstance(part, Hole)]

    @property
    def template(self) -> str:
        count = itertools.count()
        shown = (
            f"{{{next(count)}}}" if isinstance(part, Hole) else _escaped(part)
            for part in self.parts
        )
        return "".join(shown)

    @property
    def without_field(self) -> Text:
        """The text without the name of the field that it begins with, as the catalogue has it."""
        first, *rest = self.parts or ("",)
        if isinstance(first, str):
            named = _FIELD.match(first)
            return Text((first[named.end() :], *rest)) if named else self
        if rest and isinstance(rest[0], str) and rest[0].startswith(": ") and len(rest[0]) > 1:
            following = rest[0][2:]
            return Text((following, *rest[1:]) if following else tuple(rest[1:]))
        return self

    @property
    def bare(self) -> bool:
        """Whether nothing in it is fixed."""
        return not any(isinstance(part, str) and part.strip() for part in self.parts)


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


def _escaped(part: str) -> str:
    return part.replace("{", "{{").replace("}", "}}")


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


class Reader:
    """Finds templates in some packages."""

    def __init__(self, paths: list[Path]) -> None:
        self.modules = [Module.read(path) for path in paths]
        self.by_name = {module.name: module for module in self.modules}
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
                    for text in self.read(module, expression):
                        shown = text if is_hint else text.without_field
                        for each in _spread(shown):
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
                            for text in self.read(module, each):
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
            Text(_merged(part for parts in combination for part in parts))
            for combination in itertools.product(*choices)
        ]

    def _named(self, module: Module, node: ast.AST, name: str, depth: int) -> list[Text]:
        function = module.function(node)
        while function is not None:
            values = list(_assigned(function, name))
            if values:
                return [text for each in values for text in self.read(module, each, depth + 1)]
            if name in _parameters(function):
                return self._given(module, function, name, depth)
            function = module.function(function)
        for each in _assigned(module.tree, name, deep=False):
            return self.read(module, each, depth + 1)
        origin = self._imported(module, name)
        if origin is not None:
            for each in _assigned(origin.tree, name, deep=False):
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
        parameters = [each for each in _parameters(function) if each not in ("self", "cls")]
        place = parameters.index(name)
        found: list[Text] = []
        for other in self.modules:
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
        default = _default(function, name)
        if default is not None:
            found += self.read(module, default, depth + 1)
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
        local = [] if room is None else list(_assigned(room, name))
        for each in (*local, *_assigned(module.tree, name, deep=False)):
            if isinstance(each, ast.Dict):
                return [
                    text for value in each.values for text in self.read(module, value, depth + 1)
                ]
        return [self._hole(node)]

    def _imported(self, module: Module, name: str) -> Module | None:
        return self.by_name.get(module.imports.get(name, ""))


def _merged(parts: Iterator[str | Hole]) -> tuple[str | Hole, ...]:
    done: list[str | Hole] = []
    for part in parts:
        if isinstance(part, str) and done and isinstance(done[-1], str):
            done[-1] += part
        else:
            done.append(part)
    return tuple(done)


def _assigned(room: ast.AST, name: str, *, deep: bool = True) -> Iterator[ast.expr]:
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


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    given = function.args
    return [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def _default(function: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> ast.expr | None:
    given = function.args
    plain = [*given.posonlyargs, *given.args]
    for each, value in zip(reversed(plain), reversed(given.defaults), strict=False):
        if each.arg == name:
            return value
    for one, kw in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        if one.arg == name:
            return kw
    return None


_FIELD = re.compile(r"[A-Za-z][\w-]*(?:\.[\w-]+)*(?:, [a-z_]+)*: ")


def _spread(text: Text) -> Iterator[Text]:
    """Return the texts that a text may be which is one hole and nothing else."""
    hole = text.parts[0] if len(text.parts) == 1 else None
    if isinstance(hole, Hole) and hole.phrases:
        yield from hole.phrases
    else:
        yield text


def constants(module: str, names: list[str]) -> Iterator[str]:
    """Return the sentences in tables of a module: every string in them that has a blank."""
    path = (ROOT / module.replace(".", "/")).with_suffix(".py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for name in names:
        for value in _assigned(tree, name, deep=False):
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

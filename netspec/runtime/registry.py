"""torch's classes by name: a node `Name`, `{Name: {args}}` or `{Name: value}` → the class and its keyword arguments.

Only what a family lists can be had: public classes of one module, below one base class. Names are never looked up by
attribute, so a spec reaches nothing else of torch. Argument names are held against the signature, values by trying.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from netspec.core.diagnostics import SpecError
from netspec.core.tree import Mapping, Node, Scalar, describe
from netspec.runtime.diagnostics import Collector, spec_error, torch_says, unknown_name

Evaluate = Callable[[Node], object]
Convert = Callable[[str, object, Node], object]


def _as_is(name: str, value: object, node: Node) -> object:
    return value


@dataclass(frozen=True)
class Family:
    """A kind of classes that a spec may name.

    Args:
        what: a person's word for one of them: `loss`.
        module: where they live, for messages.
        classes: the allowed ones by name.
        refused: the ones that exist but cannot be used, with the reason.
        hidden: arguments that netspec gives itself.
        convert: brings an evaluated argument (name, value, node) into the form the class takes.
        optional: required arguments that netspec gives where the spec does not.
    """

    what: str
    module: str
    classes: dict[str, type]
    refused: dict[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    convert: Convert = _as_is
    optional: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Choice:
    """A class that a spec chose: `node` is its name's node, `places` the nodes of the written arguments."""

    name: str
    cls: type
    kwargs: dict[str, Any]
    node: Scalar
    places: dict[str, Node]

    def make(self, *args: Any, **more: Any) -> Any:
        """Construct it.

        Raises:
            SpecError: torch refuses; NS605 at the argument that torch names, else at the class.
        """
        try:
            return self.cls(*args, **{**self.kwargs, **more})
        except Exception as error:  # whatever a constructor raises for a value is about that value
            raise self.refuse(error) from error

    def refuse(self, error: Exception) -> SpecError:
        """What torch raised, as a finding at the argument that it speaks of."""
        text = str(error).lower()
        named = [name for name in self.places if name.lower() in text or name.lower().replace("_", " ") in text]
        at = self.places[named[0]] if named else next(iter(self.places.values()), self.node)
        what = f"{self.name} refuses {named[0]}" if named else f"{self.name} refuses its arguments"
        return spec_error("NS605", what, at if named or len(self.places) == 1 else self.node, torch_says(error))


def public_classes(module: Any, base: type, names: list[str] | None = None) -> dict[str, type]:
    """The public classes of a module below `base`, `base` itself left out."""
    found = {name: vars(module).get(name) for name in (names or vars(module)) if not name.startswith("_")}
    classes = {name: value for name, value in found.items() if inspect.isclass(value)}
    return {name: cls for name, cls in classes.items() if issubclass(cls, base) and cls is not base}


def parameters(cls: type) -> dict[str, inspect.Parameter]:
    """The keyword parameters of a class's constructor, those that `**kwargs` passes on to its base included."""
    found: dict[str, inspect.Parameter] = {}
    for base in cls.__mro__:
        if "__init__" not in vars(base) or base is object:
            continue
        own = dict(inspect.signature(vars(base)["__init__"]).parameters)
        own.pop("self", None)
        open_ended = any(parameter.kind is parameter.VAR_KEYWORD for parameter in own.values())
        for name, parameter in own.items():
            if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                found.setdefault(name, parameter)
        if not open_ended:
            break
    return found


def split_named(node: Node, what: str) -> tuple[Scalar, Node | None]:
    """`Name`, `{Name: args}` → the name's node and the arguments' node."""
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return node, None
    if isinstance(node, Mapping) and len(node.entries) == 1:
        return node.entries[0]
    raise spec_error("NS202", f"a {what} is written Name or {{Name: arguments}}, not as {describe(node)}", node)


def choose(node: Node, family: Family, evaluate: Evaluate) -> Choice:
    """The class that `node` names, with its arguments; names are checked, values not yet.

    Raises:
        SpecError: NS604 for an unknown class, NS605 for unknown or missing arguments, all of them.
    """
    name_node, arguments = split_named(node, family.what)
    name = str(name_node.value)
    if name in family.refused:
        raise spec_error("NS604", f"{name}: {family.refused[name]}", name_node)
    if name not in family.classes:
        raise unknown_name(
            "NS604", f"{family.module} has no {family.what} {name!r}", name_node, name, list(family.classes)
        )
    cls = family.classes[name]
    known = {key: value for key, value in parameters(cls).items() if key not in family.hidden}
    places = _places(name, known, name_node, arguments)
    collector, kwargs = Collector(), {}
    for key, value in places.items():
        with collector.step():
            kwargs[key] = family.convert(key, evaluate(value), value)
    collector.finish()
    needed = {key for key, value in known.items() if value.default is value.empty} - family.optional
    missing = [key for key in known if key in needed and key not in kwargs]
    if missing:
        raise spec_error("NS605", f"{name} needs {' and '.join(missing)}", name_node)
    return Choice(name, cls, kwargs, name_node, places)


def _places(name: str, known: dict[str, inspect.Parameter], at: Scalar, arguments: Node | None) -> dict[str, Node]:
    """The written arguments' nodes by name; a bare value is the first parameter's."""
    if arguments is None or (isinstance(arguments, Scalar) and arguments.value is None):
        return {}
    if not isinstance(arguments, Mapping):
        if not known:
            raise spec_error("NS605", f"{name} takes no arguments", arguments)
        return {next(iter(known)): arguments}
    collector = Collector()
    places: dict[str, Node] = {}
    for key, value in arguments:
        word = str(key.value)
        with collector.step():
            if word not in known:
                raise unknown_name("NS605", f"{name} has no argument {word!r}", key, word, list(known))
            places[word] = value
    collector.finish()
    return places

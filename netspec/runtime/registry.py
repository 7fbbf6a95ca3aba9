"""torch's classes by name: a node `Name`, `{Name: {args}}` or `{Name: value}` → the class and its keyword arguments.

A spec reaches only the classes that a family lists: public classes of one module, with one base class. Names of
arguments are checked against the signature, values by constructing the class.
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


@dataclass(frozen=True)
class Family:
    """Classes of one kind that a spec may name.

    Args:
        what: the word for one of them in messages, such as `loss`.
        module: the module that has them, for messages.
        classes: the usable ones by name.
        refused: the unusable ones by name, with the reason.
        hidden: arguments that netspec sets itself.
        convert: (name, value, node) of an argument → the value that the class takes.
        optional: required arguments that netspec sets where the spec does not.
    """

    what: str
    module: str
    classes: dict[str, type]
    refused: dict[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    convert: Convert = lambda name, value, node: value
    optional: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Choice:
    """A class that a spec names.

    Args:
        name: of the class.
        cls: the class.
        kwargs: its arguments.
        node: the node of its name.
        argument_nodes: the nodes of the arguments that the spec has.
    """

    name: str
    cls: type
    kwargs: dict[str, Any]
    node: Scalar
    argument_nodes: dict[str, Node]

    def make(self, *args: Any, **more: Any) -> Any:
        """Construct it.

        Raises:
            SpecError: NS605, the constructor refuses; at the argument that its message names, else at the class.
        """
        try:
            return self.cls(*args, **{**self.kwargs, **more})
        except Exception as error:  # torch's constructors raise many types
            raise self.refuse(error) from error

    def refuse(self, error: Exception) -> SpecError:
        """The SpecError for an error of torch, at the argument that its message names."""
        text, nodes = str(error).lower(), self.argument_nodes
        named = [name for name in nodes if name.lower() in text or name.lower().replace("_", " ") in text]
        if named:
            return spec_error("NS605", f"{self.name} refuses {named[0]}", nodes[named[0]], torch_says(error))
        at = next(iter(nodes.values())) if len(nodes) == 1 else self.node
        return spec_error("NS605", f"{self.name} refuses its arguments", at, torch_says(error))


def public_classes(module: Any, base: type, names: list[str] | None = None) -> dict[str, type]:
    """The public subclasses of `base` in a module."""
    found = {name: vars(module).get(name) for name in (names or vars(module)) if not name.startswith("_")}
    classes = {name: value for name, value in found.items() if inspect.isclass(value)}
    return {name: cls for name, cls in classes.items() if issubclass(cls, base) and cls is not base}


def parameters(cls: type) -> dict[str, inspect.Parameter]:
    """The keyword parameters of a class's constructor, with those that `**kwargs` passes on to its base."""
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
    """The class that a node names, with its arguments; their names are checked, their values not yet.

    Args:
        node: `Name`, `{Name: {args}}` or `{Name: value}`.
        family: the classes to choose from.
        evaluate: gives the value of a node.

    Raises:
        SpecError: NS202, NS604 for an unknown class, NS605 for all unknown or missing arguments.
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
    nodes = _argument_nodes(name, known, arguments)
    collector, kwargs = Collector(), {}
    for key, value in nodes.items():
        with collector.step():
            kwargs[key] = family.convert(key, evaluate(value), value)
    collector.finish()
    needed = {key for key, value in known.items() if value.default is value.empty} - family.optional
    missing = [key for key in known if key in needed and key not in kwargs]
    if missing:
        raise spec_error("NS605", f"{name} needs {' and '.join(missing)}", name_node)
    return Choice(name, cls, kwargs, name_node, nodes)


def _argument_nodes(name: str, known: dict[str, inspect.Parameter], arguments: Node | None) -> dict[str, Node]:
    """The nodes of the arguments by name; a bare value is that of the first parameter."""
    if arguments is None or (isinstance(arguments, Scalar) and arguments.value is None):
        return {}
    if not isinstance(arguments, Mapping):
        if not known:
            raise spec_error("NS605", f"{name} takes no arguments", arguments)
        return {next(iter(known)): arguments}
    collector = Collector()
    nodes: dict[str, Node] = {}
    for key, value in arguments:
        word = str(key.value)
        with collector.step():
            if word not in known:
                raise unknown_name("NS605", f"{name} has no argument {word!r}", key, word, list(known))
            nodes[word] = value
    collector.finish()
    return nodes

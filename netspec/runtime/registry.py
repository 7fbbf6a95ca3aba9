"""torch's classes by name: a node `Name`, `{Name: {args}}` or `{Name: value}` → the class and its keyword arguments.

A spec reaches only the classes of netspec's table, which `netspec check` looks at without torch
(language/sections/check_classes.py); here they are looked up and constructed. What only a constructor knows, of
arguments together, is an error of `make`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from netspec.core.diagnostics import Findings, SpecError
from netspec.core.lazy_import import imported
from netspec.core.tree import Mapping, Node, Scalar, Sequence, describe, is_null
from netspec.language.evaluate import Values
from netspec.language.sections.check_classes import argument_nodes, check_class
from netspec.language.sections.class_families import ClassFamily
from netspec.language.sections.losses import is_own
from netspec.language.sections.torch_classes import classes_of
from netspec.language.sections.written_classes import WrittenClass, split_named
from netspec.runtime.diagnostics import spec_error, torch_says

Convert = Callable[[str, object, Node], object]


def unchanged(name: str, value: object, node: Node) -> object:
    """The value of an argument as it is."""
    return value


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


def public_classes(module: Any, base: type, names: list[str]) -> dict[str, type]:
    """The public subclasses of `base` in a module, of some names."""
    found = {name: vars(module).get(name) for name in names if not name.startswith("_")}
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


def checked(written: WrittenClass, values: Values) -> None:
    """Check a class by the table, as `netspec check` does.

    Raises:
        SpecError: NS202, NS604, NS605, with all that is wrong; only the check offers fixes, as it can verify them.
    """
    findings = Findings()
    check_class(written, values.names, findings)
    if found := findings.list():
        raise SpecError(replace(item, fixes=()) for item in found)


def choose(node: Node, family: ClassFamily, values: Values, convert: Convert = unchanged) -> Choice:
    """The class that a node names, with its arguments, checked one by one; those that it holds are choices too.

    Args:
        node: `Name`, `{Name: {args}}` or `{Name: value}`.
        family: the classes to choose from.
        values: gives the value of a node.
        convert: (name, value, node) of an argument → the value that the class takes.

    Raises:
        SpecError: NS202, NS604, NS605; see `checked`.
    """
    named = split_named(node)
    if named is None:
        what = family.what
        raise spec_error("NS202", f"a {what} is written Name or {{Name: arguments}}, not as {describe(node)}", node)
    checked(WrittenClass(family, *named), values)
    name = str(named[0].value)
    if family.open and is_own(name):
        return own_choice(*named, values, family.what)
    record = classes_of(family)[name]
    cls = imported(family.own[name]) if name in family.own else getattr(import_module(family.module), name, None)
    if cls is None:
        raise spec_error("NS219", f"{name} came with torch {record.since}", named[0])
    kwargs: dict[str, Any] = {}
    nodes = argument_nodes(record, named[1])
    for key, value in nodes.items():
        if record.arguments[key].holds and isinstance(value, Sequence):
            kwargs[key] = [choose(item, family, values, convert) for item in value.items]
        else:
            kwargs[key] = convert(key, values(value), value)
    return Choice(name, cls, kwargs, named[0], nodes)


def own_choice(name: Scalar, arguments: Node | None, values: Values, what: str) -> Choice:
    """A class or function of one's own; its arguments go by name, a function gets them when it is called.

    Args:
        name: the node of its name, `my_module:name`.
        arguments: what follows the name; None where nothing does.
        values: gives the value of a node, and the code.
        what: it is to be: a loss or transform, which may be functions, an optimizer, metric or callback.

    Raises:
        SpecError: NS701, NS702, it is not allowed or not there; NS605, its arguments have no names.
    """
    found = values.own(name)
    if arguments is not None and not is_null(arguments) and not isinstance(arguments, Mapping):
        message = f"arguments of {name.value} go by name: {{{name.value}: {{name: value}}}}"
        raise spec_error("NS605", message, arguments)
    nodes = {key.text: value for key, value in arguments} if isinstance(arguments, Mapping) else {}
    functions = what in ("loss", "transform")
    if not inspect.isclass(found) and not (functions and callable(found)):
        wanted = "a class or a function" if functions else "a class"
        raise spec_error("NS702", f"{name.value} is no {what}: {wanted} is wanted, not {type(found).__name__}", name)
    made = found if inspect.isclass(found) else _as_class(found)
    return Choice(str(name.value), made, {key: values(value) for key, value in nodes.items()}, name, nodes)


def _as_class(function: Callable[..., Any]) -> type:
    """A module that calls a function, with the arguments that the spec gives it."""
    from torch import nn

    class Function(nn.Module):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__()
            self.kwargs = kwargs

        def forward(self, *inputs: Any) -> Any:
            return function(*inputs, **self.kwargs)

    return Function

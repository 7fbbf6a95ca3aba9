"""`params` of a spec or a block → the parameters with the nodes of their defaults."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import Findings
from netspec.core.expressions import is_name
from netspec.core.names import NAME
from netspec.core.tree import Mapping, Node, Scalar, Sequence, describe, is_null, shorten
from netspec.language.argument_syntax import Params

WANTS = "a number, true, false, text, a list of them, or a layer such as {BatchNorm2d: {eps: 1e-3}}"


def entries_of(root: Mapping, key: str, findings: Findings) -> tuple[tuple[Scalar, Node], ...]:
    """The entries of the mapping under a key of the spec; none where it is left out or is not a mapping.

    Args:
        root: the document.
        key: of the spec.
        findings: takes what is wrong.
    """
    node = root.get(key)
    if isinstance(node, Mapping):
        return node.entries
    if node is not None and not is_null(node):
        findings.add("NS202", f"{key} has to be a mapping, got {describe(node)}", node)
    return ()


def params_of(root: Mapping, findings: Findings) -> dict[str, Node]:
    """The spec's parameters with their defaults.

    Args:
        root: the document.
        findings: takes what is wrong.
    """
    params: dict[str, Node] = {}
    for key, value in entries_of(root, "params", findings):
        check_name(key, "a parameter", findings)
        if is_value(key.text, value, findings):
            params[key.text] = value
    return params


def block_params(key: Scalar, body: Mapping, findings: Findings) -> Params:
    """A block's parameters with their defaults: null, or a plain list of names, means required.

    Args:
        key: the block's name.
        body: the block.
        findings: takes what is wrong.
    """
    node = body.get("params")
    if node is None or is_null(node):
        return {}
    if isinstance(node, Scalar):
        findings.add("NS202", f"params has to be a mapping of names to defaults, got {describe(node)}", node)
        return {}
    params: Params = {}
    pairs = node.entries if isinstance(node, Mapping) else tuple((item, None) for item in node.items)
    for name, default in pairs:
        if not isinstance(name, Scalar):
            findings.add("NS202", f"a parameter of {key.text} has to be a word, got {describe(name)}", name)
            continue
        check_name(name, "a parameter", findings)
        params[name.text] = None if default is None or is_null(default) else default
        is_value(name.text, params[name.text], findings)
    return params


def is_value(name: str, node: Node | None, findings: Findings) -> bool:
    """Whether a node can be the value of a parameter; if not, that becomes a finding.

    Args:
        name: the parameter.
        node: its value.
        findings: takes what is wrong.
    """
    wrong = None if node is None else next(_wrong_in(node), None)
    if wrong is not None:
        findings.add("NS202", f"the parameter {name} takes {WANTS}; got {describe(wrong)}", wrong)
    return wrong is None


def _wrong_in(node: Node) -> Iterator[Node]:
    """The nodes in a value that no parameter can have."""
    if isinstance(node, Sequence):
        for item in node.items:
            yield from _wrong_in(item)
    elif is_null(node) or (isinstance(node, Mapping) and len(node.entries) != 1):
        yield node


def layers_in(node: Node) -> Iterator[tuple[Scalar, Node]]:
    """The layers with arguments in the value of a parameter: the node of each type, and the node after it.

    Args:
        node: the value.
    """
    if isinstance(node, Sequence):
        for item in node.items:
            yield from layers_in(item)
    elif isinstance(node, Mapping) and len(node.entries) == 1:
        yield from node


def check_name(node: Scalar, what: str, findings: Findings) -> None:
    """NS207 for a word that expressions cannot read, or that cannot be a class of the compiled code.

    Args:
        node: the name.
        what: it names, as `a block`.
        findings: takes what is wrong.
    """
    if not NAME.match(node.text):
        rule = "letters, digits and _ only, no digit first"
        findings.add("NS207", f"{shorten(node.text)!r} is no name of {what}: {rule}", node)
    elif not is_name(node.text):
        findings.add("NS207", f"{node.text!r} is no name of {what}: it is a word of expressions", node)

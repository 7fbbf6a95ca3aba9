"""`input`, `inputs`, `sizes` and `outputs` of a document → what enters the network and what leaves it."""

from __future__ import annotations

from netspec.core.diagnostics import Edit, Findings, Fix
from netspec.core.names import variable_fault
from netspec.core.shapes import DTYPES, MOST_AXES
from netspec.core.tree import Mapping, Node, Scalar, Sequence, describe, shorten
from netspec.language.sections.keys import correct_keys
from netspec.language.spec import InputDecl, OutputDecl, SizeDecl

INPUT_KEYS = ("shape", "dtype")
SIZE_KEYS = ("min", "max", "multiple_of")
OUTPUT_KEYS = ("from", "when")
_OUTPUTS = "outputs lists names of items, or maps names to them; {from: name, when: training} is one in training only"


def inputs_of(root: Mapping, findings: Findings) -> tuple[InputDecl, ...]:
    """The declared inputs, in order."""
    one, several = root.get("input"), root.get("inputs")
    if one is not None and several is not None:
        findings.add("NS217", "a spec has either input or inputs", root.key("inputs") or root)
    if several is not None:
        if not isinstance(several, Mapping) or not several.entries:
            findings.add("NS202", f"inputs is a mapping of names to shapes, got {describe(several)}", several)
            return ()
        for key, _ in several:
            fault = variable_fault(key.text)
            if fault and (len(several.entries) > 1 or key.text != "input"):  # names stand in the generated code
                findings.add(fault[0], fault[1], key, fixes=[Fix(fault[2], (Edit(key.span, fault[2]),))])
        return tuple(_input(key.text, value, findings) for key, value in several)
    if one is None:
        if root.get("model") is None:  # an unreadable model has a finding
            at = root.entries[0][0] if root.entries else root
            findings.add("NS203", "the spec has no input: the shape of one sample, as [3, 32, 32]", at)
        return ()
    return (_input("input", one, findings),)


def _input(name: str, node: Node, findings: Findings) -> InputDecl:
    dtype = "float32"
    shape: Node | None = node
    if isinstance(node, Mapping):
        node = correct_keys(node, INPUT_KEYS, "an input", findings)
        shape, written = node.get("shape"), node.get("dtype")
        if written is not None:
            if isinstance(written, Scalar) and written.value in DTYPES:
                dtype = str(written.value)
            else:
                message = f"dtype is one of {', '.join(sorted(DTYPES))}; got {describe(written)}"
                findings.misspelt("NS216", message, written, DTYPES)
                dtype = ""
    if isinstance(shape, Scalar) and isinstance(shape.value, int):
        fix = Fix(f"[{shape.text}]", (Edit(shape.span, f"[{shape.text}]"),), safe=True)
        findings.add("NS202", f"an input is a list: the shape of one sample, as [{shape.text}]", shape, fixes=[fix])
        return InputDecl(name, shape, (shape,), dtype)
    if not isinstance(shape, Sequence):
        got = describe(shape) if shape is not None else "no shape"
        findings.add(
            "NS202", f"an input is the shape of one sample without the batch, as [3, 32, 32]; got {got}", shape or node
        )
        return InputDecl(name, node, (), dtype="")
    if len(shape.items) > MOST_AXES:
        findings.add("NS216", f"an input has at most {MOST_AXES} axes, got {len(shape.items)}", shape)
        return InputDecl(name, shape, (), dtype="")
    return InputDecl(name, shape, shape.items, dtype)


def sizes_of(root: Mapping, findings: Findings) -> tuple[SizeDecl, ...]:
    """The ranges of `sizes`."""
    node = root.get("sizes")
    if node is None:
        return ()
    if not isinstance(node, Mapping) or not node.entries:
        example = "sizes: {H: {min: 32, max: 512}}"
        findings.add("NS202", f"sizes is a mapping of names to ranges, as {example}; got {describe(node)}", node)
        return ()
    found = []
    for key, value in node:
        if not isinstance(value, Mapping):
            message = f"a range is a mapping, as {{min: 32, max: 512, multiple_of: 32}}; got {describe(value)}"
            findings.add("NS202", message, value)
            found.append(SizeDecl(key, Mapping((), value.span), {}))  # so that the use of the name is no error
            continue
        if not key.text.isidentifier():
            findings.add("NS207", f"{key.text!r} is no name: letters, digits and _, not a digit first", key)
            continue
        value = correct_keys(value, SIZE_KEYS, "a range", findings)
        missing = [name for name in ("min", "max") if value.get(name) is None]
        if missing:
            findings.add("NS203", f"the range of {key.text} needs {' and '.join(missing)}", key)
        found.append(SizeDecl(key, value, {name.text: bound for name, bound in value}))
    return tuple(found)


def outputs_of(root: Mapping, findings: Findings) -> tuple[OutputDecl, ...]:
    """The declared outputs: a list of names of items, or a mapping of the outputs' names to them."""
    node = root.get("outputs")
    if node is None:
        return ()
    if isinstance(node, Mapping) and not (node.entries and all(key.text in OUTPUT_KEYS for key, _ in node)):
        if not node.entries:
            findings.add("NS202", f"outputs is empty: {_OUTPUTS}", node)
        found = [_output(key, value, findings) for key, value in node]
    else:
        found = [_output(None, each, findings) for each in (node.items if isinstance(node, Sequence) else (node,))]
    return tuple(each for each in found if each is not None)


def _output(key: Scalar | None, node: Node, findings: Findings) -> OutputDecl | None:
    """One output: the name of an item, or `{from: name, when: training}`; `key` is its own name in a mapping."""
    reference, when = node, None
    if isinstance(node, Mapping):
        node = correct_keys(node, OUTPUT_KEYS, "an output", findings)
        reference, when = node.get("from") or node, node.get("when")
    if not isinstance(reference, Scalar) or not isinstance(reference.value, str):
        findings.add("NS202", f"{_OUTPUTS}; got {describe(reference)}", reference)
        return None
    if when is not None and not (isinstance(when, Scalar) and isinstance(when.value, str | bool)):
        findings.add("NS202", f"when has to be a condition such as training, got {describe(when)}", when)
        when = None
    if key is not None and (not key.text.isprintable() or "." in key.text or not key.text):
        findings.add("NS207", f"{shorten(key.text)!r} is no name of an output: it has a dot, or cannot be shown", key)
    name = reference if key is None else key
    return OutputDecl(name.text, name, reference, when if isinstance(when, Scalar) else None)

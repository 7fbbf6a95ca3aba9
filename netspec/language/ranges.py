"""`sizes` of a spec → the range of each size that its inputs name, and the size at which counts are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import Edit, Findings, Fix
from netspec.core.expressions import ExpressionError, Value, evaluate, names_in
from netspec.core.names import closest
from netspec.core.shapes import Shape
from netspec.core.tree import Node, Scalar, Span
from netspec.language.evaluate import Evaluator
from netspec.language.spec import InputDecl, SizeDecl, Spec
from netspec.layers.arguments import Int

MOST_SIZES = 4096  # of one range
MOST_NAMES = 64  # of one spec
_OFFERED = ("{min: 32, max: 512}", "{min: 64, max: 512, multiple_of: 32}")


@dataclass(frozen=True)
class Range:
    """The sizes that a name may have.

    `at` is the size at which shapes and counts are shown: the value of the parameter of that name, where the spec has
    one, else the smallest size.
    """

    declared: SizeDecl
    sizes: range
    at: int

    def __str__(self) -> str:
        step = f" in steps of {self.sizes.step}" if self.sizes.step > 1 else ""
        return f"{self.declared.name} from {self.sizes[0]} to {self.sizes[-1]}{step}"


def _names_of(node: Node) -> set[str]:
    text = node.value if isinstance(node, Scalar) else None
    return names_in(text) if isinstance(text, str) else set()


def _size_nodes(spec: Spec) -> list[Node]:
    return [node for declared in spec.inputs for node in declared.sizes]


def read_by(node: Node, names: Iterable[str]) -> set[str]:
    """The names among `names` that a size of an input reads."""
    return _names_of(node) & set(names)


def read_params(spec: Spec, params: Mapping[str, Value]) -> dict[str, Value]:
    """The parameters that sizes of the inputs read, with their values."""
    read = {name for node in _size_nodes(spec) for name in _names_of(node)}
    return {name: params[name] for name in read & params.keys()}


def ranges(spec: Spec, params: Mapping[str, Value], findings: Findings) -> dict[str, Range | None]:
    """The ranges by name.

    Args:
        spec: the spec.
        params: its parameters with their values.
        findings: takes what is wrong.

    Returns:
        The ranges; None for one that is wrong.
    """
    if len(spec.sizes) > MOST_NAMES:
        beyond = spec.sizes[MOST_NAMES]
        findings.add("NS216", f"`sizes` takes at most {MOST_NAMES} names, got {len(spec.sizes):,}", beyond.at)
        return dict.fromkeys(declared.name for declared in spec.sizes)
    found: dict[str, Range | None] = {declared.name: _range(declared, params, findings) for declared in spec.sizes}
    nodes = _size_nodes(spec)
    params = read_params(spec, params)
    written = {name for node in nodes for name in _names_of(node)}
    for declared in spec.sizes:
        if declared.name not in written:
            known = sorted(written - set(params) - set(found))
            findings.misspelt("NS210", f"no size of the input is called {declared.name!r}", declared.at, known)
    for node in nodes:
        read = sorted(read_by(node, found))
        if len(read) > 1:
            findings.add("NS216", f"a size of the input depends on one of `sizes`, not on {' and '.join(read)}", node)
            found |= dict.fromkeys(read)
        for each in (found[name] for name in read if found[name] is not None):
            fault = None if each is None else _first_fault(node, each, params)
            if fault is not None:
                findings.add("NS216", fault, node)
                found |= dict.fromkeys(read)
    return found


def _range(declared: SizeDecl, params: Mapping[str, Value], findings: Findings) -> Range | None:
    evaluator, bounds, name = Evaluator(findings), [], declared.name
    for key in ("min", "max", "multiple_of"):
        node = declared.keys.get(key)
        what = f"{key} of {name}"
        bounds.append(1 if node is None else evaluator.argument(node, Int(1), dict(params), what, None, ()))
    if "min" not in declared.keys or "max" not in declared.keys:
        return None  # a finding of the parser
    low, high, step = bounds
    if not (isinstance(low, int) and isinstance(high, int) and isinstance(step, int)):
        return None
    sizes = range(-(-low // step) * step, high + 1, step)
    if not sizes:
        multiple, size = (
            f"there is no multiple of {step} from {low} to {high}",
            f"there is no size from {low} to {high}",
        )
        findings.add("NS216", multiple if step > 1 else size, declared.node)
        return None
    if len(sizes) > MOST_SIZES:
        message = f"{len(sizes):,} sizes of {name}; at most {MOST_SIZES:,} are gone through: narrow it, or multiple_of"
        findings.add("NS216", message, declared.node)
        return None
    at = params.get(name, sizes[0])
    if not isinstance(at, int) or at not in sizes:
        steps = f" in steps of {step}" if step > 1 else ""
        message = f"the parameter {name} is {at}, which is none of the sizes {low} to {high}{steps}"
        findings.add("NS216", message, declared.node)
        return None
    return Range(declared, sizes, at)


def size_at(node: Node, names: Mapping[str, Value]) -> int | None:
    """The value of an input's size, given the names it reads; None where that is not a positive integer."""
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, str):
        try:
            result = names[value] if value in names else evaluate(value, dict(names))
        except ExpressionError:
            return None
        return result if isinstance(result, int) and not isinstance(result, bool) and result > 0 else None
    return value if isinstance(value, int) and value > 0 else None


def _first_fault(node: Node, each: Range, params: Mapping[str, Value]) -> str | None:
    name = each.declared.name
    bad = next((size for size in each.sizes if size_at(node, {**params, name: size}) is None), None)
    return None if bad is None else f"a size of the input has to be a positive integer, at {name} = {bad} it is not"


def unbounded(declared: Iterable[InputDecl], names: Iterable[str], spec: Spec, findings: Findings) -> bool:
    """Whether inputs read names that have no range and no value; that becomes a finding that offers ranges."""
    known = set(names)
    found: dict[str, Node] = {}
    for node in (node for each in declared for node in each.sizes):
        for name in sorted(_names_of(node) - known) if isinstance(node, Scalar) and node.plain else ():
            if not closest(name, known):
                found.setdefault(name, node)
    if found:
        (name, node), *_ = found.items()
        example = f"sizes: {{{name}: {_OFFERED[0]}}}"
        message = (
            f"{' and '.join(found)} {'is no parameter' if len(found) == 1 else 'are no parameters'}; "
            f"for an input of any size say the range, as {example}"
        )
        findings.add("NS210", message, node, fixes=_offers(spec, list(found)))
    return bool(found)


def _offers(spec: Spec, names: list[str]) -> list[Fix]:
    """Fixes that write ranges above the input."""
    key = spec.document.key("input") or spec.document.key("inputs")
    node = spec.document.get("input") or spec.document.get("inputs")
    if key is None or node is None or spec.sizes or spec.document.flow or key.span.column != 1:
        return []
    at = Span(key.span.path, key.span.line, 1, key.span.line, 1)
    texts = [f"sizes: {{{', '.join(f'{name}: {offered}' for name in names)}}}" for offered in _OFFERED]
    return [Fix(text, (Edit(at, f"{text}\n"),)) for text in texts]


def accepts_shape(spec: Spec, params: Mapping[str, Value], shape: Shape, index: int = 0) -> bool:
    """Whether `sizes` lets an input have a shape.

    Args:
        spec: the spec; without `sizes` no other shape is accepted.
        params: its parameters with their values.
        shape: the shape of one sample.
        index: which of the inputs.
    """
    if not spec.sizes or index >= len(spec.inputs) or len(spec.inputs[index].sizes) != len(shape):
        return False
    found = ranges(spec, params, Findings())
    chosen: dict[str, int] = {}
    for node, size in zip(spec.inputs[index].sizes, shape, strict=True):
        read = read_by(node, found)
        if not read:
            if size_at(node, params) != size:
                return False
            continue
        (name,) = read
        each = found[name]
        fits = () if each is None else (n for n in each.sizes if size_at(node, {**params, name: n}) == size)
        match = next(iter(fits), None)
        if match is None or chosen.setdefault(name, match) != match:
            return False
    return True

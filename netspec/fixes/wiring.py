"""New items between a layer and what it takes, whatever form its `from` has; keys of an item; several arguments.

Each function returns no edits where it cannot make the change.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Mapping as Dict
from dataclasses import replace

from netspec.core.diagnostics import Edit
from netspec.core.tree import Mapping, Scalar
from netspec.expansion.graph import Call
from netspec.fixes.context import FixContext
from netspec.fixes.edits import end_of, insert_before, set_argument, start_of
from netspec.shapes.apply import Problem

Change = tuple[str, Sequence[str]]  # the end of a new item's name, and the new items: `Linear: 32`


def reference(call: Call, index: int) -> Scalar | None:
    """The node that names an input of a call; None where that is the item before, or cannot be told.

    Args:
        call: the call.
        index: of the input, the further ones last.
    """
    item = call.item
    if item.wires:
        names = (*call.record.names[: call.own], *call.further)
        if index >= len(names) or (index == 0 and item.follows):
            return None
        return next((node for key, node in item.wires if key.text == names[index]), None)
    sources = item.sources or ()
    return sources[index] if len(sources) == len(call.inputs) else None


def free_name(wanted: str, context: FixContext, given: Collection[str] = ()) -> str:
    """A name for a new item: the wanted one, with a number where an item has it already, or it was given to one."""
    taken = {*given, *(item.name.text for item in context.spec.every_item() if item.name is not None)}
    taken |= {declared.name for declared in context.spec.inputs}
    numbered = (f"{wanted}{number}" for number in range(2, len(taken) + 3))
    return wanted if wanted not in taken else next(name for name in numbered if name not in taken)


def _lines(layers: Sequence[str], source: str, name: str) -> list[str]:
    """The new items, of which the first takes `source` and the last has the name."""
    typed = [layer if ":" in layer else f"{layer}: {{}}" for layer in layers]
    typed[-1] = f"name: {name}, {typed[-1]}"
    typed[0] += f", from: {source}"
    return [f"{{{layer}}}" if layer.startswith("name: ") or index == 0 else layer for index, layer in enumerate(typed)]


def insert_between(call: Call, changes: Dict[int, Change], context: FixContext) -> tuple[Edit, ...]:
    """The edits that put new items between some inputs of a call and the call.

    Args:
        call: the call.
        changes: by the index of the input, the new items.
        context: the spec.
    """
    lines: list[str] = []
    renamed: list[Edit] = []
    for index, (suffix, layers) in changes.items():
        node = reference(call, index)
        if node is None:
            if index or call.item.sources is not None or lines:
                return ()
            lines += layers
            continue
        name = free_name(f"{node.text.replace('.', '_')}_{suffix}", context)
        lines += _lines(layers, node.text, name)
        renamed.append(Edit(node.span, name))
    inserted = [insert_before(call, line, context.spec.sources, wired=True) for line in lines]
    if not inserted or inserted[0] is None:
        return ()
    return (replace(inserted[0], text="".join(edit.text for edit in inserted if edit is not None)), *renamed)


def same_mistakes(problem: Problem, context: FixContext) -> list[Call]:
    """The calls that make the mistake of a problem, on the same value, in the order of the texts; one for each item."""
    own = problem.call
    found = {own.item.node.span: own}
    for other in context.inference.problems:
        call = other.call
        alike = call.record is own.record and call.inputs[:1] == own.inputs[:1] and call.own == own.own == 1
        if alike and _told(other) == _told(problem):
            found.setdefault(call.item.node.span, call)
    return [found[span] for span in sorted(found)]


def _told(problem: Problem) -> tuple[object, ...]:
    return problem.code, problem.argument, problem.written, problem.actual


def insert_for_all(problem: Problem, suffix: str, layers: Sequence[str], context: FixContext) -> tuple[Edit, ...]:
    """The edits that put new items in front of every call that makes the same mistake on the same value.

    Calls of one list that name the value take the same new items; any other call gets its own.

    Args:
        problem: of the first input of a call.
        suffix: the end of the name of the last new item, where it needs one.
        layers: the new items, `Flatten` or `transpose: {dim0: 1, dim1: 2}`.
        context: the spec and all problems.
    """
    edits: list[Edit] = []
    made: dict[tuple[str, str], str] = {}
    for call in same_mistakes(problem, context):
        node = reference(call, 0)
        place = (call.path.rpartition(".")[0], "" if node is None else node.text)
        if node is not None and place in made:
            edits.append(Edit(node.span, made[place]))
            continue
        own = insert_between(call, {0: (suffix, layers)}, context)
        if not own:
            return ()
        if node is not None:
            made[place] = own[1].text
        edits += own
    return tuple(edits)


def before_it(problem: Problem, context: FixContext) -> str:
    """`before it`, or `before all 2` where several calls make the same mistake."""
    count = len(same_mistakes(problem, context))
    return "before it" if count == 1 else f"before all {count}"


def set_arguments(call: Call, values: Dict[str, str]) -> tuple[Edit, ...]:
    """The edits that give several arguments of a call their values; those that are not written are added together.

    Args:
        call: the call of the layer.
        values: the texts by the names of the arguments.
    """
    only = call.item.argument_node
    if isinstance(only, Scalar) and len(values) > 1:  # `GRU: 64`
        texts = {name: node.text for name, node in call.arg_nodes.items() if node is only and isinstance(node, Scalar)}
        pairs = ", ".join(f"{name}: {text}" for name, text in {**texts, **values}.items())
        return (Edit(only.span, f"{{{pairs}}}"),) if texts else ()
    edits = [set_argument(call, name, text) for name, text in values.items() if name in call.arg_nodes]
    added = [f"{name}: {text}" for name, text in values.items() if name not in call.arg_nodes]
    if added:
        written = call.item.argument_node
        block = isinstance(written, Mapping) and written.entries and not written.flow
        indent = written.entries[0][0].span.column - 1 if block and isinstance(written, Mapping) else 0
        name, _, text = (f"\n{' ' * indent}" if block else ", ").join(added).partition(": ")
        edits.append(set_argument(call, name, text))
    made = tuple(edit for edit in edits if edit is not None)
    return made if len(made) == len(edits) else ()


def add_keys(call: Call, *, name: str = "", source: str = "") -> tuple[Edit, ...]:
    """The edits that give the item of a call a name, a `from`, or both.

    Args:
        call: of an item that has none yet.
        name: the name; none where it is empty.
        source: the reference; none where it is empty.
    """
    node = call.item.node
    first, last = (f"name: {name}" if name else ""), (f"from: {source}" if source else "")
    if isinstance(node, Scalar):
        return (Edit(node.span, f"{{{', '.join(filter(None, (first, f'{node.text}: {{}}', last)))}}}"),)
    if not isinstance(node, Mapping) or not node.entries:
        return ()
    start, end = start_of(node.entries[0][0].span), end_of(node.entries[-1][1].span)
    value = node.entries[0][1]
    inline = len(node.entries) == 1 and (isinstance(value, Scalar) or getattr(value, "flow", False))
    bare = node.span.column == start.column  # `Linear: 3` without braces
    if node.flow and not bare:
        before, after = first and f"{first}, ", last and f", {last}"
    elif bare and inline and node.span.line == node.span.end_line:
        before, after = "{" + (first and f"{first}, "), (last and f", {last}") + "}"
    elif bare and not node.flow:
        indent = " " * (start.column - 1)
        before, after = first and f"{first}\n{indent}", last and f"\n{indent}{last}"
    else:
        return ()
    return tuple(edit for edit in (Edit(start, before), Edit(end, after)) if edit.text)

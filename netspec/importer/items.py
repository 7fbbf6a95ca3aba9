"""The tree of scopes → the items of a spec: names, references, and groups inside groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from netspec.core.shapes import show
from netspec.importer.containers import names_to
from netspec.importer.failure import ImportFailure, Unsayable
from netspec.importer.held import Op, Ref
from netspec.importer.parametrized import parametrized
from netspec.importer.scope import Scope, ops_of
from netspec.layers.table import TABLE


@dataclass(eq=False)
class Item:
    """One item to write.

    Args:
        type: a record's or a block's name, `share`, or empty for a group.
        args: its arguments; of `share` the shared name.
        name: its name, None for its number in the list.
        sources: the references of its `from`; None for the item before.
        wires: the references of its `from` by name.
        items: what is inside a group.
        outputs: the results of a group that are not its last item.
        title: the class of a group's module.
        repeat: how often, or with which values it is repeated.
        tie: parameters that are another item's.
        parametrize: the functions that compute its parameters, each with its arguments.
        applied: whether it is applied; `apply: false` where it is not.
        when: the condition under which it is there, and `option`, the name of the parameter that says so.
        spliced: a group whose items stand in the list around it.
        shape: what it gives, for a comment.
        each: the axis to whose indexes it is applied one by one; 0 for none.
    """

    type: str
    args: dict[str, Any] = field(default_factory=dict)
    name: str | None = None
    sources: tuple[str, ...] | None = None
    wires: dict[str, str] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    outputs: tuple[str, ...] = ()
    title: str = ""
    repeat: int | str | dict[str, Any] | None = None
    tie: dict[str, str] = field(default_factory=dict)
    parametrize: Sequence[Mapping[str, Mapping[str, Any]]] = ()
    applied: bool = True
    when: bool | str | None = None
    option: str = ""
    spliced: bool = False
    shape: str = ""
    each: int = 0

    @property
    def is_group(self) -> bool:
        """Whether it is a group rather than a layer, function or block."""
        return not self.type

    @property
    def chained(self) -> bool:
        """Whether it takes the item before."""
        return self.sources is None and not self.wires


Ties = Sequence[tuple[str, ...]]


class _Naming:
    """The names of one scope's entries, and its references."""

    def __init__(self, scope: Scope, inputs: Mapping[Ref, str]) -> None:
        self.scope = scope
        self.inputs = inputs
        self.home = {op: entry for entry in scope.entries for op in ops_of(entry)}
        self.position = {entry: index for index, entry in enumerate(scope.entries)}
        self.own = {entry: ".".join(names_to(scope, entry)) or None for entry in scope.entries}
        self.taken = {"input", *(text.partition(".")[0] for text in inputs.values())}
        self.taken |= {name for name in self.own.values() if name is not None}
        self.named: dict[Op | Scope, str] = {}

    def name(self, entry: Op | Scope) -> str:
        """The name of an entry, which has one from now on."""
        if entry not in self.named:
            own = self.own[entry] if entry.shares is None else None
            self.named[entry] = own if own is not None else self._free(entry)
        return self.named[entry]

    def _free(self, entry: Op | Scope) -> str:
        base = (entry.type if isinstance(entry, Op) else entry.title).lower()
        name, count = base, 1
        while name in self.taken or hasattr(nn.Module, name):  # as `to` and `float`
            count += 1
            name = f"{base}_{count}"
        self.taken.add(name)
        return name

    def reference(self, ref: Ref) -> str:
        """How an item of the scope refers to a value."""
        if ref in self.inputs:
            return self.inputs[ref]
        entry = self.home.get(ref.op)  # type: ignore[arg-type]
        assert entry is not None, "a value that enters"
        name = self.name(entry)
        if ref.weight:
            assert isinstance(ref.op, Op)
            below = ref.op.path.removeprefix(entry.path).lstrip(".")
            return ".".join(filter(None, (name, below, ref.weight)))
        if isinstance(entry, Op):
            return name if ref.output is None else f"{name}.{ref.output}"
        return name if len(entry.results) < 2 else f"{name}.{entry.results.index(ref)}"

    def before(self, index: int) -> Ref | None:
        """The one value that an entry takes if it says nothing else."""
        if index == 0:
            return next(iter(self.inputs)) if len(self.inputs) == 1 else None
        entry = self.scope.entries[index - 1]
        if isinstance(entry, Op) and not entry.applied and entry.module is not None:  # which hands on what it takes
            return self.before(index - 1)
        if isinstance(entry, Op):
            return None if entry.several else Ref(entry)
        return entry.results[0] if len(entry.results) == 1 else None


def items_of(scope: Scope, inputs: Mapping[Ref, str], ties: Ties, *, named: bool = False) -> Item:
    """The group of a scope.

    Args:
        scope: the scope.
        inputs: the values that enter it, with the names they have inside.
        ties: the names of each parameter that has several.
        named: the results are named, the last item too.

    Raises:
        ImportFailure: a module is applied again outside of the module that holds it.
    """
    naming = _Naming(scope, inputs)
    found: list[Item] = []
    for index, entry in enumerate(scope.entries):
        item = _op_item(entry, naming, index) if isinstance(entry, Op) else _scope_item(entry, naming, index, ties)
        found.append(item)
    last = len(scope.entries) - 1
    end = naming.before(last + 1) if scope.entries else None
    _tie(scope, found, naming, ties)
    outputs = (
        () if scope.results in ([end], []) and not named else tuple(naming.reference(ref) for ref in scope.results)
    )
    for index, (entry, item) in enumerate(zip(scope.entries, found, strict=True)):
        own = naming.own[entry] if entry.shares is None else None
        if entry in naming.named:
            item.name = naming.named[entry]
        elif own is not None and own != str(index):
            item.name = own
        elif own is None and str(index) in naming.taken:  # its number is the name of another item
            item.name = naming.name(entry)
    if scope.order:
        found.insert(0, Item("order", {"order": scope.order}))
    return Item("", items=found, outputs=outputs, title=scope.title)


def _tie(scope: Scope, items: Sequence[Item], naming: _Naming, ties: Ties) -> None:
    """Note the parameters of items that are those of an earlier item of the scope."""
    for names in ties:
        holders: list[tuple[int, str]] = []
        for index, entry in enumerate(scope.entries):
            if entry.path and entry.shares is None:
                holders += [(index, name) for name in names if f"{name}.".startswith(f"{entry.path}.")]
        if len({index for index, _ in holders}) < 2:
            continue
        (first, source), *others = sorted(holders)
        entry = scope.entries[first]
        path = f"{naming.name(entry)}{source.removeprefix(entry.path)}"
        for index, name in others:
            items[index].tie[name.removeprefix(scope.entries[index].path).removeprefix(".")] = path


def _op_item(op: Op, naming: _Naming, index: int) -> Item:
    shape = ", ".join(map(show, op.shapes))
    before = naming.before(index)
    item = Item(op.type, dict(op.args), shape=shape, applied=op.applied or op.module is None)
    if op.shares is not None:
        item = Item("share", {"share": _shared(op, op.shares, naming)}, shape=shape)
    elif op.module is not None:
        item.parametrize = parametrized(op.module) or ()
    item.each = op.each
    if op.anywhere:
        if before is None:
            item.sources = (next(iter(naming.inputs.values())),)
        return item
    if op.wires:
        names = TABLE[op.type].names
        given = dict(zip(names, op.inputs, strict=False))
        if before == op.inputs[0]:
            del given[names[0]]
        item.wires = {name: naming.reference(ref) for name, ref in {**given, **op.wires}.items()}
    elif list(op.inputs) != [before]:
        item.sources = tuple(naming.reference(ref) for ref in op.inputs)
    return item


def _scope_item(scope: Scope, naming: _Naming, index: int, ties: Ties) -> Item:
    shapes = [ref.op.shapes[ref.output or 0] for ref in scope.results if isinstance(ref.op, Op) and not ref.weight]
    if not scope.inputs:  # it holds nothing but tensors, which need the batch's size
        scope.inputs = [naming.before(index) or next(iter(naming.inputs))]
    sources = None if scope.inputs == [naming.before(index)] else tuple(map(naming.reference, scope.inputs))
    if scope.shares is not None:
        item = Item("share", {"share": _shared(scope, scope.shares, naming)})
    else:
        names = ["input"] if len(scope.inputs) == 1 else [f"input.{place}" for place in range(len(scope.inputs))]
        item = items_of(scope, dict(zip(scope.inputs, names, strict=True)), ties)
    item.sources, item.each = sources, scope.each
    item.shape = ", ".join(show((scope.size, *shape) if scope.each else shape) for shape in shapes)
    return item


def _shared(entry: Op | Scope, first: Op | Scope, naming: _Naming) -> str:
    if first not in naming.position:
        operation = entry.type if isinstance(entry, Op) else entry.title
        raise ImportFailure(
            "a module is used at several places",
            (Unsayable(entry.path, operation, "it is applied again outside of the module that holds it"),),
        )
    return naming.name(first)


def network_items(root: Scope, names: Sequence[str], ties: Ties, *, named: bool = False) -> Item:
    """The items of the whole network.

    Args:
        root: its scope.
        names: of its inputs.
        ties: the names of each parameter that has several.
        named: its outputs are named, one that the last item gives too.
    """
    return items_of(root, {Ref(name): name for name in names}, ties, named=named)

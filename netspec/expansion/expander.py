"""Items → calls: blocks, groups, repeats, branches and shared weights, each in its scope.

The file is long because each form of an item expands the items inside it, whatever their forms.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Dict
from dataclasses import replace

from netspec.core.diagnostics import Findings
from netspec.core.expressions import Value
from netspec.core.interruption import checkpoint
from netspec.core.tree import Frame
from netspec.expansion.add_call import add_call
from netspec.expansion.block_values import block_params
from netspec.expansion.calls import (
    claim_of,
    condition_holds,
    flatten,
    is_its_item,
    only_item,
    with_claim,
)
from netspec.expansion.context import Context
from netspec.expansion.graph import Call, Local, Ref, Step
from netspec.expansion.layer_inputs import LayerInputs, identity_inputs, layer_inputs
from netspec.expansion.limits import Budget
from netspec.expansion.parameter_keys import add_ties, applied, init_rules
from netspec.expansion.repeats import copy_of, filled_by, later_copy, turns_of
from netspec.expansion.scope import NETWORK, Expand, ScopeBuilder, names_in
from netspec.expansion.sized_arguments import input_sizes
from netspec.expansion.typed_items import TypedItems, Types
from netspec.language.argument_syntax import NO_NAMES
from netspec.language.evaluate import param_values
from netspec.language.spec import Item, Spec


class Expander:
    """Expands the items of one spec into calls and scopes; the file is long because its methods call each other."""

    def __init__(self, spec: Spec, most_calls: int) -> None:
        self.spec = spec
        self.calls: list[Call] = []
        self.budget = Budget(spec.every_item(), most_calls)
        self.open_blocks: tuple[str, ...] = ()
        self.params = param_values(spec.params)
        self.input_sizes = input_sizes(spec)
        self.types: Types = {**spec.types.layers, **spec.blocks}
        self.with_type = TypedItems(self.types, spec.params)

    def items(self, items: tuple[Item, ...], context: Context, last: Local | None) -> Local | None:
        """Expand a list of items; returns the value of the last one."""
        for item in items:
            last = self.item(item, context, last) if item.repeat is None else self.repeated(item, context, last)
        return last

    def repeated(self, item: Item, context: Context, last: Local | None) -> Local | None:
        """An item with `repeat`: with a plain name the copies become one submodule, else they are spliced."""
        assert item.repeat is not None
        self.budget.spend(item, context, len(self.calls))
        bare = replace(item, repeat=None)
        filled = item.name is not None and "{" not in item.name.text
        if filled and item.when is not None and not condition_holds(item.when, context):
            return self.left_out(bare, context, last)
        turns = turns_of(item.repeat, context)
        if filled:
            return self.with_each(bare, context, last, lambda use, c, on: self.group(filled_by(use), c, on, turns))
        later = later_copy(bare, context)
        for number, turn in enumerate(turns):
            last = self.item(bare if number == 0 else later, context.with_names(turn), last)
        return last

    def item(self, item: Item, context: Context, last: Local | None) -> Local | None:
        """Expand one item; returns its value, or None where an error leaves it none."""
        checkpoint()
        self.budget.spend(item, context, len(self.calls))
        if item.when is not None and not condition_holds(item.when, context):
            return self.left_out(item, context, last)
        if item.each is not None:
            return self.with_each(item, context, last, self.item)
        match item.kind:
            case "group" if item.name is None and not item.outputs:
                return self.spliced(item, context, last)
            case "group" if is_its_item(item):
                return self.item(only_item(item), context, last)
            case "group" | "sequential":
                return self.group(item, context, last, [{}])
            case "block":
                return self.block(item, context, last)
            case "branches" if item.name is not None:
                inside = replace(item, name=None, sources=None, claim=None, when=None)
                return self.group(replace(item, kind="group", items=(inside,)), context, last, [{}])
            case "branches":
                return self.branches(item, context, last)
            case "share":
                return self.share(item, context, last)
            case "order":
                context.scope.order += item.sources or ()
                return last
            case "parameter":
                typed = self.with_type(item, context)
                if typed is None:
                    return context.unknown(item, last)
                if not typed.applied and typed.record is None:
                    context.error("NS202", f"apply: false is for a layer; {typed.at.text} is a block", item.at)
                return self.layer(typed, context, last) if typed.record else self.block(typed, context, last)
            case "unknown":
                return context.unknown(item, last)
            case _:
                return self.layer(item, context, last)

    def with_each(
        self, item: Item, context: Context, last: Local | None,
        apply: Callable[[Item, Context, Local | None], Local | None],
    ) -> Local | None:  # fmt: skip
        """What `apply` makes of an item, or with its `each` of the item at each index of an axis."""
        if item.each is None:
            return apply(item, context, last)
        from netspec.expansion.each import apply_to_each  # few specs need it

        return apply_to_each(item, context, last, self.calls, self.input_sizes, apply)

    def layer(self, item: Item, context: Context, last: Local | None) -> Local | None:
        """A layer or function of the table."""
        assert item.record is not None
        name = context.attribute(item)
        if not item.applied:
            return self.held(item, context, last, name)
        taken = layer_inputs(item, item.record, context, last, context.scope.at(name))
        return self.call(item, context, taken, name)

    def held(self, item: Item, context: Context, last: Local | None, name: str) -> Local | None:
        """A layer that is made and not applied; its value is what it takes."""
        record = item.record
        assert record is not None
        if record.is_function or record.tensor:
            context.error("NS202", f"apply: false is for a layer; {record.name} is none", item.at)
            return context.bind(item, name, None)
        sources = context.sources(item, last)
        local = add_call(self.calls, item, context, LayerInputs(sources and sources[:1]), name, self.input_sizes)
        context.scope.held[name] = local.step
        add_ties(item, context, self.calls, local)
        return context.bind(item, name, sources[0] if sources else None)

    def spliced(self, group: Item, context: Context, last: Local | None) -> Local | None:
        """A group without a name is spliced: its `from` is for its first item, its `shape` for its last."""
        items = list(group.items)
        if group.sources is not None:
            sources = context.sources(group, last) or (None,)
            last = sources[0]
            if items and len(sources) > 1 and not items[0].wires:
                items[0] = replace(items[0], sources=items[0].sources or group.sources)
        if items and group.claim is not None:
            items[-1] = replace(items[-1], claim=items[-1].claim or group.claim)
        return self.items(tuple(items), context, last)

    def left_out(self, item: Item, context: Context, last: Local | None) -> Local | None:
        """An item whose `when` does not hold: a named one becomes the identity, another is dropped.

        Two items may have one name where their conditions exclude each other.
        """
        if item.name is None:
            return last
        sources = identity_inputs(item, context, last)
        name = context.name_of(item.name)
        if sources is not None and len(sources) > 1:
            context.error("NS303", f"{name} is left out and would stand for {len(sources)} values", item.at)
        if name in context.scope.named_at:
            return last
        return context.bind(item, name, sources[0] if sources else None)

    def group(self, item: Item, context: Context, last: Local | None, turns: list[dict[str, Value]]) -> Local | None:
        """A named group: a scope of its own, filled once for each turn."""
        sources, name = context.sources(item, last), context.attribute(item)
        if sources is None:
            return context.bind(item, name, None)
        first = len(self.calls)
        inner = self.enter(item, context, name, "group", sources, item.items, context.names, context.frames)
        end = inner.scope.entry
        for number, turn in enumerate(turns):
            items = (copy_of(item, number, inner.scope),) if item.copies else item.items
            end = self.items(items, inner.with_names(turn), end)
        results = inner.references(item.outputs) if item.outputs else (end,)
        return self.leave(
            item, context, inner, name, sources, results, first, lambda use, on: self.group(use, context, on, turns)
        )

    def block(self, item: Item, context: Context, last: Local | None) -> Local | None:
        """A block's use: a scope of its own, with the block's parameters."""
        block = self.spec.blocks[item.at.text]
        sources, name = context.sources(item, last), context.attribute(item)
        path = context.scope.at(name)
        if block.name in self.open_blocks:
            circle = " → ".join((*self.open_blocks[self.open_blocks.index(block.name) :], block.name))
            context.error("NS214", f"the block {block.name} uses itself: {circle}", item.at, layer=path)
            return context.bind(item, name, None)
        params = block_params(block, item, context, path, self.params, self.spec.params)
        if sources is None or params is None:
            return context.bind(item, name, None)
        frames = (Frame(f"the block {block.name}, used as {path}", item.at.span), *context.frames)
        inner = self.enter(item, context, name, block.name, sources, block.items, params, frames)
        inner.scope.hidden = frozenset(block.params)
        trail, self.open_blocks, first = self.open_blocks, (*self.open_blocks, block.name), len(self.calls)
        results: tuple[Local | None, ...] = (self.items(block.items, inner, inner.scope.entry),)
        self.open_blocks = trail
        if block.outputs:
            results = inner.references(block.outputs)
        return self.leave(
            item, context, inner, name, sources, results, first, lambda use, on: self.block(use, context, on)
        )

    def enter(
        self, item: Item, context: Context, name: str, title: str, sources: tuple[Local, ...],
        items: tuple[Item, ...], names: Dict[str, Value], frames: tuple[Frame, ...],
    ) -> Context:  # fmt: skip
        """A new scope inside that of `context`, given the values `sources`."""
        flats = [context.scope.flat(source) for source in sources]
        keys = ["input"] if len(flats) == 1 else [f"input.{index}" for index in range(len(flats))]
        scope = ScopeBuilder(context.scope.at(name), title, dict(zip(keys, flats, strict=True)), names_in(items))
        scope.around, scope.hidden = context.scope, context.scope.hidden
        inits = (*init_rules(item.init, context, scope.path), *context.inits)
        return Context(scope, names, context.findings, self.types, frames, inits, self.calls, context.each)

    def leave(
        self, item: Item, context: Context, inner: Context, name: str, sources: tuple[Local, ...],
        results: tuple[Local | None, ...], first: int, again: Expand,
    ) -> Local | None:  # fmt: skip
        """Close the scope of `inner`, whose calls start at `first`, and make it a step of the scope around it.

        `again` expands it once more, on the value that it is given.
        """
        ends = tuple(end for end in results if end is not None)
        inner.check_order()
        sources = (*sources, *inner.scope.handed)
        step = Step(name, sources, scope=inner.scope.finish(ends, self.calls), item=item)
        if len(ends) < len(results):
            inner.expect_items(item)
            context.scope.add(step, ())  # for its picture: nothing takes its value
            return context.bind(item, name, None)
        value = flatten(inner.scope.flat(end) for end in ends)
        claim = claim_of(item, context)
        if claim is not None and isinstance(value, Ref) and value.node >= 0 and self.calls[value.node].claim is None:
            call = self.calls[value.node]
            self.calls[value.node] = replace(call, claim=claim, arg_nodes=with_claim(call.arg_nodes, item))
        local = context.scope.add(step, value)
        context.scope.again[local.step] = (again, item, range(first, len(self.calls)))
        add_ties(item, context, self.calls, local)
        return context.bind(item, name, local)

    def branches(self, item: Item, context: Context, last: Local | None) -> Local | None:
        """Branches: each is a submodule of the enclosing scope (or its single item), then comes the merge."""
        assert item.merge is not None
        sources, name = context.sources(item, last), context.attribute(item)
        if sources is None:
            return None
        if len(sources) > 1:
            context.error("NS303", f"branches take one value, gets {len(sources)}", item.at)
            return None
        ends: list[Local | None] = []
        for key, body, single in item.branches:
            if not body:
                ends.append(sources[0])
                continue
            position = context.scope.position
            group = Item("group", key, item.node, name=key, items=body, single=single)
            ends.append(self.item(group, context, sources[0]))
            context.scope.position = position
        found = tuple(end for end in ends if end is not None)
        joins = self.with_type(item.merge, context) if item.merge.kind == "parameter" else item.merge
        if joins is None or joins.record is None or joins.record.inputs[1] == 1:
            if joins is not None:
                context.error("NS303", f"{joins.at.text} does not join several tensors", joins.at)
            return context.bind(item, name, None)
        merge = replace(joins, claim=item.claim or item.merge.claim)
        return self.call(merge, context, LayerInputs(found if len(found) == len(ends) else None), name)

    def share(self, item: Item, context: Context, last: Local | None) -> Local | None:
        """The module of an earlier item, applied again."""
        held = context.scope.held.get(item.at.text)
        target = context.lookup(item.at) if held is None else Local(held)
        if target is not None and target.step >= 0:
            target = Local(applied(target.step, context.scope.steps, self.calls), target.output)
        if target is not None and target.step in context.scope.again:
            if item.wires:
                context.error("NS202", NO_NAMES, item.wires[0][0])
            return self.share_scope(item, context, last, target.step)
        name = context.attribute(item)
        if target is None:
            context.sources(item, last)
            return context.bind(item, name, None)
        step = context.scope.steps[target.step] if target.step >= 0 else None
        if step is None or step.call is None or self.calls[step.call].record.is_function:
            context.error("NS305", f"{item.at.text} has no weights of its own that could be shared", item.at)
            return context.bind(item, name, None)
        made = self.calls[self.calls[step.call].maker]
        record = made.record.held or made.record
        taken = layer_inputs(item, record, context, last, context.scope.at(name))
        if taken.sources is None:
            return context.bind(item, name, None)
        return self.call(item, context, taken, name, made)

    def share_scope(self, item: Item, context: Context, last: Local | None, step: int) -> Local | None:
        """A block's use or a group, applied again: expanded once more, its layers sharing the weights of the first."""
        again, made, first = context.scope.again[step]
        start, steps = len(self.calls), context.scope.steps
        inside = steps[step].scope
        assert inside is not None
        own = [name for name in inside.inputs if not name.startswith(NETWORK)]
        takes = [len(context.scope.each(source)) for source in steps[step].sources[: len(own)]]
        several = len(takes) if len(takes) > 1 else 0
        use = replace(made, name=item.name, sources=item.sources, hands_on=several, claim=item.claim, tie=None)
        sources = replace(context, findings=Findings()).sources(use, last)  # what is wrong with them is found below
        given = takes if sources is None else [len(context.scope.each(source)) for source in sources]
        if given != takes:
            context.error("NS303", f"{item.at.text} takes {_counted(takes)}, gets {_counted(given)}", item.at)
            return context.bind(item, context.attribute(item), None)
        local = again(use, last)
        if local is None:
            return None
        for call, original in zip(self.calls[start:], first, strict=True):
            if not call.record.is_function:
                self.calls[call.id] = replace(call, shares=self.calls[original].maker)
        steps[local.step] = replace(steps[local.step], name=steps[step].name, shared=True)
        return local

    def call(
        self, item: Item, context: Context, taken: LayerInputs, name: str, shared: Call | None = None
    ) -> Local | None:
        """A layer or function applied to values."""
        local = add_call(self.calls, item, context, taken, name, self.input_sizes, shared)
        add_ties(item, context, self.calls, local)
        return context.bind(item, name, local)


def _counted(widths: list[int]) -> str:
    """How many values a submodule takes, from how many tensors each of them is."""
    values = "1 value" if len(widths) == 1 else f"{len(widths)} values"
    return values if max(widths) == 1 else f"{values} ({', '.join(map(str, widths))} tensors)"

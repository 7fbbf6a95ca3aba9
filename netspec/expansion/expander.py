"""Items → calls: blocks, groups, repeats, branches and shared weights, each in the scope it stands in."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Dict
from dataclasses import replace

from netspec.core.expressions import Value
from netspec.core.tree import Frame
from netspec.expansion.calls import (
    LayerInputs,
    arguments,
    block_params,
    claim_of,
    condition_holds,
    flatten,
    identity_inputs,
    is_its_item,
    layer_inputs,
    only_item,
    takes_inputs,
    weight,
    with_claim,
)
from netspec.expansion.graph import Call, Local, Ref, Step
from netspec.expansion.scope import Place, ScopeBuilder, TooLarge, names_in, turns_of
from netspec.language.argument_syntax import NO_NAMES
from netspec.language.evaluate import param_values
from netspec.language.spec import Item, Spec

MOST_CALLS = 50_000
MOST_WORK = 80_000  # items and the values in them
DEEPEST = 60


class Expander:
    """Expands the items of one spec into calls and scopes."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.calls: list[Call] = []
        self.work = 0
        self.open_blocks: tuple[str, ...] = ()
        self.params = param_values(spec.params)

    def items(self, items: tuple[Item, ...], place: Place, last: Local | None) -> Local | None:
        """Expand a list of items; returns the value of the last one."""
        for item in items:
            last = self.item(item, place, last) if item.repeat is None else self.repeated(item, place, last)
        return last

    def repeated(self, item: Item, place: Place, last: Local | None) -> Local | None:
        """An item with `repeat`: with a plain name the copies fill a submodule of that name, else they are spliced."""
        assert item.repeat is not None
        self.spend(item, place)
        bare = replace(item, repeat=None)
        filled = item.name is not None and "{" not in item.name.text
        if filled and item.when is not None and not condition_holds(item.when, place):
            return self.left_out(bare, place, last)
        turns = turns_of(item.repeat, place)
        if filled:
            copy = replace(bare, name=None, when=None, sources=None, claim=None)
            body = item.items if item.kind == "group" else (copy,)
            group = replace(bare, kind="group", record=None, args=(), items=body, single=False)
            return self.group(group, place, last, turns)
        for number, turn in enumerate(turns):
            copy = bare if number == 0 or item.name is not None else replace(bare, sources=None, follows=True)
            last = self.item(copy, place.with_names(turn), last)
        return last

    def item(self, item: Item, place: Place, last: Local | None) -> Local | None:
        """Expand one item; returns its value, or None where an error leaves it none."""
        self.spend(item, place)
        if item.when is not None and not condition_holds(item.when, place):
            return self.left_out(item, place, last)
        match item.kind:
            case "group" if item.name is None:
                return self.spliced(item, place, last)
            case "group" if is_its_item(item):
                return self.item(only_item(item), place, last)
            case "group":
                return self.group(item, place, last, [{}])
            case "block":
                return self.block(item, place, last)
            case "branches" if item.name is not None:
                inside = replace(item, name=None, sources=None, claim=None, when=None)
                return self.group(replace(item, kind="group", items=(inside,)), place, last, [{}])
            case "branches":
                return self.branches(item, place, last)
            case "share":
                return self.share(item, place, last)
            case "unknown":
                place.sources(item, last)
                return place.bind(item, place.attribute(item), None)
            case _:
                assert item.record is not None
                name = place.attribute(item)
                return self.call(item, place, layer_inputs(item, item.record, place, last, place.scope.at(name)), name)

    def spend(self, item: Item, place: Place) -> None:
        """Count an item and the values in it, so that what blocks and repeats multiply ends at the limits."""
        self.work += weight(item)
        deep = len(place.frames) > DEEPEST
        if deep or self.work > MOST_WORK or len(self.calls) >= MOST_CALLS:
            limit = f"nests blocks more than {DEEPEST} deep" if deep else f"expands to more than {MOST_CALLS} layers"
            place.error("NS211", f"the spec {limit}", item.at)
            raise TooLarge

    def spliced(self, group: Item, place: Place, last: Local | None) -> Local | None:
        """A group without a name, in the list it stands in; `from` is where it starts, `shape` the last one's."""
        items = list(group.items)
        if group.sources is not None:
            sources = place.sources(group, last) or (None,)
            last = sources[0]
            if items and len(sources) > 1 and not items[0].wires:
                items[0] = replace(items[0], sources=items[0].sources or group.sources)
        if items and group.claim is not None:
            items[-1] = replace(items[-1], claim=items[-1].claim or group.claim)
        return self.items(tuple(items), place, last)

    def left_out(self, item: Item, place: Place, last: Local | None) -> Local | None:
        """An item whose `when` does not hold: a named one is the identity, another is not there.

        Two items may have one name where their conditions exclude each other.
        """
        if item.name is None:
            return last
        sources = identity_inputs(item, place, last)
        name = place.name_of(item.name)
        if sources is not None and len(sources) > 1:
            place.error("NS303", f"{name} is left out and would stand for {len(sources)} values", item.at)
        if name in place.scope.named_at:
            return last
        return place.bind(item, name, sources[0] if sources else None)

    def group(self, item: Item, place: Place, last: Local | None, turns: list[dict[str, Value]]) -> Local | None:
        """A named group: a scope of its own, filled once for each turn."""
        sources, name = place.sources(item, last), place.attribute(item)
        if sources is None:
            return place.bind(item, name, None)
        first = len(self.calls)
        inner = self.enter(place, name, "group", sources, item.items, place.names, place.frames)
        end = inner.scope.entry
        for turn in turns:
            end = self.items(item.items, inner.with_names(turn), end)
        local = self.leave(item, place, inner, name, sources, (end,))
        return self.repeatable(place, local, item, first, lambda use, on: self.group(use, place, on, turns))

    def block(self, item: Item, place: Place, last: Local | None) -> Local | None:
        """A block's use: a scope of its own, with the block's parameters."""
        block = self.spec.blocks[item.at.text]
        sources, name = place.sources(item, last), place.attribute(item)
        path = place.scope.at(name)
        if block.name in self.open_blocks:
            circle = " → ".join((*self.open_blocks[self.open_blocks.index(block.name) :], block.name))
            place.error("NS214", f"the block {block.name} uses itself: {circle}", item.at, layer=path)
            return place.bind(item, name, None)
        params = block_params(block, item, place, path, self.params)
        if sources is None or params is None:
            return place.bind(item, name, None)
        frames = (Frame(f"the block {block.name}, used as {path}", item.at.span), *place.frames)
        inner = self.enter(place, name, block.name, sources, block.items, params, frames)
        trail, self.open_blocks, first = self.open_blocks, (*self.open_blocks, block.name), len(self.calls)
        results: tuple[Local | None, ...] = (self.items(block.items, inner, inner.scope.entry),)
        self.open_blocks = trail
        if block.outputs:
            results = tuple(inner.lookup(reference) for reference in block.outputs)
        local = self.leave(item, place, inner, name, sources, results)
        return self.repeatable(place, local, item, first, lambda use, on: self.block(use, place, on))

    def enter(
        self, place: Place, name: str, title: str, sources: tuple[Local, ...], items: tuple[Item, ...],
        names: Dict[str, Value], frames: tuple[Frame, ...],
    ) -> Place:  # fmt: skip
        """A new scope inside that of `place`, given the values `sources`."""
        flats = [place.scope.flat(source) for source in sources]
        keys = ["input"] if len(flats) == 1 else [f"input.{index}" for index in range(len(flats))]
        scope = ScopeBuilder(place.scope.at(name), title, dict(zip(keys, flats, strict=True)), names_in(items))
        return Place(scope, names, place.findings, frames)

    def leave(
        self, item: Item, place: Place, inner: Place, name: str, sources: tuple[Local, ...],
        results: tuple[Local | None, ...],
    ) -> Local | None:  # fmt: skip
        """Close the scope of `inner` and make it a step of the scope around it."""
        ends = tuple(end for end in results if end is not None)
        if len(ends) < len(results):
            return place.bind(item, name, None)
        value = flatten(inner.scope.flat(end) for end in ends)
        step = Step(name, sources, scope=inner.scope.finish(ends, self.modules_only(inner.scope)))
        claim = claim_of(item, place)
        if claim is not None and isinstance(value, Ref) and value.node >= 0 and self.calls[value.node].claim is None:
            call = self.calls[value.node]
            self.calls[value.node] = replace(call, claim=claim, places=with_claim(call.arg_nodes, item))
        return place.bind(item, name, place.scope.add(step, value))

    def repeatable(
        self, place: Place, local: Local | None, item: Item, first: int,
        again: Callable[[Item, Local | None], Local | None],
    ) -> Local | None:  # fmt: skip
        """Remember how a scope was expanded, and its calls from `first` on, so that `share` can apply it again."""
        if local is not None:
            place.scope.again[local.step] = (again, item, range(first, len(self.calls)))
        return local

    def modules_only(self, scope: ScopeBuilder) -> bool:
        """Whether every step of a scope is a module that nn.Sequential can hold, and that is applied once."""
        calls = [self.calls[step.call] for step in scope.steps if step.call is not None]
        alone = all(not step.shared for step in scope.steps)
        plain = (call.record.chains and not call.record.asks(call.args) and call.shares is None for call in calls)
        return alone and all(plain)

    def branches(self, item: Item, place: Place, last: Local | None) -> Local | None:
        """Branches: each is a submodule of the enclosing scope (or the item it is), then comes the merge."""
        assert item.merge is not None
        sources, name = place.sources(item, last), place.attribute(item)
        if sources is None:
            return None
        if len(sources) > 1:
            place.error("NS303", f"branches take one value, gets {len(sources)}", item.at)
            return None
        ends: list[Local | None] = []
        for key, body, single in item.branches:
            if not body:
                ends.append(sources[0])
                continue
            position = place.scope.position
            group = Item("group", key, item.node, name=key, items=body, single=single)
            ends.append(self.item(group, place, sources[0]))
            place.scope.position = position
        found = tuple(end for end in ends if end is not None)
        merge = replace(item.merge, claim=item.claim or item.merge.claim)
        return self.call(merge, place, LayerInputs(found if len(found) == len(ends) else None), name)

    def share(self, item: Item, place: Place, last: Local | None) -> Local | None:
        """The module of an earlier item, applied again."""
        target = place.lookup(item.at)
        if target is not None and target.step in place.scope.again:
            if item.wires:
                place.error("NS202", NO_NAMES, item.wires[0][0])
            return self.share_scope(item, place, last, target.step)
        name = place.attribute(item)
        if target is None:
            place.sources(item, last)
            return place.bind(item, name, None)
        step = place.scope.steps[target.step] if target.step >= 0 else None
        if step is None or step.call is None or self.calls[step.call].record.is_function:
            place.error("NS305", f"{item.at.text} has no weights of its own that could be shared", item.at)
            return place.bind(item, name, None)
        made = self.calls[step.call]
        taken = layer_inputs(item, made.record, place, last, place.scope.at(name))
        if taken.sources is None:
            return place.bind(item, name, None)
        return self.call(item, place, taken, name, made)

    def share_scope(self, item: Item, place: Place, last: Local | None, step: int) -> Local | None:
        """A block's use or a group, applied again: expanded once more, its layers sharing the weights of the first."""
        again, made, first = place.scope.again[step]
        start = len(self.calls)
        local = again(replace(made, name=item.name, sources=item.sources, claim=item.claim), last)
        if local is None:
            return None
        for call, original in zip(self.calls[start:], first, strict=True):
            if not call.record.is_function:
                weights = self.calls[original].shares
                self.calls[call.id] = replace(call, shares=original if weights is None else weights)
        steps = place.scope.steps
        steps[local.step] = replace(steps[local.step], name=steps[step].name, shared=True)
        return local

    def call(self, item: Item, place: Place, taken: LayerInputs, name: str, shared: Call | None = None) -> Local | None:
        """A layer or function applied to values."""
        record = shared.record if shared else item.record
        assert record is not None
        path = place.scope.at(name)
        args, places, whole = (shared.args, shared.places, True) if shared else arguments(item, record, place, path)
        places = {**with_claim(places, item), **taken.places}
        sources = taken.sources
        flats = flatten(place.scope.flat(source) for source in sources or ())
        refs = flats if isinstance(flats, tuple) else (flats,)
        if sources is None or not takes_inputs(record, len(refs), item, place, path):
            whole = False
        elif len(refs) > len(sources):  # one item with several outputs gives all the inputs
            sources = tuple(Local(sources[0].step, index) for index in range(len(refs)))
        further = taken.refs(place, path)
        whole = whole and len(further) == len(taken.places)
        claim = claim_of(item, place)
        shares = shared.id if shared else None
        frames = (*item.at.frames, *place.frames)
        call = Call(
            *(len(self.calls), path, record, args, places, (*refs, *further.values()), item, claim, frames, shares),
            broken=not whole,
            further=tuple(further),
        )
        self.calls.append(call)
        target = shared.path.rpartition(".")[2] if shared else name
        sources = (*(sources or ()), *(taken.further[source] for source in further))
        step = Step(target, sources, call=call.id, further=call.further)
        return place.bind(item, name, place.scope.add(step, Ref(call.id)))

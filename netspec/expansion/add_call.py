"""One layer or function applied to values → its call in the flat graph, and its step in the scope."""

from __future__ import annotations

from netspec.expansion.calls import arguments, claim_of, flatten, with_claim
from netspec.expansion.context import Context
from netspec.expansion.graph import Call, InitRule, Local, Parametrization, Ref, Step
from netspec.expansion.layer_inputs import LayerInputs, takes_inputs
from netspec.expansion.parameter_keys import init_rules, parametrizations
from netspec.expansion.sized_arguments import with_sized_inputs, without_sizes
from netspec.language.spec import Item
from netspec.language.tensor_sizes import InputSizes


def add_call(
    calls: list[Call], item: Item, context: Context, taken: LayerInputs, name: str, sizes: InputSizes,
    shared: Call | None = None,
) -> Local:  # fmt: skip
    """Add the call of a layer or function, and its step in the scope; returns the step's value.

    Args:
        calls: all so far.
        item: the item.
        context: its scope.
        taken: the values that it takes.
        name: of its submodule.
        sizes: the names of `sizes`.
        shared: the call whose module is applied again.
    """
    record = (shared.record.held or shared.record) if shared else item.record
    assert record is not None
    path = context.scope.at(name)
    args, arg_nodes, whole = (
        (shared.args, shared.arg_nodes, shared.complete) if shared else arguments(item, record, context, path, sizes)
    )
    if not item.applied and not shared:
        from netspec.layers.unapplied import unapplied

        record = unapplied(record, arg_nodes)
    args, sized = without_sizes(args)
    with_sizes = with_sized_inputs(taken, sized, context, arg_nodes) if sized else taken
    taken, whole = with_sizes or taken, whole and with_sizes is not None
    arg_nodes = {**with_claim(arg_nodes, item), **taken.references}
    sources = taken.sources
    flats = flatten(context.scope.flat(source) for source in sources or ())
    refs = flats if isinstance(flats, tuple) else (flats,)
    if sources is None or not takes_inputs(record, len(refs), item, context, path):
        whole = False
    elif len(refs) > len(sources):
        sources = tuple(one for source in sources for one in context.scope.each(source))
    further = taken.refs(context, path)
    whole = whole and len(further) == len(taken.references)
    inits: tuple[InitRule, ...] = ()
    parametrized: tuple[Parametrization, ...] = ()
    if not record.is_function and shared is None:
        inits = (*init_rules(item.init, context, path), *context.inits)
        parametrized = parametrizations(item, context)
    without = next((key for key in (item.tie, item.init, item.parametrize) if key is not None), None)
    if without is not None and (record.is_function or shared is not None):
        what = f"{record.name} has no parameters" if record.is_function else "the parameters are those of another item"
        context.error("NS306", f"{what}: tie, init and parametrize stand beside a layer that has its own", without)
    call = Call(
        id=len(calls),
        path=path,
        record=record,
        args=args,
        arg_nodes=arg_nodes,
        inputs=(*refs, *further.values()),
        item=item,
        claim=claim_of(item, context),
        frames=(*item.at.frames, *context.frames),
        shares=shared.id if shared else None,
        broken=not whole,
        further=tuple(further),
        sized=sized,
        inits=inits,
        parametrized=parametrized,
        each=context.each,
    )
    calls.append(call)
    target = shared.path.removeprefix(context.scope.at("")) if shared else name
    sources = (*(sources or ()), *(taken.further[source] for source in further))
    step = Step(target, sources, call=call.id, further=call.further)
    return context.scope.add(step, Ref(call.id))

"""Problem → fixes of a `dim` that is the batch, or along which the tensors do not match; sizes behind it follow."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import Fix
from netspec.fixes.arguments import accepts
from netspec.fixes.context import FixContext
from netspec.fixes.edits import optional_fix, set_argument
from netspec.fixes.followers import with_argument, with_followers
from netspec.shapes.apply import Problem


def other_dim(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """For a dim that the sample does not have: the channels, or the last axis. For a concat also where it matches."""
    call = problem.call
    name = "dim" if problem.code == "NS405" and call.record.name == "concat" else problem.argument or ""
    wrong = problem.code in ("NS403", "NS406") and name in call.arg_nodes
    if not wrong and not (problem.code == "NS405" and call.record.name == "concat"):
        return
    if not isinstance(call.args.get(name, 1), int) or name == "dims":
        return
    axes = len(problem.inputs[0].shape) if problem.inputs else 0
    written = call.args.get(name, 1)
    # Pictures are joined along their channels; of L×C the features may be the last axis.
    elsewhere = (1,) if axes > 2 else (1, 2)
    for dim in ((1, -1) if axes > 1 else (1,)) if wrong else elsewhere:
        if dim != written and accepts(call, problem, name, dim):
            for fix in optional_fix(f"{name}: {dim}", set_argument(call, name, str(dim))):
                yield with_followers(fix, with_argument(context.graph, call, **{name: dim}), context, call.id)


RULES = (other_dim,)

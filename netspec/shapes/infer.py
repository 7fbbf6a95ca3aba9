"""Graph → Graph with shapes: every call's rule is applied to the sample tensors that reach it.

After an error the inference goes on with candidates for the value. Where a written size contradicts the one that
arrives, the value downstream has two candidates, the arriving size and the written one. A later layer is wrong only
if it is wrong for every candidate: so independent errors all show, and their consequences do not. Behind a merge that
fails, the sizes depend on how it is fixed: a problem whose message differs between the candidates names the merge as
its `cause`. Where nothing is known of an output, candidates are assumed that share only what the layer declares: a
problem with the same message for all of them is reported, any other is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import Diagnostic
from netspec.core.faults import fault
from netspec.core.interruption import checkpoint
from netspec.core.shapes import ShapeError, Tensor, show
from netspec.expansion.graph import Call, Graph, Ref
from netspec.shapes.apply import Outcome, Outputs, Problem, apply, split_inputs
from netspec.shapes.before import Before, kept
from netspec.shapes.broadcasts import repeats
from netspec.shapes.parameters import count_of
from netspec.shapes.recovery import common_problems, declared, with_other_rank, with_right_dtype
from netspec.shapes.report import Inferred

MOST_CANDIDATES = 3


@dataclass(frozen=True)
class Inference:
    """What inference finds.

    Args:
        known: what is known of each call, in the order of the graph.
        problems: what is wrong, in the order of the calls.
        faults: of rules that failed, which are netspec's own.
        steady: whether nothing is wrong, and each value has one candidate, the known one.
    """

    known: tuple[Inferred, ...]
    problems: tuple[Problem, ...]
    faults: tuple[Diagnostic, ...] = ()
    steady: bool = False


class _Inference:
    def __init__(self, graph: Graph, before: Before | None) -> None:
        self.graph = graph
        self.before = before
        self.entering = [None if tensor is None else (tensor,) for tensor in graph.inputs.values()]
        self.candidates: list[list[Outputs]] = []
        self.known: list[Inferred] = []
        self.problems: list[Problem] = []
        self.faults: list[Diagnostic] = []
        self.assumed: set[int] = set()  # the calls whose candidates are assumed: only what they share is known
        self.latest: dict[int, tuple[Call, Outputs, Outcome]] = {}  # by record: the call, its inputs, its sound outcome
        self.causes: dict[int, Problem] = {}  # the problem on whose fix the value of a call depends

    def values(self, ref: Ref) -> list[Outputs]:
        """The candidates of a value; none where it is unknown."""
        if ref.node >= 0:
            candidates = self.candidates[ref.node]
        else:
            entering = self.entering[-1 - ref.node]
            candidates = [] if entering is None else [entering]
        if ref.output is None:
            return candidates
        return [(candidate[ref.output],) for candidate in candidates if ref.output < len(candidate)]

    def arriving(self, call: Call) -> list[Outputs] | None:
        """The candidates of all inputs of a call together; None where an input is unknown or does not exist."""
        columns = [self.values(ref) for ref in call.inputs]
        for ref, column in zip(call.inputs, columns, strict=True):
            if not column:
                given = self.values(replace(ref, output=None))
                if given and ref.output is not None:
                    count = len(given[0])
                    producer = self.graph.calls[ref.node].record.name if ref.node >= 0 else "the input"
                    outputs = f"{count} {'output' if count == 1 else 'outputs'}"
                    message = f"{producer} has {outputs}, numbered from 0; got {ref.output}"
                    self.problems.append(Problem(call, "fact", "NS304", message, ()))
                return None
        height = max(map(len, columns), default=1)
        candidates = [tuple(t for column in columns for t in column[min(k, len(column) - 1)]) for k in range(height)]
        for name, column in zip(call.further, columns[call.own :], strict=True):
            if len(column[0]) > 1:
                message = f"{name} is one tensor, this gives {len(column[0])}: pick one, as in name.0"
                self.problems.append(Problem(call, "fact", "NS304", message, (), name))
                return None
        most, count = call.record.inputs[1], len(candidates[0]) - len(call.further)
        if most is not None and count > most:
            message = f"{call.record.name} takes {most}, the item before gives {count}: pick one with from: name.0"
            self.problems.append(Problem(call, "fact", "NS304", message, candidates[0]))
            return None
        return candidates

    def applied(self, call: Call, inputs: Outputs) -> Outcome:
        """The outcome of a call; that of the one before, where they are the same, as in repeats."""
        before, arrived, outcome = self.latest.get(id(call.record), (None, (), None))
        same = before is not None and arrived == inputs and before.args == call.args
        same = same and before is not None and (before.further, before.sized) == (call.further, call.sized)
        if same and outcome is not None and not call.broken:
            return outcome
        outcome = apply(call, inputs)
        if not outcome.problems and not call.broken:
            self.latest[id(call.record)] = (call, inputs, outcome)
        return outcome

    @property
    def steady(self) -> bool:
        """Whether each value has one candidate, the known one."""
        both = zip(self.candidates, self.known, strict=True)
        return all(len(each) == 1 and each[0] == known.outputs for each, known in both)

    def visit(self, call: Call) -> None:
        """Infer one call; where its rule fails, nothing is known of it, and the inference goes on."""
        checkpoint()
        if self.same_as_before(call):
            return
        try:
            self.inferred(call)
        except Exception as error:
            at, path = call.item.at.span, call.path
            self.faults.append(fault(f"the rule of {call.record.name}", error, at, exact=True, layer=path))
            del self.candidates[call.id :], self.known[call.id :]
            self.candidates.append([])
            self.known.append(_unknown(call))

    def same_as_before(self, call: Call) -> bool:
        """Take what was known of a call, where the earlier inference still holds for it."""
        sure = all(ref.node not in self.assumed and ref.node not in self.causes for ref in call.inputs)
        found = kept(call, self.before, [self.values(ref) for ref in call.inputs]) if sure else None
        if found is None or found.outputs is None:
            return False
        self.candidates.append([found.outputs])
        self.known.append(found)
        return True

    def inferred(self, call: Call) -> None:
        if call.shares is not None:  # the module was made for its first use
            call = replace(call, args=self.known[call.shares].args)
        if call.weight is not None:
            from netspec.shapes import held

            call, found = held.with_shape(call, self.graph.calls, self.known)
            self.problems.extend(found)
        arriving = None if call.broken and not _enough(call) else self.arriving(call)
        if arriving is None:
            self.unknown(call)
            return
        outcomes = [self.applied(call, inputs) for inputs in arriving]
        sound = [index for index, outcome in enumerate(outcomes) if not outcome.problems]
        first = sound[0] if sound else 0
        best, inputs = outcomes[first], arriving[first]
        cause = next((self.causes[ref.node] for ref in call.inputs if ref.node in self.causes), None)
        assumed = assumed_inputs = any(ref.node in self.assumed for ref in call.inputs)
        if not sound and (cause is not None or assumed_inputs):
            same = common_problems(outcomes) if len(outcomes) > 1 else []
            if assumed_inputs and len(same) < len(best.problems):  # it depends on assumed sizes
                self.problems.extend(same)
                self.unknown(call, same)
                return
            best.problems = [p if p in same else replace(p, cause=cause) for p in best.problems]
        if best.problems and call.item.guessed:  # nobody wrote that layer
            self.unknown(replace(call, broken=True, args={}))
            return
        self.problems.extend(best.problems)
        if call.record.held:
            from netspec.shapes import held

            self.problems.extend(held.own_problems(call, best.args))
        used = [outcomes[index] for index in sound] or outcomes
        candidates = [candidate for outcome in used for candidate in outcome.candidates]
        if not candidates and not call.broken and not best.has("NS407"):
            candidates, assumed = self.outputs_after_error(call, inputs, best)
        candidates = list(dict.fromkeys(candidates))
        if not assumed:
            candidates = self.claimed(call, candidates, inputs)
        own = split_inputs(call, inputs)[0]
        if call.record.broadcasts and sound and candidates and not assumed and repeats(call.record, own):
            shapes = " and ".join(show(tensor.shape) for tensor in own)
            message = f"{call.record.name} broadcasts {shapes} to {show(candidates[0][0].shape)}"
            self.problems.append(Problem(call, "broadcast", "NS903", message, inputs))
        agree = len(arriving) > len(candidates) == 1
        self.note_cause(call, cause, best, agree=agree)
        if assumed:
            known = _unknown(call) if assumed_inputs else replace(_unknown(call), inputs=inputs)
            self.assume(call, candidates, known, agree=agree)
        else:
            self.candidates.append(candidates[:MOST_CANDIDATES])
            self.known.append(self.counted(call, inputs, candidates[0] if candidates else None, best.args))

    def assume(self, call: Call, candidates: list[Outputs], known: Inferred, *, agree: bool = False) -> None:
        """Keep assumed candidates; where there is a claim, or they `agree`, the output is known."""
        if call.claim is not None:
            candidates = [(Tensor(call.claim),)]
        elif agree:
            known = replace(known, outputs=candidates[0])
        elif candidates:
            self.assumed.add(call.id)
        self.candidates.append(candidates[:MOST_CANDIDATES])
        self.known.append(known)

    def note_cause(self, call: Call, cause: Problem | None, best: Outcome, *, agree: bool) -> None:
        """Note the problem on whose fix the call's value depends: a failed merge, of this call or an earlier one."""
        merges = (problem for problem in best.problems if problem.code == "NS405")
        merged = next((problem for problem in merges if problem.argument not in call.further), None)
        cause = cause or merged
        if cause is not None and not agree:
            self.causes[call.id] = cause

    def outputs_after_error(self, call: Call, inputs: Outputs, outcome: Outcome) -> tuple[list[Outputs], bool]:
        """The candidates of a call that refuses its inputs, and whether they are assumed."""
        meant = with_other_rank(call, inputs) if outcome.has("NS403") else []
        fits = not outcome.has("NS403") and all(tensor.shape for tensor in inputs)
        if outcome.has("NS408") and call.record.takes == "float":  # the dtype is wrong, not the shape
            meant = with_right_dtype(call, inputs)
        own, candidates = declared(call, inputs if fits else None)
        self.problems.extend(own)
        return (meant, False) if meant else (candidates, True)

    def unknown(self, call: Call, reported: Sequence[Problem] = ()) -> None:
        """A call whose inputs are unknown: its arguments may be wrong even so, and they declare its output."""
        candidates: list[Outputs] = []
        if call.complete:
            own, candidates = declared(call)
            self.problems.extend(problem for problem in own if problem not in reported)
        self.assume(call, candidates, _unknown(call))

    def claimed(self, call: Call, candidates: list[Outputs], inputs: Outputs) -> list[Outputs]:
        """The candidates that a `shape` claim allows, or all of them and the claim if it contradicts them."""
        if call.claim is None:
            return candidates
        claim = call.claim
        if not candidates:
            return [(Tensor(claim),)]
        agreeing = [candidate for candidate in candidates if candidate[0].shape == claim]
        if agreeing:
            return agreeing
        actual = candidates[0][0].shape
        message = f"shape claims {show(claim)}, {call.record.name} gives {show(actual)}"
        self.problems.append(Problem(call, "shape", "NS402", message, inputs, "shape", claim, actual))
        return [*candidates, (replace(candidates[0][0], shape=claim), *candidates[0][1:])]

    def counted(self, call: Call, inputs: Outputs, outputs: Outputs | None, args: dict[str, Any]) -> Inferred:
        """A call with its parameter count and its MACs."""
        if outputs is None or call.broken:
            return Inferred(inputs, outputs, args, None, None)
        namespace, shapes = SimpleNamespace(**args), [tensor.shape for tensor in split_inputs(call, inputs)[0]]
        try:
            parameters = 0 if call.shares is not None else call.record.parameters(namespace, *shapes)
            parameters = parameters if parameters is None else count_of(call, args, parameters)
            macs = call.record.macs(namespace, outputs[0].shape, *shapes)
            macs = macs if macs is None else macs * self.times(call)
        except (ShapeError, TypeError, AttributeError, IndexError, ValueError):
            if not self.problems:
                raise
            return Inferred(inputs, outputs, args, None, None)  # the arguments contradict the input, which is reported
        return Inferred(inputs, outputs, args, parameters, macs)

    def times(self, call: Call) -> int:
        """How often a call is applied for one sample: to each index along the axes that are folded into the batch."""
        found = 1
        for id in call.each:
            (before, *_), dim = self.known[id].inputs, self.known[id].args.get("dim", 0)
            found *= before.shape[dim - 1] if before is not None and 0 < dim <= len(before.shape) else 1
        return found


def _unknown(call: Call) -> Inferred:
    return Inferred(tuple(None for _ in call.inputs), None, dict(call.args), None, None)


def _enough(call: Call) -> bool:
    """Whether a call has as many inputs as its layer takes."""
    least, most = call.record.inputs
    return least <= call.own and (most is None or call.own <= most)


def infer(graph: Graph, before: Before | None = None) -> Inference:
    """Infer the shapes, dtypes and counts of every call of a graph.

    Args:
        graph: flat, its calls in the order in which they run.
        before: an earlier graph, some of whose calls are calls of this one, and what was known of them; only where that
            inference was steady.
    """
    inference = _Inference(graph, before)
    for call in graph.calls:
        inference.visit(call)
    found = Inference(tuple(inference.known), tuple(inference.problems), tuple(inference.faults))
    return replace(found, steady=inference.steady) if not found.problems and not found.faults else found

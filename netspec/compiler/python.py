"""Checked spec → Python source, as a person would write it. The compiler runs the same text.

A plain chain is an `nn.Sequential`; a scope with branches, references or functions is a class with a `forward`. Scopes
with the same code share a class. Trailing comments give the spec's line and the sample shape. The file is long because
the expressions of modules and of `forward` refer to each other.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path

from netspec.compiler.code_file import Source, file_text
from netspec.compiler.code_names import entry_name, in_docstring
from netspec.compiler.constants import steps_in_place, steps_made_once
from netspec.compiler.holes import Hole, Line, with_holes
from netspec.compiler.identifiers import RESERVED
from netspec.compiler.layer_lines import layer_lines
from netspec.compiler.lists import Lists, assigned, makes_module
from netspec.compiler.modes import returns_of_modes, steps_in_training
from netspec.compiler.parameters import attribute, parameter_lines
from netspec.compiler.templates import (
    INDENT,
    Assignment,
    Chain,
    Code,
    Comment,
    Template,
    Use,
    common,
    holes_of,
    render,
    skeleton,
)
from netspec.compiler.variables import variables
from netspec.core.escapes import safe
from netspec.core.names import MODULE_ATTRIBUTES
from netspec.core.shapes import Tensor, show
from netspec.expansion.graph import Call, Local, Scope, Step, size_of
from netspec.layers.code import application, expanded, quoted, reading
from netspec.layers.record import FurtherInput
from netspec.shapes.report import Report

FEWEST_STEPS = 2  # of a block that becomes a function


class _Generator:
    def __init__(self, report: Report) -> None:
        assert report.graph is not None
        self.report, self.calls = report, report.graph.calls
        self.known = report.inferred
        self.templates: dict[Hashable, Template] = {}
        self.widths: dict[tuple[int, int, tuple[int, ...]], int] = {}
        self.plugins = sorted({call.record.origin[0] for call in self.calls if call.record.origin is not None})
        self.taken = {*RESERVED, *(module.partition(".")[0] for module in self.plugins)}
        self.title = in_docstring(report.spec.name)

    # -- modules ---------------------------------------------------------------------------------------------------

    def module(self, step: Step, widths: tuple[int, ...]) -> Code:
        """The expression that makes a step's submodule."""
        if step.scope is not None:
            return self.scope(step.scope, widths)
        return self.lines_of(self.calls[step.call or 0])[-1]

    def lines_of(self, call: Call) -> tuple[Line, ...]:
        return layer_lines(call, self.known[call.id].args)

    def scope(self, scope: Scope, widths: tuple[int, ...]) -> Code:
        """The expression that makes a scope's module; `widths` are how many tensors each value that enters holds."""
        if not scope.chain:
            return self.class_of(scope, widths)
        numbered = [step.name for step in scope.steps] == [str(index) for index in range(len(scope.steps))]
        items = (
            self.module(step, tuple(self.width(scope, local, widths) for local in step.sources)) for step in scope.steps
        )
        chain = Chain(tuple(items), None if numbered else tuple(step.name for step in scope.steps))
        if not scope.path or scope.title == "group" or len(scope.steps) < FEWEST_STEPS:
            return chain
        made = Template(scope.title, f"{in_docstring(scope.title)}, as in {in_docstring(scope.path)}.", chain)
        return self.use((scope.title, skeleton(chain)), made, tuple(holes_of(chain)))

    def class_of(self, scope: Scope, widths: tuple[int, ...]) -> Use:
        """The use of the class of a scope that is no chain; scopes with the same code share one."""
        init: dict[str, list[Assignment]] = {}
        lists = Lists.of(scope, self.calls)

        def assigned_to(step: Step) -> Assignment:
            return self.assignment(scope, step, widths, lists)

        for step in scope.steps:
            name = step.name.partition(".")[0]
            if makes_module(step, self.calls) and name not in init:
                own = name == step.name
                init[name] = [assigned_to(step)] if own else lists.assignments(name, assigned_to)
        rank = {name: index for index, name in enumerate(scope.order)}
        ordered = (each for name in sorted(init, key=lambda name: rank.get(name, len(rank))) for each in init[name])
        more = map(with_holes, parameter_lines(scope, self.calls, self.known))
        texts, comments, signature = self.forward(scope, widths)
        forward = tuple(map(with_holes, texts))
        title = scope.path if scope.title == "group" else scope.title if scope.path else self.report.spec.name
        doc = f"{in_docstring(scope.title)}, as in {in_docstring(scope.path)}" if scope.path else self.title
        names = frozenset(step.name.partition(".")[0] for step in scope.steps) | MODULE_ATTRIBUTES
        made = Template(title, f"{doc}.", None, tuple(ordered), tuple(more), signature, forward, names, comments)
        kind = "" if scope.title == "group" else scope.title
        return self.use((kind, *made.skeleton()), made, tuple(made.own_holes()))

    def assignment(self, scope: Scope, step: Step, widths: tuple[int, ...], lists: Lists) -> Assignment:
        """The code that makes the submodule or tensor of a step."""
        call = None if step.call is None else self.calls[step.call]
        code = self.module(step, tuple(self.width(scope, local, widths) for local in step.sources))
        kind = "" if call is None else call.record.tensor
        around, _, name = step.name.rpartition(".")
        holder = lists.expression("self", around) if around else "self"
        before, after = assigned(holder, name)
        if kind == "buffer" or (kind and after):
            temporary = kind == "buffer" and call is not None and not self.known[call.id].args["persistent"]
            before = f"{holder}.register_{kind}({quoted(name)}, "
            after = ", persistent=False)" if temporary else ")"
        return Assignment(before, code, after, () if call is None else self.lines_of(call)[:-1])

    def use(self, key: Hashable, made: Template, holes: tuple[Hole, ...]) -> Use:
        """The use of a template, which is kept if there is none of its code yet."""
        template = self.templates.setdefault(key, made)
        template.holes = template.holes or holes
        template.uses.append(tuple(hole.text for hole in holes))
        template.comments = [common(*pair) for pair in zip(template.comments, made.comments, strict=True)]
        return Use(template, holes)

    # -- forward ---------------------------------------------------------------------------------------------------

    def forward(self, scope: Scope, widths: tuple[int, ...]) -> tuple[list[str], list[Comment | None], str]:
        """The lines of a scope's forward, their comments, and its signature."""
        inputs = [re.sub("[. ]", "_", name) for name in scope.inputs]
        once = steps_made_once(scope, self.calls)
        held = {index for index, step in enumerate(scope.steps) if self.is_held(step)}
        in_place = steps_in_place(scope, self.calls)
        names = variables(scope, inputs, in_place | held, kept=bool(once))
        for index in in_place:
            names[index] = self.tensor(scope, scope.steps[index])
        batch = f"{inputs[0]}{'' if widths[0] == 1 else '[0]'}.shape[0]"

        def values(local: Local) -> list[str]:
            """The tensors of a value for every sample, one expression each."""
            found = as_made(local)
            if local.step not in once:
                return found
            tensors = self.outputs(scope.steps[local.step])
            each = tensors if local.output is None else tensors[local.output : local.output + 1]
            return [expanded(text, len(tensor.shape), batch) for text, tensor in zip(found, each, strict=True)]

        def as_made(local: Local) -> list[str]:
            """The tensors of a value, one expression each; those that are made once have an axis of size 1 in front."""
            step = scope.steps[local.step] if local.step >= 0 else None
            name = inputs[-1 - local.step] if step is None else names[local.step]
            record = None if step is None or step.call is None else self.calls[step.call].record
            width = self.width(scope, Local(local.step), widths)
            if width == 1 and (record is None or not record.outputs):
                return [name]
            indexes = range(width) if local.output is None else [local.output]
            return [f"{name}[{index}]" if record is None else reading(record, name, index) for index in indexes]

        def value(local: Local) -> str:
            """A value as one expression: a name, one of its outputs, or the tuple of them."""
            step = scope.steps[local.step] if local.step >= 0 else None
            if local.output is None and local.step not in once and not self.is_read(step):
                return inputs[-1 - local.step] if step is None else names[local.step]
            each = values(local)
            return each[0] if len(each) == 1 else f"({', '.join(each)})"

        lines: list[str] = []
        comments: list[Comment | None] = []
        last = len(scope.steps) - 1
        plain = last >= 0 and last not in once and not self.is_read(scope.steps[last]) and not scope.keys
        returned = scope.results == (Local(last),) and plain
        late, lists = steps_in_training(scope), Lists.of(scope, self.calls)
        for index, step in enumerate(scope.steps):
            target = lists.expression("self", step.name)
            if index in in_place or index in held:
                continue
            taken = as_made if index in once or self.broadcasts(step) else values
            if step.call is not None:
                record, sources = self.calls[step.call].record, list[str]()
                for local in step.sources:
                    sources += as_made(local) if record.is_unbatched(len(sources)) else taken(local)
                expression = self.application(step, step.call, target, sources)
            elif index in once:
                expression = f"{target}({as_made(step.sources[0])[0]})"
            else:
                expression = f"{target}({', '.join(map(value, step.sources))})"
            ends = returned and index == last
            if index in late and index - 1 not in late:
                lines.append("if self.training:")
                comments.append(None)
            line = f"return {expression}" if ends else f"{names[index]} = {expression}"
            lines.append(INDENT + line if index in late else line)
            comments.append(self.comment(step))
        if scope.keys or scope.training_only:
            found = returns_of_modes(scope, [values(local) for local in scope.results], len(scope.steps) - 1 in late)
            lines += found
            comments += [None] * len(found)
        elif not returned:
            flat = [text for local in scope.results for text in values(local)]
            counted = zip(scope.results, scope.counts, strict=True)
            nested = [f"{'*' if count > 1 else ''}{value(local)}" for local, count in counted] if scope.path else flat
            lines.append("return " + ", ".join(nested if len(nested) > 1 else flat))
            comments.append(None)
        total = sum(self.width(scope, local, widths) for local in scope.results)
        returns = "Tensor" if total == 1 else f"tuple[{', '.join(['Tensor'] * total)}]"
        if len(scope.results) > 1 and sum(scope.counts) != total and scope.path:
            returns = "tuple[Tensor | tuple[Tensor, ...], ...]"
        if scope.keys or scope.training_only:
            returns = "dict[str, Tensor]" if scope.keys else "Tensor | tuple[Tensor, ...]"
        entering = (
            f"{name}: {'Tensor' if width == 1 else 'tuple[Tensor, ...]'}"
            for name, width in zip(inputs, widths, strict=True)
        )
        return lines, comments, f"def forward(self, {', '.join(entering)}) -> {returns}:"

    def application(self, step: Step, number: int, target: str, sources: list[str]) -> str:
        """The expression that applies a step's layer or function; the last of its sources are given by name."""
        call, known = self.calls[number], self.known[number]
        count = len(sources) - len(step.further)
        given = list(zip(step.further, sources[count:], known.inputs[count:], strict=True))
        masks = [each for each in given if each[0] in call.record.further]
        further = {name: FurtherInput(text, tensor) for name, text, tensor in masks if tensor is not None}
        texts = {name: text for name, text, _ in given}
        sized = {
            name: argument.source(known.args[name], {each: texts[size_of(each)] for each in argument.references})
            for name, argument in call.sized.items()
        }
        shapes = tuple(tensor.shape for tensor in known.inputs[:count] if tensor is not None)
        args = {**known.args, **sized, "input_shapes": shapes}
        return application(call.record, args, target, sources[:count], further, once=True)

    def is_held(self, step: Step) -> bool:
        """Whether a step is a layer that is made and not applied."""
        return step.call is not None and self.calls[step.call].record.held is not None

    def tensor(self, scope: Scope, step: Step) -> str:
        """The expression of a tensor of the scope's module, or of a parameter below it."""
        call = self.calls[step.call or 0]
        target = attribute("self", step.name, self.calls, scope)
        args = {**self.known[call.id].args, "path": target}
        return application(call.record, args, target, [""], once=True)

    def is_read(self, step: Step | None) -> bool:
        """Whether the outputs of a step are read from what its call gives."""
        return step is not None and step.call is not None and bool(self.calls[step.call].record.outputs)

    def broadcasts(self, step: Step) -> bool:
        """Whether a step is a function that takes values as they are, of which some are the same for every sample."""
        return step.call is not None and self.calls[step.call].record.broadcasts

    def outputs(self, step: Step) -> tuple[Tensor, ...]:
        """The sample tensors that a step gives."""
        call = self.last_call(step)
        return () if call is None else self.known[call.id].outputs or ()

    def width(self, scope: Scope, local: Local, widths: tuple[int, ...]) -> int:
        """The number of tensors of a value."""
        if local.output is not None:
            return 1
        if local.step < 0:
            return widths[-1 - local.step]
        step = scope.steps[local.step]
        if step.scope is None:
            return len(self.known[step.call or 0].outputs or (0,))
        key = (id(scope), local.step, widths)  # asked again and again where every step takes all before it
        if key not in self.widths:
            inner = tuple(self.width(scope, source, widths) for source in step.sources)
            self.widths[key] = sum(self.width(step.scope, result, inner) for result in step.scope.results)
        return self.widths[key]

    def comment(self, step: Step) -> Comment | None:
        """`net.yaml:18` and `88×12×12`: the spec's line of a step, and its sample shape."""
        call = self.last_call(step)
        if call is None:
            return None
        item = self.calls[step.call].item if step.call is not None else call.item
        span = item.at.span
        outputs = self.known[call.id].outputs or ()
        shapes = ", ".join(show(tensor.shape) for tensor in outputs)
        return "" if step.scope is not None else f"{safe(Path(span.path).name)}:{span.line}", shapes

    def last_call(self, step: Step) -> Call | None:
        """The call whose outputs are a step's."""
        while step.scope is not None:
            results = step.scope.results
            if len(results) != 1 or results[0].step < 0:
                return None
            step = step.scope.steps[results[0].step]
        return None if step.call is None else self.calls[step.call]

    # -- the file --------------------------------------------------------------------------------------------------

    def source(self) -> Source:
        graph = self.report.graph
        assert graph is not None
        whole = self.scope(graph.scope, (1,) * len(graph.scope.inputs))
        templates = [*self.templates.values()]
        for template in templates:
            template.resolve(self.taken)
        expression = render(whole, (hole.text for hole in holes_of(whole)))
        lines = [line for each in templates if each.name for line in ("", "", *each.definition())]
        entry = whole.template.name if isinstance(whole, Use) else ""
        if not entry:
            entry = entry_name(self.report.spec.name, self.taken | MODULE_ATTRIBUTES)
            more = parameter_lines(graph.scope, self.calls, self.known, "model") if graph.scope.chain else []
            first = f"{'model =' if more else 'return'} {expression[0]}"
            body = (f'"""{self.title}."""', first, *expression[1:], *more, *(["return model"] if more else []))
            lines += ["", "", f"def {entry}() -> nn.Module:", *(INDENT + line for line in body)]
        classes = tuple(each.name for each in templates if each.name and each.chain is None)
        return Source(file_text(self.title, lines, self.plugins), entry, classes)


def python_source(report: Report) -> Source:
    """Write the Python source of a network.

    Args:
        report: of a checked spec without errors.
    """
    return _Generator(report).source()

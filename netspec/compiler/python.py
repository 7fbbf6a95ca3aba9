"""Checked spec → Python source, as a person would write it. The compiler runs the same text.

A plain chain is an `nn.Sequential`; a scope with branches, references or functions is a class with a `forward`. Scopes
with the same code share a class. Trailing comments give the spec's line and the sample shape. The file is long because
the expressions of modules and of `forward` refer to each other.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Hashable
from pathlib import Path

from netspec.compiler.code_file import MODULES, Source, file_text
from netspec.compiler.code_names import class_name, function_name, in_docstring, unused
from netspec.compiler.modes import returns_of_modes, steps_in_training
from netspec.compiler.templates import (
    Assignment,
    Chain,
    Code,
    Comment,
    Hole,
    Template,
    Use,
    argument_at,
    common,
    holes_of,
    render,
    skeleton,
    with_holes,
)
from netspec.core.escapes import safe
from netspec.core.names import MODULE_ATTRIBUTES, is_attribute, variable
from netspec.core.shapes import show
from netspec.core.tree import Scalar
from netspec.expansion.graph import Call, Local, Scope, Step
from netspec.layers.code import application, constructor, quoted, reading
from netspec.layers.record import FurtherInput
from netspec.shapes.report import Report

INDENT = "    "
FEWEST_STEPS = 2  # of a block that becomes a function
PARAMETERS_TAKEN = {"range", "OrderedDict"}
_RESERVED = {"self", "torch", "nn", "F", "Tensor", "OrderedDict", "x", "super", "getattr", "tuple", *MODULES}


class _Generator:
    def __init__(self, report: Report) -> None:
        assert report.graph is not None
        self.report, self.calls = report, report.graph.calls
        self.known = report.inferred
        self.templates: dict[Hashable, Template] = {}
        self.widths: dict[tuple[int, int, tuple[int, ...]], int] = {}
        self.plugins = sorted({call.record.origin[0] for call in self.calls if call.record.origin is not None})
        self.taken = {*_RESERVED, *(module.partition(".")[0] for module in self.plugins)}
        self.title = in_docstring(report.spec.name)

    # -- modules ---------------------------------------------------------------------------------------------------

    def module(self, step: Step, widths: tuple[int, ...]) -> Code:
        """The expression that makes a step's submodule."""
        if step.scope is not None:
            return self.scope(step.scope, widths)
        call = self.calls[step.call or 0]
        args = [arg.name for arg in call.record.args if not arg.forward]

        def name(before: str) -> str:
            """The name of an argument: the block's parameter that gives it, else torch's."""
            arg = argument_at(before, args) if call.record.make is None else None
            node = call.arg_nodes.get(arg) if arg is not None else None
            written = node.value if isinstance(node, Scalar) else None
            plain = isinstance(written, str) and written.isidentifier() and not keyword.iskeyword(written)
            return str(written) if plain else arg or "size"

        return with_holes(constructor(call.record, self.known[call.id].args), name)

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
        init: list[Assignment] = []
        for step in scope.steps:
            call = None if step.call is None else self.calls[step.call]
            if step.shared or (call is not None and (call.record.is_function or call.shares is not None)):
                continue
            code = self.module(step, tuple(self.width(scope, local, widths) for local in step.sources))
            add = "register_parameter" if call is not None and call.record.tensor else "add_module"
            if is_attribute(step.name):
                init.append(Assignment(f"self.{step.name} = ", code))
            else:
                init.append(Assignment(f"self.{add}({quoted(step.name)}, ", code, ")"))
        texts, comments, signature = self.forward(scope, widths)
        forward = tuple(map(with_holes, texts))
        parts = tuple((each.before, skeleton(each.code), each.after) for each in init)
        title = scope.path if scope.title == "group" else scope.title if scope.path else self.report.spec.name
        doc = f"{self.title}." if not scope.path else f"{in_docstring(scope.title)}, as in {in_docstring(scope.path)}."
        names = frozenset(step.name for step in scope.steps) | MODULE_ATTRIBUTES
        made = Template(title, doc, None, tuple(init), signature, forward, names, comments)
        holes = (
            *(hole for each in init for hole in holes_of(each.code)),
            *(hole for line in forward for hole in line.holes),
        )
        kind = "" if scope.title == "group" else scope.title
        return self.use((kind, parts, signature, tuple(line.texts for line in forward)), made, tuple(holes))

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
        inputs = [name.replace(".", "_") for name in scope.inputs]
        names = self.variables(scope, inputs)

        def values(local: Local) -> list[str]:
            """The tensors of a value, one expression each."""
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
            if local.output is None and (step is None or step.call is None or not self.calls[step.call].record.outputs):
                return inputs[-1 - local.step] if step is None else names[local.step]
            each = values(local)
            return each[0] if len(each) == 1 else f"({', '.join(each)})"

        lines: list[str] = []
        comments: list[Comment | None] = []
        last = scope.steps[-1].call if scope.steps else None
        raw = last is not None and bool(self.calls[last].record.outputs)
        returned = scope.results == (Local(len(scope.steps) - 1),) and not raw and not scope.keys
        late = steps_in_training(scope)
        for index, step in enumerate(scope.steps):
            target = f"self.{step.name}" if is_attribute(step.name) else f"getattr(self, {quoted(step.name)})"
            if step.call is not None:
                sources = [text for local in step.sources for text in values(local)]
                expression = self.application(step, step.call, target, sources)
            else:
                expression = f"{target}({', '.join(map(value, step.sources))})"
            ends = returned and index == len(scope.steps) - 1
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
        further = {
            name: FurtherInput(text, tensor)
            for name, text, tensor in zip(step.further, sources[count:], known.inputs[count:], strict=True)
            if tensor is not None
        }
        return application(call.record, known.args, target, sources[:count], further)

    def variables(self, scope: Scope, inputs: list[str]) -> list[str]:
        """A variable for each step: `x` where only the next step uses it, else a name of its own."""
        users: dict[int, list[int]] = {}
        for index, step in enumerate(scope.steps):
            for local in step.sources:
                users.setdefault(local.step, []).append(index)
        for local in scope.results:
            users.setdefault(local.step, []).append(len(scope.steps))
        names: list[str] = []
        taken = {*inputs, *_RESERVED}
        for index, step in enumerate(scope.steps):
            following = scope.steps[index + 1 : index + 2]
            if users.get(index) == [index + 1] and (not following or len(following[0].sources) == 1):
                names.append("x")
                continue
            names.append(unused(variable(step.name), taken, "_"))
        return names

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
            template.resolve(self.name_of(template), {*self.taken, *PARAMETERS_TAKEN})
        expression = render(whole, (hole.text for hole in holes_of(whole)))
        lines = [line for each in templates if each.name for line in ("", "", *each.definition())]
        entry = whole.template.name if isinstance(whole, Use) else ""
        if not entry:
            entry = re.sub(r"\W+", "_", self.report.spec.name.lower()).strip("_")
            if not entry.isidentifier() or keyword.iskeyword(entry) or entry in self.taken | MODULE_ATTRIBUTES:
                entry = "network"
            body = (f'"""{self.title}."""', f"return {expression[0]}", *expression[1:])
            lines += ["", "", f"def {entry}() -> nn.Module:", *(INDENT + line for line in body)]
        classes = tuple(each.name for each in templates if each.name and each.chain is None)
        return Source(file_text(self.title, lines, self.plugins), entry, classes)

    def name_of(self, template: Template) -> Callable[[str], str]:
        """Gives a name from a title: of a class in camel case, of a function with underscores."""
        if template.chain is None:
            return lambda title: unused(class_name(title), self.taken)
        return lambda title: unused(function_name(title), self.taken, "_")


def python_source(report: Report) -> Source:
    """Write the Python source of a network.

    Args:
        report: of a checked spec without errors.
    """
    return _Generator(report).source()

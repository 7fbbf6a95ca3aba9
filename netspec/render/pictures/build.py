"""Report → the tree of its network, with what the check knows of each layer and what it found wrong there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import count

from netspec.expansion.graph import Call, Local, Scope, Step
from netspec.render.pictures.arguments import words_of
from netspec.render.pictures.levels import End, Level, part
from netspec.render.pictures.problems import NETWORK, problems_by_path
from netspec.render.pictures.runs import Piece, Signed, pieces_of
from netspec.render.pictures.tree import Edge, Node, Problem
from netspec.shapes.report import Report


def network_tree(report: Report) -> Node:
    """The network of a report as a tree.

    Args:
        report: of any spec; of a wrong one as much is drawn as its graph tells.
    """
    return _Builder(report).network()


class _Builder:
    def __init__(self, report: Report) -> None:
        self.report = report
        self.calls: Sequence[Call] = report.graph.calls if report.graph else ()
        self.problems = problems_by_path(report)
        self.wrong = {path for path, found in self.problems.items() if any(p.severity == "error" for p in found)}
        self.signs: dict[object, int] = {}
        self.told: set[str] = set()  # the paths whose problems have a node: of wrong names, several may have one path
        self.scopes: dict[int, tuple[Signed, ...]] = {}  # the steps of each scope, by its identity
        self.ids = count()

    def network(self) -> Node:
        """The root: the network's inputs, the steps of its own scope, and its outputs."""
        report, graph = self.report, self.report.graph
        root = Node(next(self.ids), "network", report.spec.name, problems=self.found(NETWORK))
        if graph is None:
            return root
        inputs = [Node(next(self.ids), "input", name, outputs=(tensor,)) for name, tensor in graph.inputs.items()]
        level = Level(lambda local: self.entering(local, inputs))
        self.fill(level, graph.scope)
        names = iter(graph.outputs)
        for result in graph.scope.results:
            own = [next(names) for _ in range(_values_in(graph.scope, result))]
            name = own[0] if len(own) == 1 else own[0].rpartition(".")[0]
            when = "in training" if own[0] in graph.training_only else ""
            end = level.end(result)
            node = Node(next(self.ids), "output", name, type=when, outputs=end.values)
            level.connect([end], node.id)
            level.nodes.append(node)
        return _filled(root, [*inputs, *level.nodes], level.edges)

    @staticmethod
    def entering(local: Local, inputs: Sequence[Node]) -> End:
        """A value that enters the network."""
        node = inputs[-1 - local.step]
        return End(node.id, local.output, part(node.outputs, local.output))

    def fill(self, level: Level, scope: Scope) -> None:
        """Add the steps of a scope to a box, those of runs in boxes of their own."""
        for piece in pieces_of(self.signed(scope), scope.results):
            self.put(level, scope, piece)

    def put(self, level: Level, scope: Scope, piece: Piece) -> None:
        """Add a step or a run to a box."""
        if piece.period:
            self.add_run(level, scope, piece)
        else:
            self.add(level, scope, piece.start)

    def add(self, level: Level, scope: Scope, index: int) -> None:
        """Add one step to a box."""
        step = scope.steps[index]
        ends = [level.end(source) for source in step.sources]
        node = self.box(step, step.scope, ends) if step.scope is not None else self.leaf(step)
        if step.call is None or not self.calls[step.call].record.tensor:  # which takes only the size of the batch
            level.connect(ends, node.id)
        level.nodes.append(node)
        level.given[index] = (node.id, node.outputs)

    def add_run(self, level: Level, scope: Scope, run: Piece) -> None:
        """Add a run of equal copies to a box."""
        node = Node(next(self.ids), "repeat", "", path=scope.path, period=run.period)
        ports: dict[Local, int] = {}

        def outside(local: Local) -> End:
            values = level.end(local).values
            return End(node.id, ports.setdefault(local, len(ports)), values)

        inner = Level(outside)
        for piece in run.pieces:
            self.put(inner, scope, piece)
        last, values = inner.given[run.stop - 1]
        inner.connect([End(last, None, values)], node.id)
        node = _filled(replace(node, outputs=values), inner.nodes, inner.edges)
        level.connect([level.end(local) for local in ports], node.id)
        level.nodes.append(node)
        level.given[run.stop - 1] = (node.id, values)

    def box(self, step: Step, scope: Scope, ends: Sequence[End]) -> Node:
        """A group or a block's use."""
        kind = "group" if scope.title == "group" else "block"
        title = "" if kind == "group" else scope.title
        span = None if step.item is None else step.item.at.span
        node = Node(next(self.ids), kind, step.name, scope.path, title, shared=step.shared, span=span)
        node = replace(node, problems=self.found(scope.path))

        def outside(local: Local) -> End:
            port = -1 - local.step
            return End(node.id, port, part(ends[port].values, local.output))

        level = Level(outside)
        self.fill(level, scope)
        results = [level.end(result) for result in scope.results]
        level.connect(results, node.id)
        outputs = tuple(value for end in results for value in end.values)
        return _filled(replace(node, outputs=outputs), level.nodes, level.edges)

    def leaf(self, step: Step) -> Node:
        """A layer or function."""
        assert step.call is not None
        call, known = self.calls[step.call], self.report.inferred[step.call]
        record = call.record
        told, arguments = words_of(record, {**call.args, **known.args})
        return Node(
            id=next(self.ids),
            kind="function" if record.is_function else "layer",
            name=call.path.rpartition(".")[2],
            path=call.path,
            type=record.name,
            call=told,
            arguments=arguments,
            outputs=known.outputs or (None,),
            params=known.parameters,
            macs=known.macs,
            shared=call.shares is not None,
            span=call.item.at.span,
            problems=self.found(call.path),
        )

    def found(self, path: str) -> tuple[Problem, ...]:
        """What is wrong with the node of a path, for the first that has it."""
        if path in self.told:
            return ()
        self.told.add(path)
        return self.problems.get(path, ())

    def signed(self, scope: Scope) -> tuple[Signed, ...]:
        """The steps of a scope as far as copies have to agree in them."""
        found = self.scopes.get(id(scope))
        if found is None:
            found = tuple(self.sign(step) for step in scope.steps)
            self.scopes[id(scope)] = found
        return found

    def sign(self, step: Step) -> Signed:
        """What copies of a step have to agree in; a step with an error equals no other."""
        inner, item = step.scope, step.item
        if inner is None:
            assert step.call is not None
            call = self.calls[step.call]
            key: object = (call.record.name, call.record.origin, repr(call.args), call.id - call.maker, step.further)
            path, size, item = call.path, 1, call.item
        else:
            steps = self.signed(inner)
            key = (inner.title, step.shared, tuple((each.sign, each.sources) for each in steps), inner.results)
            path, size = inner.path, sum(each.size for each in steps)
        if path in self.wrong:
            key = path
        sign = self.signs.setdefault((key, len(step.sources)), len(self.signs))
        place = (0, 0) if item is None else (item.at.span.line, item.at.span.column)
        return Signed(sign, size, step.sources, place)


def _values_in(scope: Scope, local: Local) -> int:
    """How many values of the flat graph a value of a scope is: several where a block names outputs."""
    inner = scope.steps[local.step].scope if local.step >= 0 and local.output is None else None
    return 1 if inner is None else sum(_values_in(inner, result) for result in inner.results)


def _filled(box: Node, nodes: Sequence[Node], edges: Iterable[Edge]) -> Node:
    """A box with what is in it; it counts what its nodes count, nothing where one of them does not know."""
    params, macs = [node.params for node in nodes], [node.macs for node in nodes]
    return replace(
        box,
        children=tuple(nodes),
        edges=tuple(edges),
        params=None if None in params else sum(filter(None, params)),
        macs=None if None in macs else sum(filter(None, macs)),
    )

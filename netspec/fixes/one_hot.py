"""Problem → fixes of one-hot rows for an Embedding, which takes the numbers of words; and where that shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netspec.core.diagnostics import Edit, Fix
from netspec.core.shapes import Tensor, show
from netspec.core.tree import Mapping, Node
from netspec.expansion.graph import Call
from netspec.fixes.context import FixContext
from netspec.fixes.edits import optional_fix, remove_entry
from netspec.fixes.values import node_text, span_of
from netspec.fixes.wiring import insert_for_all
from netspec.language.spec import InputDecl
from netspec.shapes.apply import Problem
from netspec.shapes.infer import infer

TABLES = frozenset({"Embedding", "EmbeddingBag"})
LARGEST = 2000  # calls of a graph whose shapes are inferred again


def _rows_of(call: Call, context: FixContext) -> bool:
    """Whether what reaches a table has an axis as long as the table behind another one: one-hot rows."""
    shape = context.provenance.shapes(call)[0]
    return shape is not None and len(shape) > 1 and shape[-1] == call.args.get("num_embeddings")


def one_hot_table(call: Call, context: FixContext) -> Call | None:
    """The Embedding upstream of a call, or the call itself, that gets one-hot rows."""
    for before in context.provenance.back(call):
        if before.record.name in TABLES:
            return before if _rows_of(before, context) else None
        if len(before.inputs) != 1:
            return None
    return None


def declared_input(context: FixContext, node: int) -> InputDecl:
    """The input that a negative node of the graph stands for."""
    return context.spec.inputs[-1 - node]


def input_node(context: FixContext, declared: InputDecl) -> Node | None:
    """What is written for an input: a list of sizes, or a mapping with its shape and its dtype."""
    inputs = context.spec.document.get("inputs")
    return inputs.get(declared.name) if isinstance(inputs, Mapping) else context.spec.document.get("input")


def redeclared(context: FixContext, declared: InputDecl, sizes: str, dtype: str) -> tuple[Edit, ...]:
    """The edits that give an input other sizes, as text without brackets, and another dtype."""
    node, edits = input_node(context, declared), []
    if isinstance(node, Mapping):
        kind = node.get("dtype")
        if declared.sizes and sizes != ", ".join(map(node_text, declared.sizes)):
            edits.append(Edit(span_of(declared.sizes), sizes))
        if dtype != declared.dtype:
            key = next((key for key, _ in node if key.text == "dtype"), None)
            removed = remove_entry(node, key, context.spec.sources) if key is not None and dtype == "float32" else None
            edits += [removed] if removed else [Edit(kind.span, dtype)] if kind is not None else []
            if kind is None:
                return ()
        return tuple(edits)
    if node is None or declared.at.span != node.span:
        return ()
    return (Edit(node.span, f"{{shape: [{sizes}], dtype: {dtype}}}" if dtype != "float32" else f"[{sizes}]"),)


def numbers_for_rows(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """One-hot rows that enter the network: their numbers enter instead. Of scores inside it: the largest."""
    table = one_hot_table(problem.call, context)
    if table is None:
        return
    node = table.inputs[0].node
    if node < 0:
        declared = declared_input(context, node)
        kept = declared.sizes[:-1]
        edits = redeclared(context, declared, ", ".join(map(node_text, kept)), "int64") if kept else ()
        if edits:
            shape = context.provenance.shapes(table)[0] or ()
            yield Fix(f"an input of {show(shape[:-1])} numbers, int64", edits)
    elif table is problem.call and problem.code == "NS408":
        edits = insert_for_all(problem, "numbers", ["argmax: {dim: -1}"], context)
        if edits:
            yield Fix("argmax before it: the number of the largest", edits)
    if table is problem.call and problem.code == "NS408" and table.item.argument_node is not None:
        width = table.arg_nodes.get("embedding_dim")
        linear = f"{{out_features: {node_text(width)}, bias: false}}" if width is not None else ""
        edits = (Edit(table.item.at.span, "Linear"), Edit(table.item.argument_node.span, linear)) if linear else ()
        yield from optional_fix("Linear without bias in place of it, for one-hot rows", *edits)


def blamed(problem: Problem, context: FixContext) -> tuple[Node, Call, str] | None:
    """Where one-hot rows of integers show only behind their Embedding: the input's node, the Embedding, the message.

    None where the problem has another cause: it would stand even if the input lacked its last axis.
    """
    table = None if problem.code == "NS408" else one_hot_table(problem.call, context)
    graph = context.graph
    if table is None or table.inputs[0].node >= 0 or len(graph.calls) > LARGEST:
        return None
    declared = declared_input(context, table.inputs[0].node)
    entering = graph.inputs[declared.name]
    if entering is None or not declared.sizes:
        return None
    if declared.name not in context.wrong_without_last_axis:
        inputs = {**graph.inputs, declared.name: Tensor(entering.shape[:-1], entering.dtype)}
        again = infer(replace(graph, inputs=inputs)).problems
        context.wrong_without_last_axis[declared.name] = frozenset(each.call.id for each in again)
    if {problem.call.id, table.id} & context.wrong_without_last_axis[declared.name]:
        return None
    what = f"{table.record.name} takes the numbers of words, gets one-hot rows {show(entering.shape)}"
    message = f"{what}; behind it {problem.message}"
    return declared.sizes[-1], table, message


RULES = (numbers_for_rows,)

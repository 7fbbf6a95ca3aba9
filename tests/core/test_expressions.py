"""Expressions against Python's own arithmetic, and what they refuse."""

from __future__ import annotations

import ast
import math
import operator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netspec.core.expressions import LARGEST, ExpressionError, evaluate, is_name, names_in

NAMES: dict[str, Any] = {
    "width": 8, "depth": 3, "stride": 1, "ratio": 0.5, "bias": True, "mode": "same", "widths": (16, 32, 64),
    "rows": ((1, 2), (3, 4)), "words": ("a", "b"), "none": (),
}  # fmt: skip
FUNCTIONS = {
    "min": min, "max": max, "round": round, "int": int, "abs": abs, "ceil": math.ceil, "floor": math.floor,
    "len": len, "sum": sum,
}  # fmt: skip
OPERATORS: dict[type[ast.AST], Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.Div: operator.truediv,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def reference(node: ast.AST) -> Any:
    """Python's value of a tree, worked out step by step; OverflowError where a step leaves the bounds."""
    match node:
        case ast.Expression():
            value = reference(node.body)
        case ast.Constant():
            value = node.value
        case ast.Name():
            value = NAMES[node.id]
        case ast.UnaryOp():
            value = OPERATORS[type(node.op)](reference(node.operand))
        case ast.BinOp():
            left, right = reference(node.left), reference(node.right)
            if isinstance(node.op, ast.Pow) and not 0 <= right <= 64:
                raise OverflowError
            if isinstance(node.op, ast.Pow) and isinstance(right, float):
                raise OverflowError
            value = OPERATORS[type(node.op)](left, right)
        case ast.BoolOp():
            values = (bool(reference(each)) for each in node.values)
            value = all(values) if isinstance(node.op, ast.And) else any(values)
        case ast.Compare():
            value = OPERATORS[type(node.ops[0])](reference(node.left), reference(node.comparators[0]))
        case ast.Call():
            value = FUNCTIONS[ast.unparse(node.func)](*map(reference, node.args))  # type: ignore[operator]
        case ast.IfExp():
            value = reference(node.body if reference(node.test) else node.orelse)
        case ast.Subscript():
            value = reference(node.value)[reference(node.slice)]
        case _:
            raise AssertionError(ast.dump(node))
    if isinstance(value, int | float) and abs(value) > LARGEST:
        raise OverflowError
    return value


spaces = st.sampled_from(["", " ", "  "])
leaves = st.one_of(
    st.integers(0, 999).map(str),
    st.sampled_from(["width", "depth", "stride", "ratio", "widths[1]", "widths[-depth]", "rows[1][0]", "len(widths)"]),
)


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    binary = st.sampled_from(["+", "-", "*", "//", "%", "**"])
    return st.one_of(
        st.tuples(inner, spaces, binary, spaces, inner).map("".join),
        inner.map("({})".format),
        inner.map("-{}".format),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
        st.tuples(st.sampled_from(["round", "int", "ceil", "floor", "abs"]), inner).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} > {t[2]} else {t[2]})"),
    )


numbers = st.recursive(leaves, grown, max_leaves=8).filter(lambda text: len(text) <= 200)
comparisons = st.tuples(numbers, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), numbers).map(" ".join)
conditions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
        inner.map("not {}".format),
        inner.map("({})".format),
    ),
    max_leaves=4,
).filter(lambda text: len(text) <= 200)


@settings(max_examples=150, deadline=None)
@given(st.one_of(numbers, conditions))
def test_python_agrees(text: str) -> None:
    try:
        expected = reference(ast.parse(text.strip(), mode="eval"))
    except (OverflowError, ZeroDivisionError):
        with pytest.raises(ExpressionError):
            evaluate(text, NAMES)
    except (RecursionError, MemoryError, SyntaxError):
        return
    else:
        got = evaluate(text, NAMES)
        assert got == expected
        assert type(got) is type(expected)


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.text(max_size=60), st.text("0123456789+-*/%()<>=! ,.abwidthnotr_", max_size=60)))
def test_any_text_has_a_value_or_a_reason(text: str) -> None:
    names_in(text)
    try:
        value = evaluate(text, NAMES)
    except ExpressionError as error:
        refused = error
    else:
        assert value is None or isinstance(value, int | float | bool | str | tuple)
        return
    assert str(refused)
    assert 0 <= refused.offset <= len(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("64*4*4", 1024),
        ("-2**2", -4),
        ("2**3**2", 512),
        ("7//2", 3),
        ("-7//2", -4),
        ("-7%3", 2),
        ("8/2", 4),
        ("7/2", 3.5),
        ("width*2", 16),
        ("ratio/2", 0.25),
        ("1.5*2", 3.0),
        ("stride > 1", False),
        ("not stride > 1", True),
        ("bias and width >= 8", True),
        ("mode == mode", True),
        ('mode == "same"', True),
        ("mode != 'same'", False),
        ("mode == 3", False),
        ("'a b' == \"a b\"", True),
        ("'if'", "if"),
        ("'zeros' if bias else mode", "zeros"),
        ("1 if false else 2 if false else 3", 3),
        ("depth // 0 if false else depth", 3),
        ("round(2.5)", 2),
        ("round(0.75 * width)", 6),
        ("int(-3.7)", -3),
        ("ceil(width / 3)", 3),
        ("floor(-0.5)", -1),
        ("width * 1.5", 12.0),
        ("widths", (16, 32, 64)),
        ("widths[depth-1]", 64),
        ("widths[-1] * 2", 128),
        ("rows[1][0]", 3),
        ("words[1] == 'b'", True),
        ("len(widths)", 3),
        ("max(widths)", 64),
        ("sum(widths) + sum(none)", 112),
        ("int(bias)", 1),
        ("true", True),
        ("max(width, depth, 9)", 9),
        (" 3 ", 3),
    ],
)
def test_values(text: str, value: object) -> None:
    got = evaluate(text, NAMES)
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "4*", "*4", "4 4", "(4", "4)", "4..5", "1_000", "0123", "0x10", "1e3", "x.y", "x[0]",
        "f(1)", "min()", "min", "and", "1 < 2 < 3", "1 = 2", "'a", 'a"', "'a' + 'b'", "mode * 2", "lambda: 1",
        "widths[3]", "widths[-4]", "widths[1.0]", "widths[true]", "widths[", "widths[1", "widths[]", "width[0]",
        "len(width)", "len(widths, widths)", "round(1.5, 1)", "round(mode)", "max(none)", "max(words)", "-widths",
        "widths + widths", "mode < 'z'", "widths < 3", "not mode", "mode and bias", "1 if mode else 2", "1 if 2",
        "1 if", "mode[0]", "if 1 else 2", "1 else 2", "if", "else", "int('3')", "math.ceil(2)", "sqrt(4)",
        "eval('1')", "'a\\'", "[1, 2]", "ceil(1.5**64*1.5**64)", "__import__('os')",
        "4//0", "4%0", "4/0", "2**63", "2**65", "2**-1", "9" * 19, "9" * 41, "9" * 250, "(" * 40 + "1" + ")" * 40,
        "2**2**2**2**2**2", "mode*2", "-mode", "min(mode, 1)", "1;2", "1\n2 3", "~1", "1 & 2", "1 @ 2", "width := 3",
    ],
)  # fmt: skip
def test_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(text, NAMES)


def test_an_unknown_name_is_told_with_its_place() -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate("2 * widht", NAMES)
    assert (caught.value.name, caught.value.offset) == ("widht", 4)


def test_names() -> None:
    assert names_in("width*2 + max(depth, 3) > stride and not bias") == {"width", "depth", "stride", "bias"}
    assert names_in("width*") == set()
    assert is_name("width")
    assert not is_name("width*2")
    assert not is_name("max")
    assert names_in("round(width) if mode == 'depth' else widths[stride]") == {"width", "mode", "widths", "stride"}


def test_a_function_that_is_none_is_told_which_there_are() -> None:
    with pytest.raises(ExpressionError, match=r"no function 'sqrt'; there are abs, ceil, .*, round, sum"):
        evaluate("2 * sqrt(4)", NAMES)

"""Recurrent layers over a sequence, and their cells for one step (torch.nn, "Recurrent Layers")."""

from __future__ import annotations

from netspec.core.shapes import ArgumentError, MergeError, RankError, Shape, ShapeError, count_axes, need_rank, show
from netspec.layers.arguments import Bool, Float, Int, Word
from netspec.layers.modules.attention import need_batch_first
from netspec.layers.record import Arg, Args, Case, Layer, Tensors, case
from netspec.layers.spatial import axis_size

_GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
_STATE = "{}.transpose(0, 1).contiguous()"


def _sizes(a: Args) -> tuple[int, int, int]:
    """Directions, the size of what a step gives, and the number of states."""
    directions = 2 if a.bidirectional else 1
    return directions, getattr(a, "proj_size", 0) or a.hidden_size, a.num_layers * directions


def _counts(name: str, a: Args) -> tuple[int, int]:
    """The multiplications of one step and the numbers of the biases, over all layers and directions."""
    directions, given, stacked = _sizes(a)
    rows = _GATES[name] * a.hidden_size
    projection = given * a.hidden_size if getattr(a, "proj_size", 0) else 0
    first = rows * (a.input_size + given) + projection
    later = rows * (directions * given + given) + projection
    return directions * (first + (a.num_layers - 1) * later), stacked * 2 * rows


def _weights(name: str, a: Args) -> Tensors:
    directions, given, _ = _sizes(a)
    rows, found = _GATES[name] * a.hidden_size, Tensors()
    for layer in range(a.num_layers):
        entering = a.input_size if layer == 0 else given * directions
        for direction in ("", "_reverse")[:directions]:
            end = f"_l{layer}{direction}"
            found |= {f"weight_ih{end}": (rows, entering), f"weight_hh{end}": (rows, given)}
            if a.bias:
                found |= {f"{of}{end}": (rows,) for of in ("bias_ih", "bias_hh")}
            if getattr(a, "proj_size", 0):
                found[f"weight_hr{end}"] = (a.proj_size, a.hidden_size)
    return found


def _need_states(takes: str, name: str, given: tuple[Shape, ...], wanted: tuple[Shape, ...], out: Shape) -> None:
    """Raise unless no states are given, or all and of the wanted shapes."""
    if len(given) not in (0, len(wanted)):
        raise MergeError(f"{takes} alone, or with {len(wanted)} states", guesses=(out,))
    for state, want in zip(given, wanted, strict=bool(given)):
        if len(state) != len(want):
            axes = "1 axis" if len(want) == 1 else "2 axes"
            raise RankError(f"{name} takes states of {axes} for one sample, gets {count_axes(state)}")
        if state != want:
            raise MergeError(f"{name} wants a state of {show(want)}, gets {show(state)}", guesses=(out,))


def _recurrent(name: str, doc: str, first: tuple[Arg, ...], last: tuple[Arg, ...], more: tuple[Case, ...]) -> Layer:
    states = 2 if name == "LSTM" else 1

    def shape(a: Args, x: Shape, *given: Shape) -> list[Shape]:
        need_rank(name, x, "L", "features")
        need_batch_first(a)
        directions, size, count = _sizes(a)
        if getattr(a, "proj_size", 0) >= a.hidden_size:
            raise ArgumentError(f"proj_size has to be less than hidden_size {a.hidden_size}", argument="proj_size")
        wanted: tuple[Shape, ...] = ((count, size), (count, a.hidden_size))[:states]
        outputs: list[Shape] = [(x[0], directions * size), *wanted]
        _need_states(f"{name} takes a sequence", name, given, wanted, outputs[0])
        if x[0] == 0:
            raise ShapeError("there are no steps in a sequence of length 0")
        return outputs

    def parameters(a: Args, x: Shape, *given: Shape) -> int:
        weights, biases = _counts(name, a)
        return weights + (biases if a.bias else 0)

    def call(a: Args, module: str, x: str, *given: str) -> str:
        turned = [_STATE.format(state) for state in given]
        hidden = f"({', '.join(turned)})" if len(turned) > 1 else "".join(turned)
        return f"{module}({x}, {hidden})" if given else f"{module}({x})"

    read = ("{0}[1].transpose(0, 1)",) if states == 1 else ("{0}[1][0].transpose(0, 1)", "{0}[1][1].transpose(0, 1)")
    state = (2, 6)
    return Layer(
        name=name,
        doc=doc,
        args=(
            Arg("input_size", Int(1), infer=axis_size(name, "L", "features", index=1), unit="features"),
            Arg("hidden_size", Int(1)),
            Arg("num_layers", Int(1), 1),
            *first,
            Arg("bias", Bool(), True),
            Arg("batch_first", Bool(), True, always=True),
            Arg("dropout", Float(0, 1), 0.0),
            Arg("bidirectional", Bool(), False),
            *last,
        ),
        shape=shape,
        parameters=parameters,
        weights=lambda a: _weights(name, a),
        macs=lambda a, output, x, *given: x[0] * _counts(name, a)[0],
        inputs=(1, 1 + states),
        names=("input", "hx") if states == 1 else (),
        call=call,
        outputs=("{0}[0]", *read),
        right=(
            case((7, 5), hidden_size=6),
            case((7, 5), hidden_size=6, num_layers=2, bidirectional=True, bias=False),
            case((7, 5), *[state] * states, hidden_size=6, num_layers=2, dropout=0.5),
            *more,
        ),
        wrong=(
            case((7, 5), input_size=4, hidden_size=6),
            case((7, 5), *[(1, 6)] * states, hidden_size=6, num_layers=2),
            case((3, 7, 5), hidden_size=6),
            case((7, 5), hidden_size=6, batch_first=False),
        ),
    )


def _cell(name: str, doc: str, gates: int, *more: Arg) -> Layer:
    states = 2 if name == "LSTMCell" else 1

    def shape(a: Args, x: Shape, *given: Shape) -> list[Shape] | Shape:
        need_rank(name, x, "features")
        wanted = (a.hidden_size,)
        _need_states(f"{name} takes an input", name, given, (wanted,) * states, wanted)
        return [wanted, wanted] if states == 2 else wanted

    def call(a: Args, module: str, x: str, *given: str) -> str:
        return f"{module}({x}, ({', '.join(given)}))" if given else f"{module}({x})"

    def weights(a: Args) -> Tensors:
        rows = gates * a.hidden_size
        found = {"weight_ih": (rows, a.input_size), "weight_hh": (rows, a.hidden_size)}
        return found | ({"bias_ih": (rows,), "bias_hh": (rows,)} if a.bias else {})

    def multiplications(a: Args) -> int:
        return int(gates * a.hidden_size * (a.input_size + a.hidden_size))

    return Layer(
        name=name,
        doc=doc,
        args=(
            Arg("input_size", Int(1), infer=axis_size(name, "features"), unit="features"),
            Arg("hidden_size", Int(1)),
            Arg("bias", Bool(), True),
            *more,
        ),
        shape=shape,
        parameters=lambda a, x, *given: multiplications(a) + (2 * gates * a.hidden_size if a.bias else 0),
        weights=weights,
        macs=lambda a, output, x, *given: multiplications(a),
        inputs=(1, 1 + states),
        names=("input", "hx") if states == 1 else (),
        call=call if states == 2 else None,
        right=(case((5,), hidden_size=6), case((5,), *[(6,)] * states, hidden_size=6, bias=False)),
        wrong=(
            case((5,), hidden_size=6, input_size=4),
            case((5,), *[(5,)] * states, hidden_size=6),
            case((7, 5), hidden_size=6),
        ),
    )


LAYERS = (
    _recurrent(
        "RNN",
        "A plain recurrent network: hₜ = tanh(W·xₜ + U·hₜ₋₁ + b). Outputs: the sequence, the last state.",
        (Arg("nonlinearity", Word(("tanh", "relu")), "tanh"),),
        (),
        (case((7, 5), hidden_size=6, nonlinearity="relu"),),
    ),
    _recurrent("GRU", "Gated recurrent units. Outputs: the sequence, the last state.", (), (), ()),
    _recurrent(
        "LSTM",
        "Long short-term memory. Outputs: the sequence, the last state, the last cell state.",
        (),
        (Arg("proj_size", Int(0), 0),),
        (
            case((7, 5), hidden_size=6, proj_size=4, bidirectional=True),
            case((7, 5), (3, 4), (3, 6), hidden_size=6, num_layers=3, proj_size=4),
        ),
    ),
    _cell("RNNCell", "One step of an RNN.", 1, Arg("nonlinearity", Word(("tanh", "relu")), "tanh")),
    _cell("GRUCell", "One step of a GRU.", 3),
    _cell("LSTMCell", "One step of an LSTM. Outputs: the state, the cell state.", 4),
)

"""One step of a recurrent layer: RNNCell, GRUCell and LSTMCell (torch.nn.LSTMCell, "Inputs" and "Outputs").

A state may be given beside the input; it is zeros where it is not. LSTMCell gives two: `name.0`, the state, and
`name.1`, the cell state.
"""

from __future__ import annotations

from netspec.core.shapes import MergeFact, RankFact, Shape, count_axes, need_rank, show
from netspec.layers.arguments import Arg, Bool, Int, Word
from netspec.layers.record import Args, Layer, case


def _cell(name: str, doc: str, gates: int, *more: Arg) -> Layer:
    states = 2 if name == "LSTMCell" else 1

    def features(x: Shape, *given: Shape) -> int:
        need_rank(name, x, "features")
        return x[0]

    def shape(a: Args, x: Shape, *given: Shape) -> list[Shape] | Shape:
        features(x)
        wanted = (a.hidden_size,)
        if len(given) not in (0, states):
            raise MergeFact(f"{name} takes an input alone, or with {states} states", guesses=(wanted,))
        for state in given:
            if len(state) != 1:
                raise RankFact(f"{name} takes states of 1 axis for one sample, gets {count_axes(state)}")
            if state != wanted:
                raise MergeFact(f"{name} wants a state of {a.hidden_size}, gets {show(state)}", guesses=(wanted,))
        return [wanted, wanted] if states == 2 else wanted

    def call(a: Args, module: str, x: str, *given: str) -> str:
        return f"{module}({x}, ({', '.join(given)}))" if given else f"{module}({x})"

    def multiplications(a: Args) -> int:
        return int(gates * a.hidden_size * (a.input_size + a.hidden_size))

    return Layer(
        name=name,
        doc=doc,
        args=(
            Arg("input_size", Int(1), infer=features, unit="features"),
            Arg("hidden_size", Int(1)),
            Arg("bias", Bool(), True),
            *more,
        ),
        shape=shape,
        parameters=lambda a, x, *given: multiplications(a) + (2 * gates * a.hidden_size if a.bias else 0),
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
    _cell("RNNCell", "One step of an RNN.", 1, Arg("nonlinearity", Word(("tanh", "relu")), "tanh")),
    _cell("GRUCell", "One step of a GRU.", 3),
    _cell("LSTMCell", "One step of an LSTM. Outputs: the state, the cell state.", 4),
)

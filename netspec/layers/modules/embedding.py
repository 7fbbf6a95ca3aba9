"""Lookup tables: integers in, vectors out (torch.nn.Embedding and EmbeddingBag, "Shape")."""

from __future__ import annotations

from typing import Any

from netspec.core.shapes import ArgumentError, BatchAxisError, DtypeError, MergeError, Shape, Tensor, need_rank, show
from netspec.layers.arguments import Bool, Float, Int, Word, optional
from netspec.layers.record import Arg, Args, Layer, OlderBehavior, Tensors, case


def _check_padding(a: Args) -> None:
    if a.padding_idx is not None and not -a.num_embeddings <= a.padding_idx < a.num_embeddings:
        fact = f"padding_idx {a.padding_idx} is outside of {a.num_embeddings} embeddings"
        raise ArgumentError(fact, argument="padding_idx")


def _shape(a: Args, x: Shape) -> Shape:
    _check_padding(a)
    return (*x, a.embedding_dim)


def _bag_shape(a: Args, x: Shape) -> Shape:
    need_rank("EmbeddingBag", x, "L")
    _check_padding(a)
    if a.mode == "max" and (a.scale_grad_by_freq or a.sparse):
        argument = "scale_grad_by_freq" if a.scale_grad_by_freq else "sparse"
        raise ArgumentError(f"mode max does not go with {argument}", argument=argument)
    return (a.embedding_dim,)


def _bag_shape_with_offsets(a: Args, x: Shape) -> Shape:
    """Before torch counted the offsets of such a batch itself."""
    if a.include_last_offset:
        raise BatchAxisError("include_last_offset leaves the batch's last sample out", argument="include_last_offset")
    return _bag_shape(a, x)


def _bag_suits(a: Args, inputs: tuple[Shape, ...], further: dict[str, Tensor]) -> None:
    name, weights = "per_sample_weights", further["per_sample_weights"]
    if a.mode != "sum":
        raise ArgumentError(f"{name} go with mode sum alone, not with {a.mode}", argument="mode")
    if weights.dtype != "float32":
        raise DtypeError(f"{name} are float32 as the vectors are, gets {weights.dtype}", argument=name)
    if weights.shape != inputs[0]:
        fact = f"{name} has to be {show(inputs[0])}, one for each integer, it is {show(weights.shape)}"
        raise MergeError(fact, argument=name)


def _parameters(a: Args, x: Shape) -> int:
    return int(a.num_embeddings * a.embedding_dim)


def _weights(a: Args) -> Tensors:
    return {"weight": (a.num_embeddings, a.embedding_dim)}


_TABLE = (Arg("num_embeddings", Int(1)), Arg("embedding_dim", Int(1)))
_PADDING = Arg("padding_idx", optional(Int()), None)
_NORM = (Arg("max_norm", optional(Float()), None), Arg("norm_type", Float(), 2.0))
_FREQUENCY = Arg("scale_grad_by_freq", Bool(), False)
_SPARSE = Arg("sparse", Bool(), False)
_WEIGHTED: dict[str, Any] = {"num_embeddings": 10, "embedding_dim": 4, "mode": "sum"}

LAYERS = (
    Layer(
        name="Embedding",
        doc="A vector for each integer from 0 to num_embeddings - 1.",
        args=(*_TABLE, _PADDING, *_NORM, _FREQUENCY, _SPARSE),
        shape=_shape,
        parameters=_parameters,
        weights=_weights,
        takes="int",
        gives="float32",
        right=(
            case((7,), dtype="int64", num_embeddings=10, embedding_dim=4),
            case((3, 5), dtype="int64", num_embeddings=10, embedding_dim=4, padding_idx=-1, max_norm=1.0),
        ),
        wrong=(
            case((7,), dtype="int64", num_embeddings=10, embedding_dim=4, padding_idx=10),
            case((7,), dtype="float32", num_embeddings=10, embedding_dim=4),
        ),
    ),
    Layer(
        name="EmbeddingBag",
        doc="The mean, sum or maximum of the vectors of a list of integers; of a sum each may have a weight.",
        args=(
            *(*_TABLE, *_NORM, _FREQUENCY),
            Arg("mode", Word(("sum", "mean", "max")), "mean"),
            *(_SPARSE, Arg("include_last_offset", Bool(), False), _PADDING),
        ),
        shape=_bag_shape,
        earlier=(
            OlderBehavior("2.10", _bag_shape_with_offsets, lambda given: given.get("include_last_offset") is True),
        ),
        parameters=_parameters,
        weights=_weights,
        names=("input",),
        further=("per_sample_weights",),
        suits=_bag_suits,
        takes="int",
        gives="float32",
        right=(
            case((7,), dtype="int64", num_embeddings=10, embedding_dim=4),
            case((7,), dtype="int64", num_embeddings=10, embedding_dim=4, mode="max", padding_idx=-1, max_norm=1.0),
            case((7,), dtype="int64", **_WEIGHTED, further={"per_sample_weights": Tensor((7,))}),
        ),
        wrong=(
            case((7,), dtype="int64", num_embeddings=10, embedding_dim=4, padding_idx=10),
            case((3, 7), dtype="int64", num_embeddings=10, embedding_dim=4),
            case((7,), dtype="int64", num_embeddings=10, embedding_dim=4, mode="max", scale_grad_by_freq=True),
            case((7,), dtype="int64", **_WEIGHTED, further={"per_sample_weights": Tensor((6,))}),
            case((7,), dtype="int64", **_WEIGHTED, further={"per_sample_weights": Tensor((7,), "float64")}),
            case((7,), dtype="int64", **{**_WEIGHTED, "mode": "mean"}, further={"per_sample_weights": Tensor((7,))}),
        ),
    ),
)

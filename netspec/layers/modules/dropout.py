"""Dropout of elements and of whole channels. Shapes are kept (torch.nn, "Dropout Layers").

Dropout1d, 2d and 3d drop channels, so a sample needs its channel axis first: with one axis less torch reads the batch
as the channels, or warns of an error to come.
"""

from __future__ import annotations

from netspec.core.shapes import RankError, Shape, count_axes, need_axes
from netspec.layers.arguments import Bool, Float
from netspec.layers.record import Arg, Args, Layer, ShapeRule, case, same_shape
from netspec.layers.spatial import on_picture


def _feature_alpha_shape(a: Args, x: Shape) -> Shape:
    need_axes("FeatureAlphaDropout", x, 1)
    return x


def _dropout2d_shape(a: Args, x: Shape) -> Shape:
    if len(x) not in (2, 3):  # torch documents C×L too: channels are dropped there as by Dropout1d
        raise RankError(f"Dropout2d takes C×H×W or C×L for one sample, gets {count_axes(x)}")
    return x


def _dropout(name: str, doc: str, shape: ShapeRule = same_shape, *, right: Shape, wrong: Shape | None = None) -> Layer:
    return Layer(
        name=name,
        doc=doc,
        args=(Arg("p", Float(0, 1), 0.5), Arg("inplace", Bool(), False)),
        shape=shape,
        right=(case(right), case(right, p=0.0)),
        wrong=() if wrong is None else (case(wrong),),
    )


LAYERS = (
    _dropout("Dropout", "Zeroes numbers at random while training.", right=(4, 5)),
    _dropout(
        "Dropout1d",
        "Zeroes whole channels of C×L at random while training.",
        on_picture("Dropout1d", 1),
        right=(4, 5),
        wrong=(4, 5, 6),
    ),
    _dropout(
        "Dropout2d",
        "Zeroes whole channels of C×H×W at random while training.",
        _dropout2d_shape,
        right=(4, 5, 6),
        wrong=(4, 5, 6, 7),
    ),
    _dropout(
        "Dropout3d",
        "Zeroes whole channels of C×D×H×W at random while training.",
        on_picture("Dropout3d", 3),
        right=(4, 5, 6, 7),
        wrong=(4, 5, 6),
    ),
    _dropout("AlphaDropout", "Dropout that keeps mean and variance, for SELU.", right=(4, 5)),
    _dropout("FeatureAlphaDropout", "AlphaDropout of whole channels.", _feature_alpha_shape, right=(4, 5), wrong=()),
)

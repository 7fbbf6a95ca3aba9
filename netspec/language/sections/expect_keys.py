"""The keys of `expect`: what a network is promised to be, with the JSON Schema made from them."""

from __future__ import annotations

from netspec.language.sections.keys import (
    AMOUNT,
    POSITIVE,
    Key,
    Schema,
    object_schema,
)

_SHAPE: Schema = {"type": "array", "items": POSITIVE}
EXPECT_KEYS = (
    Key(
        "output",
        {"anyOf": [_SHAPE, {"type": "object", "minProperties": 1, "additionalProperties": _SHAPE}]},
        "a list of positive integers, or one for each output by name",
        "The output's sample shape.",
        [10],
    ),
    Key("max_params", AMOUNT, "a number, or one with k, M, G or T", "No more parameters than this.", "7M"),
    Key("max_macs", AMOUNT, "a number, or one with k, M, G or T", "No more multiply-accumulates than this.", "2G"),
    Key("max_layers", POSITIVE, "a positive integer", "No more layers and functions than this.", 100),
    Key(
        "max_activation_memory",
        AMOUNT,
        "a number of bytes, as 40MB or 1GiB",
        "No more bytes than this for what all layers give for one sample, 4 bytes a number.",
        "40MB",
    ),
    Key(
        "min_receptive_field",
        POSITIVE,
        "a positive integer",
        "The windows on the way to an output see at least so many rows and columns of the input.",
        32,
    ),
)
EXPECT_SCHEMA: Schema = object_schema(EXPECT_KEYS)

"""The arguments of datasets that are tables, arrays or rows, that scikit-learn brings, that are drawn, or one's own."""

from __future__ import annotations

from netspec.language.sections.keys import OWN_NAME, ROWS, TEXT, Key, by_name
from netspec.language.sections.table_keys import SERIES_KEYS, TABLE_KEYS

FILE_KEYS = (
    Key(
        "path",
        TEXT,
        "a path",
        "The file: .csv, .tsv, .jsonl, each also with .gz, .bz2, .xz or .zip; .parquet, .feather, .arrow or .xlsx.",
        "data/rides.parquet",
        required=True,
    ),
    *TABLE_KEYS,
)
CSV_KEYS = (
    Key("path", TEXT, "a path", "The file, also .gz, .bz2, .xz or .zip.", "data/diabetes.csv.gz", required=True),
    *TABLE_KEYS,
)
TIME_SERIES = "TimeSeries"
TIME_SERIES_KEYS = (FILE_KEYS[0], *SERIES_KEYS)
OWN_DATASET_KEYS = (
    Key(
        "make",
        {"type": "string", "pattern": OWN_NAME},
        "a function or class, as my_module:make",
        "What gives the samples: arrays (x, y), a Dataset of torch's, or {train: …, val: …} of these.",
        "my_data:make",
        required=True,
    ),
    Key("arguments", {"type": "object"}, "a mapping", "Its arguments, by name.", {"size": 64}),
)
INLINE_KEYS = (
    Key(
        "x",
        by_name(ROWS),
        "a list with one entry a sample; of several inputs one each: {input: list}",
        "The samples, or those of each input by its name.",
        [[1.0], [2.0]],
        required=True,
    ),
    Key(
        "y",
        by_name(ROWS),
        "a list with one entry a sample; of several outputs one each: {output: list}",
        "The targets, or those of each output by its name.",
        [[0], [1]],
        required=True,
    ),
)
ARRAYS_KEYS = (
    Key(
        "path",
        TEXT,
        "a path",
        "A .npz, .safetensors or .pt file, or a folder of .npy files; all but .npz may exceed the memory.",
        "data/digits.npz",
        required=True,
    ),
    Key(
        "x",
        by_name(TEXT),
        "the name of an array; of several inputs one each: {input: array}",
        "The samples [N, ...], or those of each input by its name.",
        "images",
        "x",
    ),
    Key(
        "y",
        by_name(TEXT),
        "the name of an array; of several outputs one each: {output: array}",
        "The targets [N] or [N, ...], or those of each output by its name; words are class names.",
        "labels",
        "y",
    ),
)
SHAPE_NAMES = ("disc", "square", "triangle")
SHAPES_KEYS = (
    Key(
        "target",
        {"enum": ["masks", "labels"]},
        "masks or labels",
        "`masks`: the class of each pixel, 0 to 3; `labels`: whether there is a disc, a square, a triangle.",
        "masks",
        required=True,
    ),
    Key("count", {"type": "integer", "minimum": 2, "maximum": 100_000}, "2 to 100,000", "Training pictures.", 800, 500),
    Key("size", {"type": "integer", "minimum": 8, "maximum": 512}, "8 to 512", "The sides, in pixels.", 64, 32),
    Key("seed", {"type": "integer", "minimum": 0, "maximum": 2**31}, "an integer ≥ 0", "Of the pictures.", 1, 0),
)
SKLEARN_TABLES = ("digits", "iris", "wine", "breast_cancer", "diabetes", "linnerud")
SKLEARN_KEYS = (
    Key(
        "name",
        {"enum": list(SKLEARN_TABLES)},
        f"one of {', '.join(SKLEARN_TABLES)}",
        "A table that scikit-learn brings.",
        "digits",
        required=True,
    ),
)

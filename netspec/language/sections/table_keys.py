"""The keys of datasets that are tables: which columns, what kinds they are of, and how their cells become numbers."""

from __future__ import annotations

from dataclasses import replace

from netspec.language.sections.keys import COLUMN, COLUMNS, POSITIVE, TEXT, Key, Schema, by_name

NUMBER, CATEGORY, BINARY, DATE = KINDS = ("number", "category", "binary", "date")
ONEHOT, INDEX = ENCODINGS = ("onehot", "index")
MEAN, MEDIAN, MODE, DROP = RULES = ("mean", "median", "mode", "drop")
ZSCORE, MINMAX = SCALINGS = ("zscore", "minmax")
FFILL = "ffill"  # the last value before an empty cell of a time series
GAPS_ERROR, GAPS_SPLIT, GAPS_IGNORE = GAPS = ("error", "split", "ignore")

_CELL: Schema = {"anyOf": [{"type": "number"}, TEXT]}
_KIND: Schema = {"anyOf": [{"enum": list(KINDS)}, {"type": "array", "items": _CELL, "minItems": 1}]}

TABLE_KEYS = (
    Key(
        "target",
        by_name({"anyOf": [*COLUMN["anyOf"], COLUMNS]}),
        "a column's name or index, or a list of them; of several outputs one or a list each: {output: column}",
        "The column to predict, negative from the end, or a list of them; or those of each output, by its name.",
        -1,
        -1,
    ),
    Key("header", {"type": "boolean"}, "true or false", "Whether line 1 holds names; found out where left out.", True),
    Key(
        "columns",
        by_name(COLUMNS),
        "a list of column names or indexes; of several inputs one each: {input: columns}",
        "The features, in this order, or those of each input by its name; all but the target where left out.",
        ["Glucose", "BMI"],
    ),
    Key(
        "separator",
        {"type": "string", "minLength": 1, "maxLength": 1},
        "one character",
        "What stands between values; in a .tsv file a tab where left out.",
        ";",
        ",",
    ),
    Key(
        "kinds",
        {"type": "object", "minProperties": 1, "additionalProperties": _KIND},
        "a mapping from columns to number, category, binary, date or a list of values: {Sex: binary, when: date}",
        "What columns hold, where the cells do not tell: words are a category, two words binary (0 and 1 in the order "
        "of the alphabet), 2024-05-17 a date. A list of values is a category of these alone.",
        {"Pclass": "category", "Embarked": ["C", "Q", "S"]},
    ),
    Key(
        "encode",
        by_name({"enum": list(ENCODINGS)}),
        "onehot or index, or one for each column: {Embarked: index}",
        "How a category becomes numbers: one for each value, or the value's index, from 1 on, for an Embedding; 0 "
        "(of onehot all zeros) is a value that training has not seen. Left out: index where the input is int64, else "
        "onehot.",
        "index",
    ),
    Key(
        "missing",
        by_name(_CELL),
        "mean, median, mode, drop or a value, or one for each column: {Age: median, Cabin: none}",
        "What stands for a cell without a value, worked out from the training part alone; drop leaves the row out. "
        "Of words mean and median are the most frequent one. Left out: such a cell is an error.",
        "median",
    ),
    Key(
        "normalize",
        {"enum": list(SCALINGS)},
        "zscore or minmax",
        "Brings numbers and dates to mean 0 and standard deviation 1, or to 0 … 1, in the training part.",
        "zscore",
    ),
)

TIME_KEYS = (  # of a table whose rows follow each other in time, beside those of other tables
    Key("window", POSITIVE, "an integer ≥ 1", "The rows that the network sees.", 28, required=True),
    Key("horizon", POSITIVE, "an integer ≥ 1", "The rows behind them whose targets it predicts.", 7, 1),
    Key("stride", POSITIVE, "an integer ≥ 1", "The rows from one window to the next.", 7, 1),
    Key(
        "time",
        COLUMN,
        "a column's name or index",
        "The column of the times, dates or numbers, which have to ascend by equal steps.",
        "day",
    ),
    Key(
        "series",
        COLUMN,
        "a column's name or index",
        "The column that tells several series of one table apart; no window goes from one to the next.",
        "shop",
    ),
    Key(
        "gaps",
        {"enum": list(GAPS)},
        "error, split or ignore",
        "What a hole in time is: an error; split: no window goes across it; ignore: rows count, not times.",
        "split",
        "error",
    ),
    Key(
        "season",
        POSITIVE,
        "an integer ≥ 1",
        "The rows of a season, 7 for days in weeks: errors are compared with the forecast that repeats the last one, "
        "too.",
        7,
    ),
)
_MISSING = (
    "mean, median, mode, ffill or a value, or one for each column: {visitors: ffill}",
    "What stands for a cell without a value: ffill the last one before it, or as of CSV, from the training part alone. "
    "Windows whose targets have no value are left out. Left out: such a cell is an error.",
)
SERIES_KEYS = (
    *TIME_KEYS,
    *(replace(key, wants=_MISSING[0], doc=_MISSING[1]) if key.name == "missing" else key for key in TABLE_KEYS),
)

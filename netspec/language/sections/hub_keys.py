"""The keys of datasets that other libraries store: Hugging Face's, and shards of WebDataset."""

from __future__ import annotations

from netspec.language.sections.keys import COLUMN, COLUMNS, TEXT, Key, by_name
from netspec.language.sections.table_keys import TABLE_KEYS

_OF_TABLE = {key.name: key for key in TABLE_KEYS}
_ONE_OR_MORE = {"anyOf": [*COLUMN["anyOf"], COLUMNS]}

HUB_KEYS = (
    Key(
        "path",
        TEXT,
        "a path, or a name",
        "A folder that save_to_disk has written, a file or folder of .parquet, .arrow, .jsonl or .csv; else the name "
        "of a dataset on the hub, which is downloaded once.",
        "imdb_disk",
        required=True,
    ),
    Key("config", TEXT, "a name", "Which configuration of a dataset on the hub.", "plain_text"),
    Key("split", TEXT, "a name", "Which of its splits to train on.", "train", "train"),
    Key(
        "streaming",
        {"type": "boolean"},
        "true or false",
        "Pictures are read one after the other while the network trains, and nothing is copied or downloaded first; in "
        "random order within `buffer`; other columns are read once, into memory.",
        True,
        False,
    ),
    Key(
        "buffer",
        {"type": "integer", "minimum": 1, "maximum": 10_000_000},
        "an integer from 1",
        "With `streaming`: how many pictures are held, of which the next one is drawn.",
        10_000,
        1_000,
    ),
    Key(
        "columns",
        by_name(_ONE_OR_MORE),
        "a column or a list of them; of several inputs one each: {input: columns}",
        "The features, or those of each input by its name; all but the target where left out.",
        "image",
    ),
    Key(
        "target",
        by_name(_ONE_OR_MORE),
        "a column or a list of them; of several outputs one each: {output: column}",
        "The column to predict; `label`, or the last, where left out.",
        "label",
    ),
    *(_OF_TABLE[name] for name in ("kinds", "encode", "missing", "normalize")),
)
SHARD_KEYS = (
    Key(
        "path",
        TEXT,
        "a path",
        "A .tar file, a folder of them, or a pattern, train-*.tar or train-{000..019}.tar. Files of one name, but for "
        "what is behind its first dot, are one sample.",
        "shards/train-{000..019}.tar",
        required=True,
    ),
    Key(
        "input",
        by_name(TEXT),
        "an ending; of several inputs one each: {input: ending}",
        "The ending of the files that enter the network: a picture's, as jpg, or npy.",
        "jpg",
        "jpg",
    ),
    Key(
        "target",
        by_name(TEXT),
        "an ending; of several outputs one each: {output: ending}",
        "The ending of the files with the target: cls (a class number), txt (a word), npy, or json; json.area is the "
        "entry `area` of its object.",
        "cls",
        "cls",
    ),
    Key(
        "classes",
        {"type": "array", "items": {"type": ["string", "number"]}, "minItems": 1},
        "a list of words",
        "The names of class numbers, or the words that are classes, in their order.",
        ["cat", "dog"],
    ),
)

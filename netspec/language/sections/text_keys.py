"""The keys of datasets that are text: what is read, how it becomes tokens, and how long a sample is."""

from __future__ import annotations

from netspec.language.sections.keys import COLUMN, TEXT, Key, Schema
from netspec.language.sections.table_keys import TABLE_KEYS

BYTES, CHARACTERS, WORDS, BPE = TOKENIZERS = ("bytes", "characters", "words", "bpe")
PYTHON = "python:"  # before the name of texts that Python itself brings
TOPICS, FUNCTIONS = PYTHON_TEXTS = ("topics", "functions")
# Packages of Python's library with many functions, which every installation has.
PACKAGES = ("asyncio", "ctypes", "email", "importlib", "logging", "multiprocessing", "unittest", "urllib", "xml")
BYTE_VALUES = 256  # and one more id for padding
LEAST_BPE = 257  # a token for each byte, and padding
MOST_TOKENS = 2**20  # of a vocabulary
MOST_LENGTH = 2**20  # tokens of a sample

_SIZE: Schema = {"type": "integer", "minimum": 1, "maximum": MOST_LENGTH}
_COUNT: Schema = {"type": "integer", "minimum": 1, "maximum": 2**31}


def _learned(least: int) -> Schema:
    properties = {"vocab_size": {"type": "integer", "minimum": least, "maximum": MOST_TOKENS}, "min_frequency": _COUNT}
    return {"type": "object", "properties": properties, "additionalProperties": False}


TOKENIZER: Schema = {
    "anyOf": [
        {"enum": list(TOKENIZERS)},
        {"type": "string", "pattern": r"\.json$"},
        {
            "type": "object",
            "properties": {WORDS: _learned(3), BPE: _learned(LEAST_BPE)},
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
        },
    ]
}
LENGTHS: Schema = {
    "anyOf": [
        _SIZE,
        {
            "type": "object",
            "properties": {"min": _SIZE, "max": _SIZE, "multiple_of": _SIZE},
            "required": ["max"],
            "additionalProperties": False,
        },
    ]
}
_PATH = (
    "A text file (.txt, one document a line), a table with a column of text (as of `Table`), or a folder with a "
    "folder of .txt files, or one .txt file, for each class; `python:functions`: functions of Python's own "
    "library, by the package that they are in."
)
_TOKENIZER = Key(
    "tokenizer",
    TOKENIZER,
    "bytes, characters, words, bpe, {bpe: {vocab_size: 8000, min_frequency: 2}} or a tokenizer.json",
    "What a token is: a byte (256 of them), a character, a word, or a part of a word that byte pair encoding has "
    "learned; the vocabulary is that of the training part alone. A file is one of the library tokenizers, and stays "
    "as it is.",
    {"bpe": {"vocab_size": 8000}},
    "words",
)
_LENGTH = Key(
    "length",
    LENGTHS,
    "a number of tokens, or {min: 4, max: 256, multiple_of: 8}",
    "The tokens of a sample: shorter ones are padded, longer ones cut off. With `max` each batch is as long as the "
    "longest sample in it, and samples of like length come together. Left out: what the network's input says.",
    256,
)
_MASK = Key(
    "mask",
    TEXT,
    "the name of an input of the network",
    "The input that gets the mask: true where a sample is padded, as key_padding_mask wants it.",
    "padding",
)
_HEADER, _SEPARATOR = (next(key for key in TABLE_KEYS if key.name == name) for name in ("header", "separator"))

TEXT_KEYS = (
    Key("path", TEXT, "a path", _PATH, "reviews.csv", required=True),
    Key("text", COLUMN, "a column's name or index", "The column of a table with the texts.", "review", "text"),
    Key("target", COLUMN, "a column's name or index", "The column of a table to predict.", "stars", -1),
    _TOKENIZER,
    _LENGTH,
    Key("truncate", {"enum": ["end", "start"]}, "end or start", "Where a text that is too long is cut off.", "start",
        "end"),
    _MASK,
    _HEADER,
    _SEPARATOR,
)  # fmt: skip
WINDOW_KEYS = (
    Key(
        "path",
        TEXT,
        "a path",
        "A text file, a folder of them (.txt, one after the other), or `python:topics`: the pages of Python's help().",
        "book.txt",
        required=True,
    ),
    _TOKENIZER,
    Key("length", _SIZE, "a number of tokens", "The tokens of a window. Left out: what the network's input says.", 128),
    Key(
        "stride",
        _SIZE,
        "a number of tokens",
        "How far the next window is; as far as it is long where left out, so that none overlap.",
        64,
    ),
)
TAGGED_KEYS = (
    Key(
        "path",
        TEXT,
        "a path",
        "A file of a word and its label a line, between which are blanks or a tab, and an empty line behind each "
        "sentence, as CoNLL-2003 and Universal Dependencies have it.",
        "train.conll",
        required=True,
    ),
    Key("word", {"type": "integer"}, "an index", "The column of the words; negative from the end.", 1, 0),
    Key("label", {"type": "integer"}, "an index", "The column of the labels; negative from the end.", 3, -1),
    Key(
        "tokenizer",
        _TOKENIZER.schema,
        "words, characters, bytes, {words: {vocab_size: 8000, min_frequency: 2}}, bpe or a tokenizer.json",
        "As of `Text`. Where a word is several tokens, the first has its label, and the loss ignores the others.",
        {"words": {"min_frequency": 2}},
        "words",
    ),
    _LENGTH,
    _MASK,
)

"""Tokenizers: netspec's own ids are those of the library tokenizers on the same file; what is hostile is refused."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import ByteLevelBPETokenizer
from tokenizers import Tokenizer as Library

from netspec.data.text import piece_tokenizers
from netspec.data.text.byte_level import ascii_cuts
from netspec.data.text.learning import Wanted, learn
from netspec.data.text.piece_tokenizers import FileTokenizer
from netspec.data.text.stored_tokenizers import from_json
from netspec.data.text.tokenizer import BPE_CUTS, WORD_CUTS, Tokenizer, TokenizerError

TEXTS = [
    "The cat sat on the mat.\n",
    "def f(x_1):\n    return x_1 + 42  # naïve: 漢字\n",
    "  leading, and\ttabs\n\n\nend ",
    "the the cat",
]
KINDS = ("bytes", "characters", "words", "bpe")
PIECES = st.sampled_from(["the", " ", "  ", "\n", "\t", "cat", "_", "'", "42", "漢", "é", "😀", "zzz", "(", "\\", "x"])


@cache
def made(kind: str) -> tuple[Tokenizer, Library]:
    """A tokenizer of TEXTS, and the library's that reads its file."""
    found = learn(Wanted(kind, 280 if kind == "bpe" else None, 1), [TEXTS])
    return found, Library.from_str(found.to_json())


@pytest.mark.parametrize("kind", KINDS)
@given(pieces=st.lists(PIECES, max_size=12))
def test_ids_are_the_librarys(kind: str, pieces: list[str]) -> None:
    own, library = made(kind)
    text = "".join(pieces)
    ids, lengths = own.encode([text, "the cat"])
    expected = [library.encode(each, add_special_tokens=False).ids for each in (text, "the cat")]
    assert ids.tolist() == expected[0] + expected[1]
    assert lengths.tolist() == [*map(len, expected)]
    assert own.size == library.get_vocab_size()


@pytest.mark.parametrize("kind", ["bytes", "characters", "bpe"])
def test_texts_come_back(kind: str) -> None:
    own, _ = made(kind)
    for text in TEXTS:
        assert own.decode(own.encode([text])[0].tolist()) == text
    assert own.decode([own.pad]) == ""


def test_words_come_back_without_their_blanks_and_unknown_ones_as_such() -> None:
    own, _ = made("words")
    assert own.decode(own.encode(["the dog  sat."])[0].tolist()) == "the <unk> sat ."


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_run_keeps_is_the_same_tokenizer(kind: str) -> None:
    own, _ = made(kind)
    again = from_json(kind, own.to_json())
    assert (again.size, again.pad, again.unknown) == (own.size, own.pad, own.unknown)
    text = ["the cat, 漢 zzz\n"]
    assert again.encode(text)[0].tolist() == own.encode(text)[0].tolist()


def test_the_vocabulary_of_words_is_the_most_frequent_ones() -> None:
    words = Counter(["a", "b", "b", "c", "c", "c", "d", "d"])
    found = learn(Wanted("words", 5, 2), [["a b b c"], ["c c d d"]])
    expected = sorted((word for word in words if words[word] >= 2), key=lambda word: (-words[word], word))
    assert [found.decode([id]) for id in range(2, found.size)] == expected[:3]


def test_byte_pairs_are_what_the_library_learns_of_the_same_texts() -> None:
    _, library = made("bpe")
    vocabulary = json.loads(library.to_str())["model"]["vocab"]
    assert vocabulary["<pad>"] == 0
    assert len(vocabulary) == 280
    assert "Ġthe" in vocabulary  # the most frequent word, with its blank


def word_level(**more: object) -> str:
    """A tokenizer.json of three words."""
    vocabulary = {"[PAD]": 0, "[UNK]": 1, "a": 2, "b": 3}
    content = json.loads(made("words")[0].to_json())
    return json.dumps(
        {
            **content,
            "added_tokens": [],
            "pre_tokenizer": {"type": "WhitespaceSplit"},
            "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"},
            **more,
        }
    )


def test_a_file_is_taken_as_it_is_but_for_its_own_padding() -> None:
    padding = {"strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 3,
               "pad_type_id": 0, "pad_token": "b"}  # fmt: skip
    own = FileTokenizer(word_level(padding=padding))
    assert own.encode(["a b z"])[0].tolist() == [2, 3, 1]
    assert (own.pad, own.unknown, own.size) == (3, 1, 4)
    assert FileTokenizer(word_level()).pad == 0  # that of [PAD]


def test_a_file_without_padding_gets_an_id_for_it() -> None:
    content = word_level(model={"type": "WordLevel", "vocab": {"a": 0, "b": 1}, "unk_token": "a"})
    own = FileTokenizer(content)
    assert (own.pad, own.size, own.appended) == (2, 3, True)


@cache
def learned() -> str:
    """A tokenizer.json as it is usually made: byte pairs with GPT-2's cuts."""
    found = ByteLevelBPETokenizer()
    texts = [*TEXTS, "it's we'll 12 the-cat"] * 2
    found.train_from_iterator(texts, 300, special_tokens=["<pad>"], show_progress=False)
    return str(found.to_str())


def byte_level(**other: object) -> str:
    """That file, with other parts in place of its own."""
    return json.dumps({**json.loads(learned()), **other})


ASCII = st.text(st.characters(max_codepoint=127), max_size=40)


@given(texts=st.lists(st.one_of(ASCII, st.lists(PIECES | st.just("'ll") | st.just("<pad>")).map("".join)), max_size=4))
def test_pieces_looked_up_give_the_librarys_ids(texts: list[str]) -> None:
    own = FileTokenizer(learned())
    assert ascii_cuts(own.content) is not None
    with patch.object(piece_tokenizers, "FEW_CORES", 10_000):
        ids, lengths = own.encode(texts)
    expected = [each.ids for each in Library.from_str(own.content).encode_batch(texts)]
    assert (ids.tolist(), lengths.tolist()) == ([id for each in expected for id in each], [*map(len, expected)])


def test_only_cuts_that_are_known_are_made_by_netspec() -> None:
    level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    assert ascii_cuts(byte_level(pre_tokenizer=level)) is None
    assert ascii_cuts(byte_level(pre_tokenizer={**level, "add_prefix_space": False, "use_regex": False})) is None
    assert ascii_cuts(byte_level(normalizer={"type": "Lowercase"})) is None
    assert ascii_cuts(word_level()) is None
    known = ascii_cuts(byte_level())
    assert known is not None
    assert [known.fit(text) for text in ("the cat", "the<pad>", "naïve")] == [True, False, False]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        "null",
        "[" * 10_000,
        word_level(model={"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "b"}),  # which is not there
        word_level(model={"type": "BPE", "vocab": {"a": 0}, "merges": ["x y"]}),
        word_level(
            pre_tokenizer={"type": "Split", "pattern": {"Regex": "(("}, "behavior": "Isolated", "invert": False}
        ),
        word_level(padding={"pad_id": 4_000_000_000}),
        word_level(model={"type": "WordLevel", "vocab": {"a": 4_294_967_295}, "unk_token": "a"}),
    ],
    ids=range(10),
)
def test_a_file_that_is_none_is_refused_in_a_line(content: str) -> None:
    with pytest.raises(TokenizerError) as caught:
        from_json("file", content)
    assert "\n" not in str(caught.value)


CL100K = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)  # of Llama 3's tokenizer.json
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
TAKEN = [
    GPT2,
    CL100K,
    WORD_CUTS,
    BPE_CUTS,
    "(?m:.)",
    " {2,}",
    r"\s+",
    "[0-9][0-9][0-9]",
    r"\d{1,3}",
    r"\.|,",
]
REFUSED = [
    *(
        "(a+)+b",
        "(a|a)*b",
        "a*a*a*b",
        "a+b",
        "a*?b",
        r"\s+$",
        "(?=a*)b",
        r"(a)\1",
        "a{1,99}{1,99}",
        "a+(?!b)",
        "[[a]+]+b",
    ),
    *(CL100K + "|a+b", "(?i:a+|b+c)", r"\p{L}*\p{L}*x", "(?:a+)+", r"\k<1>+"),
]


def cut_by(pattern: str) -> dict[str, object]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


@pytest.mark.parametrize("pattern", TAKEN)
def test_patterns_that_go_through_a_text_once_are_taken(pattern: str) -> None:
    taken = from_json("file", word_level(pre_tokenizer={"type": "Sequence", "pretokenizers": [cut_by(pattern)]}))
    for long in ("a" * 100_000, " " * 100_000 + "b", "\n" * 100_000, "1." * 50_000):
        taken.encode([long])  # all of it takes a second


@pytest.mark.parametrize("pattern", REFUSED)
def test_patterns_that_may_never_end_are_refused(pattern: str) -> None:
    replaced = {"type": "Replace", "pattern": {"Regex": pattern}, "content": ""}
    for changed in (
        {"pre_tokenizer": cut_by(pattern)},
        {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Whitespace"}, cut_by(pattern)]}},
        {"normalizer": replaced},
        {"decoder": {"type": "Sequence", "decoders": [replaced]}},
    ):
        with pytest.raises(TokenizerError, match="may take unbounded time by the regular expression"):
            from_json("file", word_level(**changed))


def test_what_makes_texts_longer_without_a_bound_is_refused() -> None:
    twice = {"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}
    with pytest.raises(TokenizerError, match="may make more than 256 characters of one"):
        from_json("file", word_level(normalizer={"type": "Sequence", "normalizers": [twice] * 40}))
    assert from_json("file", word_level(normalizer={"type": "Sequence", "normalizers": [twice] * 8}))
    model = {"type": "WordPiece", "vocab": {"a": 0, "[UNK]": 1}, "unk_token": "[UNK]",
             "continuing_subword_prefix": "##", "max_input_chars_per_word": 10**9}  # fmt: skip
    with pytest.raises(TokenizerError, match="up to 1,000,000,000 characters"):
        from_json("file", word_level(model=model))
    assert from_json("file", word_level(model={**model, "max_input_chars_per_word": 100}))


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("characters", "{}"),
        ("characters", '{"model": {"vocab": {"<pad>": 0, "<unk>": 1, "ab": 2}}}'),
        ("characters", '{"model": {"vocab": {"<pad>": 0, "<unk>": 1, "a": 7}}}'),
        ("words", '{"model": {"vocab": {"<pad>": 0, "<unk>": 1, "a": -1}}}'),
        ("words", '{"model": {"vocab": []}}'),
        ("words", "[" * 10_000),
        ("words", '{"model": {"vocab": {"a": "x"}}}'),
    ],
)
def test_a_runs_file_that_was_changed_is_refused(kind: str, content: str) -> None:
    with pytest.raises(TokenizerError):
        from_json(kind, content)


def test_the_same_texts_give_the_same_tokenizer_however_they_are_cut() -> None:
    for kind in KINDS:
        wanted = Wanted(kind, 290 if kind == "bpe" else None)
        assert learn(wanted, [TEXTS]).to_json() == learn(wanted, [[each] for each in TEXTS]).to_json()


def test_ids_are_whole_numbers_of_32_bits() -> None:
    assert all(made(kind)[0].encode(["a"])[0].dtype == np.int32 for kind in KINDS)

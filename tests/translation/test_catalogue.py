"""The catalogues are in step with the sources, and no message is untranslated."""

from __future__ import annotations

import gettext
import re
from importlib.util import find_spec

import pytest

from netspec.translation.catalogue import CONTEXT, catalogue, path_of, read_mo
from netspec.translation.languages import ENGLISH, LANGUAGES, TAGS
from netspec.translation.templates import Hole, pieces_of
from netspec.translation.wording import OF_NUMBERS
from tests.translation.extract import Key, keys_of, messages

OTHERS = [lang for lang in LANGUAGES if lang != ENGLISH]
HOW = "run `make messages`, and write the msgstr of each into netspec/locale/{lang}/LC_MESSAGES/netspec.po"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
needs_babel = pytest.mark.skipif(find_spec("babel") is None, reason="babel is for developers")


@pytest.fixture(scope="module")
def keys() -> dict[Key, list[str]]:
    return messages()


def in_file(key: Key) -> str:
    """A key as the catalogue has it."""
    context, text = key
    return text if context is None else f"{context}{CONTEXT}{text}"


def untranslated(keys: dict[Key, list[str]], lang: str) -> list[str]:
    """The keys of the sources that have no translation, with their files."""
    known = catalogue(lang)
    return [f"{paths[0]}: {key[1]}" for key, paths in keys.items() if not known.get(in_file(key))]


@pytest.mark.parametrize("lang", OTHERS)
def test_no_message_is_untranslated(lang: str, keys: dict[Key, list[str]]) -> None:
    left = untranslated(keys, lang)
    assert left == [], "\n".join([HOW.format(lang=lang), *left])


def test_a_new_message_would_show() -> None:
    source = (
        "def rule(call):\n    yield f\"{call.name} has {call.count} wheel{'' if call.count == 1 else 's'} too many\"\n"
    )
    new = keys_of(source)
    assert new == ["{name} has {count} wheel{|s} too many"]
    assert untranslated({(None, new[0]): ["netspec/lint/wheels.py"]}, "zh") == [f"netspec/lint/wheels.py: {new[0]}"]


@pytest.mark.parametrize("lang", OTHERS)
def test_nothing_is_translated_that_is_not_said(lang: str, keys: dict[Key, list[str]]) -> None:
    assert set(catalogue(lang)) <= set(map(in_file, keys)), "run `make messages`"


@pytest.mark.parametrize("lang", OTHERS)
def test_translations_have_the_holes_of_their_keys(lang: str) -> None:
    """A hole that lists its values may be left out: `is` or `are` is the same word, or none, in other languages."""
    wrong = []
    for key, text in catalogue(lang).items():
        holes = {piece.name: piece.values for piece in pieces_of(key) if isinstance(piece, Hole)}
        used = [piece.name for piece in pieces_of(text) if isinstance(piece, Hole)]
        if not {name for name, values in holes.items() if not values} <= set(used) <= set(holes):
            wrong.append((key, text))
    assert wrong == []


@pytest.mark.parametrize("lang", OTHERS)
def test_values_of_holes_are_translated_where_the_translation_has_them(lang: str) -> None:
    known = catalogue(lang)
    used = {
        value
        for text in known.values()
        for piece in pieces_of(text)
        if isinstance(piece, Hole)
        for value in piece.values
        if value
    }
    assert {value for value in used if value not in known} == set()


def shape_of(key: str, text: str) -> tuple[str, str]:
    """A key and its translation with numbers for the names of holes, in the order of the key."""
    numbers: dict[str, str] = {}
    for piece in pieces_of(key):
        if isinstance(piece, Hole) and not piece.values:
            numbers[piece.name] = f"{{{len(numbers)}{'#' if piece.name in OF_NUMBERS else ''}}}"
    bare = [
        "".join(piece if isinstance(piece, str) else numbers.get(piece.name, f"{{{piece.name}}}") for piece in pieces)
        for pieces in (pieces_of(key), pieces_of(text))
    ]
    return bare[0], bare[1]


def test_keys_that_make_the_same_texts_have_one_translation() -> None:
    """`{key} of {name}` and `{text} of {path}` cannot be told apart in a text."""
    found: dict[str, set[str]] = {}
    for key, text in catalogue("zh").items():
        shape, told = shape_of(key, text)
        found.setdefault(shape, set()).add(told)
    assert {shape: told for shape, told in found.items() if len(told) > 1} == {}


def test_chinese_is_chinese() -> None:
    """What is the same in both languages is names and code alone."""
    same = [key for key, text in catalogue("zh").items() if not CHINESE.search(text)]
    words = {word for key in same for word in re.findall(r"(?<![\w{.])[a-z]{4,}(?![\w}.])", key)}
    assert {"sparse", "keys"} & words == {"sparse", "keys"}
    assert [key for key in same if re.search(r"\b(the|are|takes|needs)\b", key)] == []


def test_chinese_punctuation_is_as_wide_as_its_characters() -> None:
    wrong = [
        text for text in catalogue("zh").values() if re.search(r"[\u4e00-\u9fff][,;:?!]|[,;:?!][\u4e00-\u9fff]", text)
    ]
    assert wrong == []


@pytest.mark.parametrize("lang", OTHERS)
def test_mo_is_what_gettext_reads(lang: str) -> None:
    with path_of(lang).open("rb") as file:
        theirs = gettext.GNUTranslations(file)
    for key, text in catalogue(lang).items():
        context, mark, rest = key.rpartition(CONTEXT)
        assert (theirs.pgettext(context, rest) if mark else theirs.gettext(key)) == text


def test_another_file_is_no_catalogue() -> None:
    with pytest.raises(ValueError, match="little-endian"):
        read_mo(b"msgid and so on, which is longer than a header")


def test_every_language_has_a_catalogue_and_a_tag() -> None:
    assert set(TAGS) == set(LANGUAGES)
    assert all(path_of(lang).exists() and path_of(lang, ".po").exists() for lang in OTHERS)


@needs_babel
@pytest.mark.parametrize("lang", OTHERS)
def test_files_are_as_make_messages_writes_them(lang: str) -> None:
    from tests.translation.catalogue import mo_text, po_text, read, updated

    now = updated(read(lang))
    assert po_text(now) == path_of(lang, ".po").read_bytes(), "run `make messages`"
    assert mo_text(now) == path_of(lang).read_bytes(), "run `make messages`"

"""Which language people want to read, and what is said to them in it.

That is the one of `--lang`, else of NETSPEC_LANG, else of the locale, else English. Where it is English, nothing of the
other modules here is imported, and every text is the one that was given.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace

from netspec.core.codes import Code
from netspec.core.diagnostics import Diagnostic, Fix, Note
from netspec.core.tree import Frame

ENGLISH = "en"
LANGUAGES = {ENGLISH: "English", "zh": "简体中文"}
TAGS = {ENGLISH: "en", "zh": "zh-CN"}  # of BCP 47
VARIABLE = "NETSPEC_LANG"
_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")  # POSIX: the first that is set and not empty


def known_language(name: str) -> str | None:
    """The language of a name such as `zh`, `zh_CN.UTF-8` or `zh-Hans`; None where there is no catalogue for it.

    Args:
        name: as in a locale, or a tag of BCP 47.
    """
    language = name.replace("-", "_").partition("_")[0].partition(".")[0].partition("@")[0].lower()
    return language if language in LANGUAGES else None


def wanted_language(environment: Mapping[str, str] | None = None, editor: str | None = None) -> str:
    """The language that the environment asks for; English where it names none that there is.

    Args:
        environment: the variables; those of this process where left out.
        editor: that of the editor which shows it, before the locale's.
    """
    variables = os.environ if environment is None else environment
    if chosen := variables.get(VARIABLE):
        return known_language(chosen) or ENGLISH
    if editor:
        return known_language(editor) or ENGLISH
    return known_language(next(filter(None, map(variables.get, _LOCALE)), "")) or ENGLISH


def translate(text: str, lang: str) -> str:
    """An English text of netspec in a language; English too where no translation is known.

    Args:
        text: one line, such as a message, a note or the title of a fix.
        lang: a key of `LANGUAGES`.
    """
    if lang == ENGLISH:
        return text
    from netspec.translation.translate import translator

    return translator(lang).translate(text)


def word(context: str, text: str, lang: str) -> str:
    """A single word in a language, which a translation tells from the same word elsewhere by its context.

    Args:
        context: `label` of a note, or `severity`.
        text: the word.
        lang: a key of `LANGUAGES`.
    """
    if lang == ENGLISH:
        return text
    from netspec.translation.translate import translator

    return translator(lang).word(context, text)


def labelled(label: str, text: str, lang: str) -> str:
    """A note on one line: its label in a language, a colon, and its text, which is in that language already."""
    return f"{word('label', label, lang)}{colon(lang)}{text}"


def colon(lang: str) -> str:
    """A colon and the space behind it, as a language writes them."""
    return ": " if lang == ENGLISH else "："


def explained_in(code: Code, lang: str) -> Code:
    """A code's meaning in a language; the specs of its example stay as they are."""
    if lang == ENGLISH:
        return code
    wrong, right = (replace(case, note=translate(case.note, lang)) for case in (code.wrong, code.right))
    heads = tuple(f"{word('example', head, lang)}{colon(lang)}" for head in ("Wrong", "Right"))
    return replace(
        code, what=translate(code.what, lang), why=translate(code.why, lang), wrong=wrong, right=right, heads=heads
    )


def in_language(found: Diagnostic, lang: str) -> Diagnostic:
    """A finding with its message, notes, titles of fixes and frames in a language.

    Codes, labels of notes, edits and what torch says stay as they are.

    Args:
        found: in English, as a check makes it.
        lang: a key of `LANGUAGES`.
    """
    if lang == ENGLISH:
        return found
    return replace(
        found,
        message=translate(found.message, lang),
        notes=tuple(
            note if note.label == "torch" else Note(note.label, translate(note.text, lang)) for note in found.notes
        ),
        fixes=tuple(Fix(translate(fix.title, lang), fix.edits, fix.safe) for fix in found.fixes),
        frames=tuple(Frame(translate(frame.label, lang), frame.span) for frame in found.frames),
    )

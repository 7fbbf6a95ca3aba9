"""The option `--lang`, and the language of what a command says on a stream."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import click

from netspec.translation.languages import ENGLISH, LANGUAGES, known_language, wanted_language

_chosen: ContextVar[str | None] = ContextVar("language", default=None)


def _choose(context: click.Context, option: click.Parameter, name: str | None) -> None:
    """Keep the language of `--lang`; `netspec` itself begins each time with none."""
    lang = None if name is None else known_language(name)
    if name is not None and lang is None:
        raise click.BadParameter(f"no language {name!r}; there are {', '.join(LANGUAGES)}")
    if lang is not None or context.parent is None:
        _chosen.set(lang)


lang_option: Callable[[Any], Any] = click.option(
    "--lang",
    metavar="LANG",
    expose_value=False,
    callback=_choose,
    help="Say it in this language: "
    + " or ".join(LANGUAGES)
    + ". Left out: that of NETSPEC_LANG, else of the locale; --format json, sarif and github stay English.",
)


def chosen_language() -> str | None:
    """The language that `--lang` names; None where it is left out."""
    return _chosen.get()


def language_of(stream: object) -> str:
    """The language for people who read a stream; English where its encoding lacks the other's characters."""
    lang = _chosen.get() or wanted_language()
    if lang != ENGLISH:
        try:
            LANGUAGES[lang].encode(getattr(stream, "encoding", None) or "utf-8")
        except (UnicodeError, LookupError):
            return ENGLISH
    return lang

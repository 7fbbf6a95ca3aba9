"""Which language is wanted: the variables, their order, and names that stand for none."""

from __future__ import annotations

import pytest

from netspec.translation.languages import known_language, wanted_language


@pytest.mark.parametrize(
    ("environment", "lang"),
    [
        ({}, "en"),
        ({"NETSPEC_LANG": "zh"}, "zh"),
        ({"NETSPEC_LANG": "en", "LC_ALL": "zh_CN.UTF-8"}, "en"),
        ({"NETSPEC_LANG": "fr", "LC_ALL": "zh_CN.UTF-8"}, "en"),  # it was asked for, and there is none
        ({"NETSPEC_LANG": "", "LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LC_ALL": "C.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "zh_CN", "LANG": "de_DE.UTF-8"}, "zh"),
        ({"LC_MESSAGES": "de_DE.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LANG": "zh_TW.UTF-8@radical"}, "zh"),
        ({"LANG": "POSIX"}, "en"),
        ({"LC_CTYPE": "zh_CN.UTF-8"}, "en"),  # of characters, not of messages
    ],
)
def test_the_language_of_an_environment(environment: dict[str, str], lang: str) -> None:
    assert wanted_language(environment) == lang


@pytest.mark.parametrize(
    ("name", "lang"),
    [("zh", "zh"), ("ZH-Hans", "zh"), ("zh_CN.UTF-8", "zh"), ("en-GB", "en"), ("zhx", None), ("", None)],
)
def test_names_of_languages(name: str, lang: str | None) -> None:
    assert known_language(name) == lang

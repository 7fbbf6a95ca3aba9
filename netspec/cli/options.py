"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

plugins_option: Callable[[Any], Any] = click.option(
    "--allow-plugins",
    is_flag=True,
    help="Let the Python modules run that `plugins` names; do so only where you trust them.",
)
set_option: Callable[[Any], Any] = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Set a parameter (classes=100) or a value by its dotted path (train.epochs=3). May be given several times.",
)

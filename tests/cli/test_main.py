"""The command itself: help with examples, close matches, versions, both ways to start it."""

from __future__ import annotations

import importlib.metadata
import re

import click
import pytest

from netspec.cli.main import COMMANDS, cli
from tests.cli.commands import netspec, process


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec(command, "--help", capsys=capsys)
    assert done.code == 0
    assert re.search(rf"Examples?:\s+netspec {command}\b", done.out)
    assert netspec(command, "-h", capsys=capsys).out == done.out


def test_the_help_lists_every_command_with_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("--help", capsys=capsys)
    words = " ".join(done.out.split())
    assert done.code == 0
    assert "Example: netspec check specs/digits.yaml" in words
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        assert f"{name} {command.short_help}" in words


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec(capsys=capsys)
    assert "Commands" in done.out + done.err
    assert done.code == 2


def test_a_misspelt_command(capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("chekc", capsys=capsys)
    assert done.code == 2
    assert "no command 'chekc'; did you mean check?" in done.err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert importlib.metadata.version("netspec") in netspec("--version", capsys=capsys).out


def test_python_m_is_the_same_command() -> None:
    done = process("check", "specs/vgg16.yaml")
    assert done.code == 0
    assert done.out.startswith("specs/vgg16.yaml: ok; ")
    assert done.err == ""

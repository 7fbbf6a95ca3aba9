"""A command is a file and its name in the table: `netspec count`, which counts layers."""

from __future__ import annotations

from tests.extending.package_copy import Copy

FILE, TABLE = "netspec/cli/count.py", "netspec/cli/main.py"
TEXT = '''\
"""`netspec count`."""

from __future__ import annotations

import click

from netspec.checker import require
from netspec.language.load import load


@click.command(
    "count",
    short_help="Say how many layers and functions a spec has.",
    epilog="Example: netspec count specs/digits.yaml",
)
@click.argument("spec")
def command(spec: str) -> None:
    """Say how many layers and functions a spec has."""
    graph = require(load(spec)).graph
    click.echo(str(0 if graph is None else len(graph.calls)))
'''
NAME = '"count", '


def test_a_file_and_its_name_add_a_command(copy: Copy) -> None:
    copy.append(FILE, TEXT)
    copy.insert(TABLE, "COMMANDS = (", NAME)
    assert copy.changed() == {FILE, TABLE}
    copy.append("net.yaml", "netspec: 1\ninput: [8]\nlayers: [{Linear: 4}, ReLU, {Linear: 2}]\n")
    assert copy.netspec("count", "net.yaml").out == "3\n"
    copy.append("wrong.yaml", "netspec: 1\ninput: [8]\nlayers: [{Linear: {in_features: 5, out_features: 4}}]\n")
    wrong = copy.netspec("count", "wrong.yaml")
    assert (wrong.code, wrong.out, wrong.err.startswith("error[NS401]")) == (1, "", True)
    assert "count Say how many layers and functions a spec has." in " ".join(copy.netspec("--help").out.split())
    assert copy.passed("tests/cli/test_main.py", "-k", "count or lists_every_command") == 2


def test_without_its_name_there_is_no_such_command(copy: Copy) -> None:
    copy.append(FILE, TEXT)
    done = copy.netspec("count", "net.yaml")
    assert (done.code, "no command 'count'" in done.err) == (2, True)

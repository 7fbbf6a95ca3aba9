"""A format of `netspec graph` is a function from the tree of a network, and its record: indented text."""

from __future__ import annotations

from tests.cli.commands import RIGHT
from tests.extending.package_copy import Copy

FILE = "netspec/render/pictures/formats.py"
FUNCTION = '''

def outline(network: Node, depth: int | None = None) -> str:
    """The names of all nodes, those in a box further in."""
    inside = "".join(outline(child).replace("\\n", "\\n  ").join(("  ", "")).rstrip(" ") for child in network.children)
    return f"{network.name}\\n{inside}"
'''
RECORD = '        PictureFormat("outline", (".txt",), "for a quick look", f"{_HERE}.formats:outline"),\n'


def test_a_function_and_its_record_add_a_format(copy: Copy) -> None:
    copy.append(FILE, FUNCTION)
    copy.insert(FILE, "    for each in (\n", RECORD)
    assert copy.changed() == {FILE}
    copy.append("net.yaml", RIGHT)
    assert copy.netspec("graph", "net.yaml", "--format", "outline").out == "net\n  input\n  fc\n  fc\n"
    assert copy.netspec("graph", "net.yaml", "-o", "net.txt").code == 0
    assert (copy.folder / "net.txt").read_text() == "net\n  input\n  fc\n  fc\n"
    assert "outline: for a quick look" in " ".join(copy.netspec("graph", "--help").out.split())


def test_without_the_record_there_is_no_such_format(copy: Copy) -> None:
    copy.append("net.yaml", RIGHT)
    done = copy.netspec("graph", "net.yaml", "-o", "net.txt")
    assert (done.code, "net.txt: the name of a picture ends with .svg" in done.err) == (2, True)

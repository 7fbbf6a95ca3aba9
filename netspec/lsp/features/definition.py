"""A position → where the name there is defined, and all places at which it stands; files that a spec names open."""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types
from pygls.uris import from_fs_path

from netspec.core.files import PathRefused, resolve
from netspec.core.tree import Scalar
from netspec.lsp.analysis import Analysis
from netspec.lsp.occurrences import Occurrence, Symbol
from netspec.lsp.places import holds, location_of, place_at

FILES = ("include", "model")  # whose values are files of specs


def definition(analysis: Analysis, position: types.Position) -> list[types.Location]:
    """Where the name at a position is defined, or the file that is named there.

    Args:
        analysis: of the text.
        position: the cursor's.
    """
    named = _file_at(analysis, position)
    if named is not None:
        return [named]
    found = occurrence_at(analysis, position)
    if found is None:
        return []
    places = (location_of(analysis, each.span) for each in definitions(analysis, found.symbol))
    return [place for place in places if place is not None]


def references(analysis: Analysis, position: types.Position, *, with_definition: bool = True) -> list[types.Location]:
    """All places at which the name at a position stands.

    Args:
        analysis: of the text.
        position: the cursor's.
        with_definition: whether the place that defines it is among them.
    """
    found = occurrence_at(analysis, position)
    if found is None:
        return []
    every = [each for each in analysis.occurrences if each.symbol == found.symbol]
    spans = dict.fromkeys(each.span for each in every if with_definition or not each.defines)
    places = (location_of(analysis, span) for span in spans)
    return [place for place in places if place is not None]


def highlights(analysis: Analysis, position: types.Position) -> list[types.DocumentHighlight]:
    """The places of this text at which the name at a position stands.

    Args:
        analysis: of the text.
        position: the cursor's.
    """
    found = occurrence_at(analysis, position)
    if found is None:
        return []
    kinds = {True: types.DocumentHighlightKind.Write, False: types.DocumentHighlightKind.Read}
    return [
        types.DocumentHighlight(analysis.positions.range(each.span), kinds[each.defines])
        for each in analysis.occurrences
        if each.symbol == found.symbol and analysis.is_here(each.span)
    ]


def occurrence_at(analysis: Analysis, position: types.Position) -> Occurrence | None:
    """The name at a position, or right before it.

    Args:
        analysis: of the text.
        position: the cursor's.
    """
    line, column = analysis.positions.place(position)
    here = (each for each in analysis.occurrences if analysis.is_here(each.span) and holds(each.span, line, column))
    return next(here, None)


def definitions(analysis: Analysis, symbol: Symbol) -> list[Occurrence]:
    """The places that define a name.

    Args:
        analysis: of the text.
        symbol: what the name means.
    """
    return [each for each in analysis.occurrences if each.defines and each.symbol == symbol]


def _file_at(analysis: Analysis, position: types.Position) -> types.Location | None:
    """The file that `include` or `model` names at a position, where it is below the spec's folder."""
    place = place_at(analysis.tree, *analysis.positions.place(position))
    scalar, path = place.scalar, analysis.document.path
    if place.at_key or scalar is None or path is None or not place.keys or place.keys[0] not in FILES:
        return None
    return file_location(scalar, Path(path).parent)


def file_location(scalar: Scalar, folder: Path) -> types.Location | None:
    """The start of a file that a spec names; None where it is none, or not below the folder.

    Args:
        scalar: the path.
        folder: that it is relative to.
    """
    try:
        path = resolve(scalar, folder)
        if not path.is_file():
            return None
    except (PathRefused, OSError, ValueError):
        return None
    uri = from_fs_path(str(path))
    start = types.Position(0, 0)
    return None if uri is None else types.Location(uri, types.Range(start, start))

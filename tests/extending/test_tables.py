"""The records of the tables: each says what it is, and what it names of a higher room is there."""

from __future__ import annotations

import pytest

from netspec.core.lazy_import import imported
from netspec.language.sections.datasets import DATASETS
from netspec.language.sections.loggers import LOGGERS
from netspec.language.sections.metrics import METRICS, NAMES
from netspec.render.formats import FORMATS

LATE = {
    *(place for kind in DATASETS.values() for place in (kind.load, kind.preview, kind.facts) if place is not None),
    *(metric.make for metric in METRICS),
}


@pytest.mark.parametrize("place", sorted(LATE))
def test_what_a_record_names_is_there(place: str) -> None:
    assert callable(imported(place))
    assert imported(place).__doc__


@pytest.mark.parametrize("place", ["netspec.data.tables:load", "netspec.data.csv_table:loads"])
def test_what_is_not_there_would_show(place: str) -> None:
    with pytest.raises((ImportError, AttributeError)):
        imported(place)


def test_every_record_says_what_it_is() -> None:
    docs = [kind.doc for kind in (*DATASETS.values(), *METRICS, *LOGGERS)]
    assert [doc for doc in docs if not doc.endswith(".")] == []
    assert all(each.doc for each in FORMATS.values())


def test_no_name_is_given_twice() -> None:
    assert len(set(NAMES)) == len(METRICS)
    assert len({kind.name for kind in LOGGERS}) == len(LOGGERS)
    for metric in METRICS:
        assert [other.name for other in METRICS if other.named(metric.name)] == [metric.name]

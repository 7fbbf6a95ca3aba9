"""What a spec tells of texts before any is read, and the vocabulary against the Embedding: NS602.

Input: the arguments of a dataset of texts; a network. Output: DatasetFacts; findings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netspec.core.diagnostics import Diagnostic
from netspec.core.shapes import Shape
from netspec.expansion.graph import Call
from netspec.fixes.values import set_value
from netspec.language.sections.text_keys import BYTE_VALUES, BYTES, FUNCTIONS, PACKAGES, PYTHON
from netspec.lint.context import LintContext, finding
from netspec.lint.datasets import DatasetFacts, WrittenDataset


def _length(written: WrittenDataset) -> Shape | None:
    """The tokens of a sample, where the spec says it; the network's input says it where the dataset does not."""
    length = written.args.get("length")
    if isinstance(length, int) and not isinstance(length, bool):
        return (length,)
    return written.input if length is None and len(written.input) == 1 else None


def text_facts(written: WrittenDataset) -> DatasetFacts:
    """Documents."""
    path = written.args.get("path", written.given)
    known = len(PACKAGES) if path == PYTHON + FUNCTIONS else None
    regression = None if known is None else False
    facts = DatasetFacts(written.name, "Text", _length(written), known, regression, ())
    return replace(facts, vocabulary=_vocabulary(written, BYTE_VALUES + 1))


def window_facts(written: WrittenDataset) -> DatasetFacts:
    """Windows: the targets are as long as the samples, and a class is a token."""
    shape, size = _length(written), _vocabulary(written, BYTE_VALUES)
    return DatasetFacts(written.name, "TextWindows", shape, size, False, _targets(written), vocabulary=size)


def tagged_facts(written: WrittenDataset) -> DatasetFacts:
    """Sentences with a label for each word."""
    shape, size = _length(written), _vocabulary(written, BYTE_VALUES + 1)
    return DatasetFacts(written.name, "TaggedText", shape, None, False, _targets(written), vocabulary=size)


def _targets(written: WrittenDataset) -> Shape | None:
    """The shape of the targets of tokens: as long as the input, of which shapes are shown.

    It is not said of one token, which could be one class for all of a sample.
    """
    return written.input if len(written.input) == 1 and written.input != (1,) else None


def _vocabulary(written: WrittenDataset, size: int) -> int | None:
    """How many tokens there are, of bytes; of others only the texts tell."""
    asked = written.args.get("tokenizer") == BYTES and written.args.get("mask") != written.entering
    return size if asked else None


def vocabulary(context: LintContext) -> Iterator[Diagnostic]:
    """NS602: an Embedding with fewer rows than there are tokens."""
    for index, name in enumerate(context.graph.inputs):
        known = context.samples_for(None, name)
        if known is None or known.vocabulary is None:
            continue
        for call in context.users[-1 - index]:
            rows = _rows(context, call)
            if rows is not None and rows < known.vocabulary:
                node = call.arg_nodes.get("num_embeddings", call.item.at)
                what = f"{known.title} has {known.vocabulary} tokens, the Embedding looks up 0 to {rows - 1}"
                fixes = (set_value(node, "num_embeddings", known.vocabulary),) if node is not call.item.at else ()
                yield finding("NS602", what, node, call, fixes=fixes)


def _rows(context: LintContext, call: Call) -> int | None:
    """The rows of an Embedding."""
    rows = context.known(call).args.get("num_embeddings") if call.record.name == "Embedding" else None
    return rows if isinstance(rows, int) else None

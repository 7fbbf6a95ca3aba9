"""Samples from texts, as a run's texts were read: files, the rows of tables, lines of standard input.

Input: paths. Output: Samples, and a Fault for each file or text that cannot be used.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from netspec.core.names import closest, did_you_mean
from netspec.data.tables.bounded import OPEN
from netspec.data.tables.cells import as_number
from netspec.data.tables.files import TABLES, TableError, read_table
from netspec.data.text.documents import labelled_folder
from netspec.data.text.encoding import encoded_documents, inputs_of
from netspec.data.text.format import TAGGED, TextFormat
from netspec.data.text.sources import TEXT_SUFFIXES, Documents, TextError, decoded, read_file
from netspec.data.text.tagged import encoded_words, sentences_of
from netspec.data.text.tokens import Tokens, cut_off
from netspec.inference.readers import STDIN, Labels, Sample, expand
from netspec.inference.results import Fault

AT_ONCE = 256  # texts that are encoded together
WORD_A_LINE = (".conll", ".conllu", ".conllx", ".iob", ".bio")  # files of sentences with a word a line
SUFFIXES = (*(f"{kind}{packed}" for kind in (*TEXT_SUFFIXES, *WORD_A_LINE) for packed in ("", *OPEN)), *TABLES)
MOST_FAULTS = 20  # rows of a file that are named


@dataclass(frozen=True)
class Written:
    """A text as it was read.

    Args:
        file: that it is in.
        row: of the file, counted from 1; None where the file is one text.
        text: what it says.
        target: where it is to be scored.
    """

    file: str
    row: int | None
    text: str
    target: float | None = None


@dataclass(frozen=True)
class TextReader:
    """Reads texts as the run's texts were read.

    Args:
        text: how they become tokens.
        separator: of tables; None: the suffix of a file tells it.
        labels: for the labels of texts; None: they need none.
        word: the column of the words in files of tagged sentences.
    """

    text: TextFormat
    separator: str | None = None
    labels: Labels | None = None
    word: int = 0

    def samples(self, paths: Iterable[str]) -> Iterator[Sample | Fault]:
        """The texts of files, of folders of them, or of standard input; some are encoded at a time."""
        texts = self._labelled(paths) if self.labels is not None else self._plain(paths)
        while chunk := list(islice(texts, AT_ONCE)):
            for item in chunk:
                yield item if isinstance(item, Fault) else self._sample(item)

    def _sample(self, item: Written) -> Sample | Fault:
        """A text as the network's inputs take it."""
        begin = "" if item.row is None else ": "
        if self.text.kind == TAGGED:
            return self._sentence(item, begin)
        known, unknown = self.text.known, self.text.known.unknown
        ids, _ = known.encode([item.text])
        if not len(ids) or (unknown is not None and bool(np.all(ids == unknown))):
            return Fault(item.file, item.row, f"{begin}holds no token that the run knows")
        tokens = encoded_documents(Documents.of((item.text,)), self.text)
        return Sample(item.file, item.row, tuple(x[:1][0] for x in inputs_of(tokens, self.text)), item.target)

    def _sentence(self, item: Written, begin: str) -> Sample | Fault:
        """A sentence whose words get labels; those that are cut off get none."""
        words = item.text.split()
        try:
            ids, counts, firsts = encoded_words([words], self.text.known)
        except TextError as error:
            return Fault(item.file, item.row, f"{begin}{error}")
        kept, lengths = cut_off(ids, counts, self.text.padding.most, at_start=False)
        tokens = Tokens(torch.from_numpy(kept), torch.zeros(1, dtype=torch.long), torch.from_numpy(lengths),
                        self.text.padding)  # fmt: skip
        places = tuple((word, place) for word, place in zip(words, firsts.tolist(), strict=True) if place < len(kept))
        inputs = tuple(x[:1][0] for x in inputs_of(tokens, self.text))
        return Sample(item.file, item.row, inputs, words=places)

    def _plain(self, paths: Iterable[str]) -> Iterator[Written | Fault]:
        for file in expand(paths, SUFFIXES, f"texts ({', '.join(TEXT_SUFFIXES)}) or tables"):
            if isinstance(file, Fault):
                yield file
            elif file.lower().endswith(TABLES):
                yield from self._table(file)
            else:
                yield from self._file(file)

    def _file(self, file: str) -> Iterator[Written | Fault]:
        """A file that is one text, or a line each."""
        try:
            text = decoded(sys.stdin.buffer.read(), "standard input") if file == STDIN else read_file(Path(file))
        except TextError as error:
            message = str(error).removeprefix(f"{file} ")
            yield Fault(file, None, message, unreadable=message.startswith("there is no file"))
            return
        if self.text.whole:
            yield Written(file, None, text)
            return
        if self.text.kind == TAGGED and file.lower().endswith(WORD_A_LINE):
            for number, sentence in enumerate(sentences_of(text), 1):
                words = (line[self.word] if -len(line) <= self.word < len(line) else line[0] for line in sentence)
                yield Written(file, number, " ".join(words))
            return
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                yield Written(file, number, line)

    def _table(self, file: str) -> Iterator[Written | Fault]:
        """The rows of a table."""
        try:
            frame = read_table(Path(file), separator=self.separator)
        except TableError as error:
            yield Fault(file, None, f": {error}", unreadable=not Path(file).exists())
            return
        names = [str(name) for name in frame.columns]
        column = self.text.column if self.text.column in names else names[0] if len(names) == 1 else None
        if column is None:
            near = did_you_mean(closest(str(self.text.column), names))
            yield Fault(file, None, f"it has no column {self.text.column!r}, that of the run's texts{near}")
            return
        if self.labels is not None and self.labels.column not in names:
            near = did_you_mean(closest(self.labels.column, names))
            yield Fault(file, None, f"it has no column {self.labels.column!r}, the run's target, to be scored by{near}")
            return
        wanted = [""] * len(frame) if self.labels is None else frame[self.labels.column].tolist()
        empty = frame[column].isna().tolist()
        for number, (text, missing, word) in enumerate(zip(frame[column], empty, wanted, strict=True), 1):
            if missing:
                yield Fault(file, number, f", column {column!r} has no value")
                continue
            target = None if self.labels is None else self._label(file, number, str(word))
            yield target if isinstance(target, Fault) else Written(file, number, str(text), target)

    def _label(self, file: str, number: int | None, word: str) -> float | Fault:
        assert self.labels is not None
        value = self.labels.read(word.strip(), as_number(word.strip()))
        begin = ", column " + repr(self.labels.column) + " holds " if number is not None else ""
        return value if isinstance(value, float) else Fault(file, number, f"{begin}{word[:40]!r}{value}")

    def _labelled(self, paths: Iterable[str]) -> Iterator[Written | Fault]:
        """Texts with labels: tables with the target's column, and folders with a folder, or a file, for each class."""
        for path in paths:
            if path == STDIN or not Path(path).is_dir():
                if path.lower().endswith(TABLES):
                    yield from self._table(path)
                else:
                    what = "has no labels; give a table with the run's columns, or a folder with one for each class"
                    yield Fault(path, None, what, unreadable=path != STDIN and not Path(path).exists())
                continue
            try:
                documents, labels = labelled_folder(Path(path), 2**31)
                for index, word in enumerate(labels):
                    target = self._label(path, None, word)
                    file = documents.name(index) if documents.files else path
                    row = None if documents.files else index + 1
                    yield target if isinstance(target, Fault) else Written(file, row, documents.text(index), target)
            except TextError as error:
                yield Fault(path, None, f": {error}")

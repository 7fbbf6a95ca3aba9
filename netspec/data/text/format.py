"""What a spec asks of texts → how they become tokens: the tokenizer, the length of samples, the mask.

Input: the arguments of a dataset of texts. Output: a TextFormat, which training, evaluation and prediction share.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from netspec.core.files import PathRefused, resolve
from netspec.core.shapes import Tensor
from netspec.core.tree import Mapping, Node, Scalar
from netspec.data.text.learning import Wanted
from netspec.data.text.sources import TextError, read_bytes
from netspec.data.text.stored_tokenizers import from_json
from netspec.data.text.tokenizer import Tokenizer
from netspec.data.text.tokens import Padding
from netspec.language.sections.text_keys import MOST_LENGTH, TOKENIZERS, WORDS
from netspec.runtime.diagnostics import spec_error

LARGEST_TOKENIZER = 64_000_000  # bytes of a tokenizer.json: some 250,000 tokens take 20 MB
DOCUMENTS, WINDOWS, TAGGED = "documents", "windows", "tagged"


@dataclass(frozen=True)
class TextFormat:
    """How texts become samples.

    Args:
        kind: DOCUMENTS, WINDOWS or TAGGED.
        wanted: the tokenizer that the spec asks for.
        padding: how long samples are.
        at_start: whether a text that is too long loses its start.
        mask: the input that gets the mask; None where none does.
        mask_first: whether that is the first input.
        column: of a table, the column of the texts.
        whole: whether a file is one text; else each of its lines is.
        tokenizer: as it was learned; None before.
        node: of the spec, for errors of the tokenizer.
    """

    kind: str
    wanted: Wanted
    padding: Padding
    at_start: bool = False
    mask: str | None = None
    mask_first: bool = False
    column: str | None = None
    whole: bool = False
    tokenizer: Tokenizer | None = None
    node: Node | None = None

    @property
    def known(self) -> Tokenizer:
        """The tokenizer, when it is known."""
        assert self.tokenizer is not None  # the training part has been read
        return self.tokenizer

    @property
    def vocabulary(self) -> int:
        """The ids that samples hold: without padding where nothing is padded."""
        return self.known.size - (self.kind == WINDOWS and self.known.appended)

    def to_json(self) -> dict[str, Any]:
        """What run.json holds of it; the tokenizer has a file of its own."""
        own = {name: getattr(self, name) for name in ("kind", "at_start", "mask", "mask_first", "column", "whole")}
        return {**own, "tokenizer": self.known.kind, **asdict(self.padding)}


def stored_format(content: dict[str, Any], tokenizer: str) -> TextFormat:
    """The format of a run.

    Args:
        content: as `to_json` has written it; the schema of run.json has checked its types.
        tokenizer: the content of its tokenizer.json.

    Raises:
        TokenizerError: that is none.
    """
    known = from_json(content["tokenizer"], tokenizer, special=content["kind"] == DOCUMENTS)
    sizes = Padding(*(content[name] for name in ("least", "most", "multiple", "value")))
    own = {name: content[name] for name in ("at_start", "mask", "mask_first", "column", "whole")}
    return TextFormat(content["kind"], Wanted(known.kind), sizes, **own, tokenizer=known)


def text_input(inputs: dict[str, Tensor], mask: str | None) -> str:
    """The name of the input that takes the tokens: the first one, but for that of the mask."""
    return next((name for name in inputs if name != mask), next(iter(inputs)))


def padding_of(value: Any, input: Tensor, lengths: range | None) -> Padding:
    """How long samples are.

    Args:
        value: of the key `length`; None where it is left out.
        input: the sample tensor of the network's input.
        lengths: those that it may have, where `sizes` says them.
    """
    if isinstance(value, int):
        return Padding(value, value)
    if isinstance(value, dict):
        multiple = int(value.get("multiple_of", 1))
        most = max(int(value["max"]) // multiple, 1) * multiple
        return Padding(min(int(value.get("min", 1)), most), most, multiple)
    if lengths is not None:
        return Padding(lengths[0], lengths[-1], lengths.step)
    if len(input.shape) == 1:
        return Padding(input.shape[0], input.shape[0])
    return Padding(1, MOST_LENGTH)  # the check of samples says what the input is


def wanted_tokenizer(node: Node | None, value: Any, folder: Path) -> Wanted:
    """The tokenizer that a spec asks for.

    Args:
        node: of the key, where it is written.
        value: of it.
        folder: of the spec.

    Raises:
        SpecError: NS601, its file is missing, too large, no UTF-8, or outside the spec's folder.
    """
    if value is None:
        return Wanted(WORDS)
    if isinstance(value, dict):
        (kind, arguments), *_ = value.items()
        return Wanted(str(kind), arguments.get("vocab_size"), arguments.get("min_frequency"))
    if value in TOKENIZERS:
        return Wanted(str(value))
    assert isinstance(node, Scalar)  # the check refuses others
    try:
        path = resolve(node, folder)
        return Wanted("file", content=read_bytes(path, LARGEST_TOKENIZER).decode("utf-8"))
    except (PathRefused, TextError) as error:
        raise spec_error("NS601", str(error), node) from None
    except UnicodeDecodeError:
        raise spec_error("NS601", f"{path} is no tokenizer.json: it is not UTF-8", node) from None


def argument_node(arguments: Node | None, key: str) -> Node | None:
    """The node of a key among the arguments of a dataset."""
    return arguments.get(key) if isinstance(arguments, Mapping) else None

"""What the table of datasets holds of each: a DatasetKind."""

from __future__ import annotations

from dataclasses import replace

from netspec.core.dataclass import dataclass
from netspec.language.sections.keys import Key, Schema, object_schema


@dataclass(frozen=True, kw_only=True)
class DatasetKind:
    """One dataset, or one kind of it.

    Args:
        name: what `data` calls it.
        doc: one sentence for the reference page.
        keys: its arguments; None where they are torchvision's own, which only torchvision can check.
        load: `module:function`, from a LoadRequest to LoadedData.
        preview: `module:function` that looks, without reading them, whether the samples can be had, for a spec that has
            errors already; without one they are loaded then, too.
        facts: `module:function` that tells what the spec alone says of the samples, from a WrittenDataset to
            DatasetFacts, or None; without one nothing is known before they are read.
        by_input, by_output: the keys whose values may go by the names of the network's inputs, or outputs.
        further: the keys that name a further input of the network.
        unknown: what is said of a word that the only required key does not list: `scikit-learn brings no table`.
        has_columns: whether samples have columns, or arrays, by which `split` and `stratify` divide them: the loader
            gives `groups` and `strata` where the request names them.
    """

    name: str
    doc: str
    keys: tuple[Key, ...] | None
    load: str
    preview: str | None = None
    facts: str | None = None
    by_input: str | None = None
    by_output: str | None = None
    further: tuple[str, ...] = ()
    unknown: str | None = None
    has_columns: bool = False

    @property
    def required(self) -> tuple[Key, ...]:
        """The keys that a spec has to give."""
        return tuple(key for key in self.keys or () if key.required)

    @property
    def without_targets(self) -> tuple[Key, ...]:
        """Its arguments where the samples are their own targets, so that no others have to be given."""
        return tuple(replace(key, required=False) if key.name == self.by_output else key for key in self.keys or ())

    @property
    def words(self) -> tuple[str, ...]:
        """What the only required key lists, where it does and the record says what others are told."""
        listed = len(self.required) == 1 and self.unknown is not None
        return tuple(self.required[0].schema.get("enum", ())) if listed else ()

    @property
    def schema(self) -> Schema:
        """The JSON Schema of its arguments; the only required one may stand there alone."""
        if self.keys is None:
            return {"type": ["object", "null", "string", "number", "array"]}
        whole = object_schema(self.without_targets)  # the check sees whether it needs targets
        return {"anyOf": [self.required[0].schema, whole]} if len(self.required) == 1 else whole

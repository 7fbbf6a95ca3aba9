"""What files of Hugging Face's datasets and of WebDataset say of their samples, for a check; none are loaded.

Input: a WrittenDataset. Output: DatasetFacts; nothing of a file that is missing or damaged, which loading reports. Of a
dataset the description of its columns is read, of shards the headers of the first files.
"""

from __future__ import annotations

import itertools
import json
import re
import struct
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from netspec.core.files import PathRefused, resolve
from netspec.core.tree import Mapping as MappingNode
from netspec.core.tree import Scalar
from netspec.lint.array_headers import DAMAGED, ArrayHeader, npy_header
from netspec.lint.datasets import DatasetFacts, Sizes, WrittenDataset

LONGEST_DESCRIPTION = 4_000_000  # bytes
FIRST_FILES = 64  # of a shard
_PICTURES = frozenset({"png", "jpg", "jpeg", "bmp", "gif", "tif", "tiff", "webp", "ppm"})
_FRACTIONS = ("float", "double", "decimal")
_RANGE = re.compile(r"\{(\d+)\.\.\d+\}")


def hub_facts(written: WrittenDataset) -> DatasetFacts | None:
    """What the columns of a local dataset are, by `dataset_info.json` or the footer of a Parquet file."""
    path = _path(written)
    features = None if path is None else _features(path, str(written.args.get("split", "train")))
    if not features:
        return None
    names = [*features]
    target = _of(written.args.get("target"), written.output)
    target = ("label" if "label" in features else names[-1]) if target is None else target
    aims = [_column(one, names) for one in (target if isinstance(target, list) else [target])]
    columns = _of(written.args.get("columns"), written.entering)
    if columns is None:
        columns = [name for name in names if name not in aims]
    chosen = [_column(one, names) for one in (columns if isinstance(columns, list) else [columns])]
    if not all(name in features for name in (*chosen, *aims)) or not chosen or set(chosen) & set(aims):
        return None  # which loading says
    facts = DatasetFacts(written.name, "HuggingFace")
    facts = _with_columns(facts, [features[name] for name in chosen], written)
    if isinstance(target, list):
        return replace(facts, target=(len(aims),))
    return _with_target(facts, features[aims[0]])


def _with_columns(facts: DatasetFacts, chosen: list[Any], written: WrittenDataset) -> DatasetFacts:
    """The shape of a sample: of a picture, of an array, or how many numbers plain columns become at least."""
    kinds = [each.get("_type") if isinstance(each, dict) else None for each in chosen]
    if kinds == ["Image"]:
        return replace(facts, shape=(None,) * 3, picture=True, fractions=True)
    if all(kind in ("Value", "ClassLabel") for kind in kinds):
        plain = all(kind == "Value" and _is_number(each) for kind, each in zip(kinds, chosen, strict=True))
        fractions = any(str(each.get("dtype", "")).startswith(_FRACTIONS) for each in chosen)
        told = "missing" in written.args or "kinds" in written.args or "encode" in written.args
        known = plain and not told
        return replace(facts, shape=(len(chosen),), at_least=not known, fractions=fractions and known)
    shape = _array(chosen[0]) if len(chosen) == 1 else None
    return facts if shape is None else replace(facts, shape=shape)


def _with_target(facts: DatasetFacts, feature: Any) -> DatasetFacts:
    kind = feature.get("_type") if isinstance(feature, dict) else None
    if kind == "ClassLabel":
        names = feature.get("names")
        return replace(facts, classes=len(names) if isinstance(names, list) else None, regression=False, target=())
    if kind == "Value":
        dtype = str(feature.get("dtype"))
        regression = True if dtype.startswith(_FRACTIONS) else False if "string" in dtype else None
        return replace(facts, regression=regression, target=())
    return facts


def _is_number(feature: Mapping[str, Any]) -> bool:
    return re.fullmatch(r"u?int\d+|float\d+|double|bool", str(feature.get("dtype"))) is not None


def _array(feature: Any) -> Sizes | None:
    """The shape of a sample of a column of lists or arrays; None where it has none, or several."""
    kind = feature.get("_type") if isinstance(feature, dict) else None
    if kind in ("Array2D", "Array3D", "Array4D", "Array5D"):
        shape = feature.get("shape")
        sizes = shape if isinstance(shape, list) and all(isinstance(size, int) for size in shape) else None
        return None if sizes is None else tuple(sizes)
    if kind not in ("Sequence", "List", "LargeList"):
        return None
    inner = feature.get("feature")
    length = feature.get("length", -1)
    rest: Sizes | None = () if isinstance(inner, dict) and inner.get("_type") == "Value" else _array(inner)
    return (length, *rest) if rest is not None and isinstance(length, int) and length >= 0 else None


def _features(path: Path, split: str) -> dict[str, Any] | None:
    """The columns of a dataset in files, in their order; None where they do not say."""
    try:
        if (path / "dataset_dict.json").is_file():
            path = path / split
        if (path / "dataset_info.json").is_file():
            content = json.loads(_start(path / "dataset_info.json"))
        else:
            files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
            content = _parquet(files[0]) if files and files[0].suffix == ".parquet" else {}
        features = content.get("features")
    except (*DAMAGED, RecursionError):
        return None
    return (
        features if isinstance(features, dict) and all(isinstance(each, dict) for each in features.values()) else None
    )


def _start(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(LONGEST_DESCRIPTION).decode()


def _parquet(path: Path) -> dict[str, Any]:
    """What `datasets` notes in the footer of a Parquet file: JSON that begins with `{"info":`.

    The last 8 bytes of a file are the length of its footer and a magic word:
    https://parquet.apache.org/docs/file-format/
    """
    with path.open("rb") as file:
        end = file.seek(0, 2)
        file.seek(max(0, end - 8))
        length, magic = struct.unpack("<I4s", file.read(8))
        if magic != b"PAR1" or not 0 < length <= min(LONGEST_DESCRIPTION, end):
            raise ValueError("no Parquet file")
        file.seek(max(0, end - 8 - length))
        footer = file.read(length)
    start = footer.index(b'{"info":')
    content, _ = json.JSONDecoder().raw_decode(footer[start:].decode("utf-8", "ignore"))
    info = content.get("info")
    return info if isinstance(info, dict) else {}


def shards_facts(written: WrittenDataset) -> DatasetFacts | None:
    """What the first files of the first shard are, and how many classes the spec lists."""
    ending = str(_of(written.args.get("input", "jpg"), written.entering)).lower()
    aim = str(_of(written.args.get("target", "cls"), written.output)).lower()
    listed = written.args.get("classes")
    facts = DatasetFacts(written.name, "WebDataset")
    if aim in ("cls", "txt"):
        classes = len(listed) if isinstance(listed, list) else None
        facts = replace(facts, classes=classes, regression=False, target=())
    if ending in _PICTURES and not isinstance(written.args.get("input"), dict):
        facts = replace(facts, shape=(None,) * 3, picture=True, fractions=True)
    wanted = {each for each in (ending, aim) if each == "npy" or each.endswith(".npy")}
    headers = _first_arrays(written, wanted) if wanted else {}
    if ending in headers:
        facts = replace(facts, shape=headers[ending].shape or (1,))
    if aim in headers:
        regression = True if headers[aim].dtype[:1] == "f" else None
        facts = replace(facts, target=headers[aim].shape, regression=regression)
    return facts


def _first_arrays(written: WrittenDataset, wanted: set[str]) -> dict[str, ArrayHeader]:
    """The headers of the first arrays with these endings; none where the first shard cannot be read."""
    node = written.node.get("path") if isinstance(written.node, MappingNode) else written.node
    found = dict[str, ArrayHeader]()
    if not isinstance(node, Scalar):
        return found
    text = _RANGE.sub(lambda match: match[1], str(node.value))
    folder, _, pattern = text.rpartition("/")
    try:
        named = "*" in pattern or "?" in pattern
        path = resolve(replace(node, value=(folder or ".") if named else text, text=text), written.folder)
        paths = sorted(path.glob(pattern)) if named else sorted(path.glob("*.tar")) if path.is_dir() else [path]
        with tarfile.open(paths[0], "r:") as archive:
            for member in itertools.islice(archive, FIRST_FILES):
                ending = member.name.rpartition("/")[2].partition(".")[2].lower()
                opened = archive.extractfile(member) if ending in wanted - found.keys() and member.isreg() else None
                if opened is not None:
                    header = npy_header(opened)
                    found |= {ending: header} if header.dtype[:1] in "buif" else {}
    except (*DAMAGED, PathRefused, IndexError, tarfile.TarError):
        return found
    return found


def _path(written: WrittenDataset) -> Path | None:
    """Where the dataset lies; None where it is no path."""
    node = written.node.get("path") if isinstance(written.node, MappingNode) else written.node
    try:
        path = resolve(node, written.folder) if isinstance(node, Scalar) and isinstance(node.value, str) else None
        return path if path is not None and path.exists() else None
    except (PathRefused, OSError, ValueError):
        return None


def _of(value: object, name: str | None) -> Any:
    """What is written for one input or output."""
    return value.get(name) if isinstance(value, dict) else value


def _column(value: object, names: list[str]) -> str:
    """The name of a column that is written by its name or index; empty where there is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return names[value] if -len(names) <= value < len(names) else ""
    return str(value)

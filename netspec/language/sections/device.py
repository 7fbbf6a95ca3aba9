"""`device` of `train`: the words that name one, and what is wrong with any other."""

from __future__ import annotations

import re

from netspec.core.diagnostics import Edit, Findings, Fix
from netspec.core.names import did_you_mean
from netspec.core.tree import Mapping, Scalar

WORDS = ("auto", "cpu", "cuda", "mps")
DEVICE_SCHEMA = {"anyOf": [{"enum": list(WORDS)}, {"type": "string", "pattern": r"^cuda:\d{1,3}$"}]}
_NAMES = re.compile(r"auto|cpu|mps|cuda(:\d{1,3})?")
_GPU = re.compile(r"gpu(:\d{1,3})?", re.IGNORECASE)  # what is called so elsewhere, and is more like cpu than like cuda


def no_device(word: str) -> str:
    """Why a word names no device; empty where it does.

    Args:
        word: of a spec, or of `--device`.
    """
    return "" if _NAMES.fullmatch(word) else f"{word!r} is no device: auto, cpu, cuda, cuda:N or mps"


def without_wrong_device(train: Mapping, findings: Findings) -> Mapping:
    """`train` without a `device` that names none, which becomes a finding; other values than words stay.

    Args:
        train: the section.
        findings: takes NS606.
    """
    at = train.get("device")
    message = no_device(at.value) if isinstance(at, Scalar) and isinstance(at.value, str) else ""
    if not message or not isinstance(at, Scalar):
        return train
    gpu = _GPU.fullmatch(at.text)
    if gpu is None:
        findings.misspelt("NS606", message, at, WORDS)
    else:
        meant = f"cuda{gpu[1] or ''}"
        findings.add("NS606", message + did_you_mean([meant]), at, fixes=[Fix(meant, (Edit(at.span, meant),))])
    return Mapping(tuple(pair for pair in train if pair[0].text != "device"), train.span, train.flow, train.frames)

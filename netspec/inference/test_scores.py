"""The scores of a run's test part, and the file of the run's folder that keeps them: a test counts once.

Input: a run. Output: Scores, and test.json with each time that they were asked for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from netspec.core.conforms import Schema, conforms
from netspec.core.escapes import escaped_json
from netspec.core.files import ReadError, parse_json, read_text, write_atomically
from netspec.data.section import TEST
from netspec.inference.results import Scores
from netspec.inference.scoring import score_run
from netspec.inference.stored_run import StoredRun

FILE = "test.json"
_TIME: Schema = {
    "type": "object",
    "properties": {"when": {"type": "string"}, "weights": {"enum": ["best", "last"]}},
    "required": ["when", "weights"],
    "additionalProperties": {"type": ["number", "string", "null"]},
}
_CONTENT: Schema = {
    "type": "object",
    "properties": {"version": {"type": "integer"}, "scored": {"type": "array", "items": _TIME}},
    "required": ["version", "scored"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class TestScores:
    """The scores of a test part.

    Args:
        scores: of the samples.
        before: when it was scored before, with the weights and the figures of each time.
    """

    __test__ = False  # no class of tests, whatever its name says to pytest

    scores: Scores
    before: tuple[dict[str, Any], ...]

    @property
    def warning(self) -> str:
        """What a person should know where it is not the first time; else empty."""
        if not self.before:
            return ""
        times = "once" if len(self.before) == 1 else f"{len(self.before)} times"
        return (
            f"the test part was scored {times} before, last on {self.before[-1]['when'][:10]}: where figures of it "
            "have led to a choice, it has become a validation part"
        )


def score_test(run: StoredRun, device: str | None = None, weights: str = "best") -> TestScores:
    """Score a run on its test part, and note it in the run's folder.

    Args:
        run: to be scored.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`; None: `auto`.
        weights: of the `best` or the `last` epoch.

    Raises:
        SpecError: as `score_run`; NS601, there is no test part.
        ReadError: what the folder says of earlier times is damaged, or nothing can be written there.
    """
    before = read_tests(run.folder.path)
    scores = score_run(run, device, weights, TEST)
    entry = {"when": datetime.now(UTC).isoformat(timespec="seconds"), "weights": weights, **scores.row}
    content = {"version": 1, "scored": [*before, entry]}
    path = run.folder.path / FILE
    text = escaped_json(json.dumps(content, indent=1)) + "\n"
    try:
        write_atomically(path, lambda file: file.write_text(text, encoding="utf-8"))
    except OSError as error:
        raise ReadError(f"{path}: cannot be written: {(error.strerror or str(error)).lower()}") from None
    return TestScores(scores, before)


def read_tests(folder: Path) -> tuple[dict[str, Any], ...]:
    """Each time that the test part of a run was scored, the first one first.

    Args:
        folder: the run's.

    Raises:
        ReadError: the file is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return ()
    content = parse_json(read_text(path, FILE), path)
    if not conforms(content, _CONTENT):
        raise ReadError(f"{path}: cannot be read: it holds no scores of a test part")
    return tuple(content["scored"])

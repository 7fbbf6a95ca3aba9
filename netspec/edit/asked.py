"""A process that keeps the network of a run and answers questions about it: `python -m netspec.edit.asked RUN`.

Each line of its input is JSON, `{"file": "seven.png"}` or `{"scores": true}`, each line of its output the answer.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

TOP = 5  # classes
MOST_ROWS = 100  # of a table


def answers(run: str, allow_plugins: bool) -> Callable[[dict[str, Any]], Any]:
    """Read a run, and give the function that answers.

    Args:
        run: its folder.
        allow_plugins: whether its plugins may run.
    """
    from netspec.inference.loaded_run import load_run
    from netspec.inference.predict import make_predictor
    from netspec.inference.results import Fault
    from netspec.inference.scoring import score_run
    from netspec.reports.results import scores_json

    loaded = load_run(run, allow_plugins=allow_plugins)
    predictor = make_predictor(loaded)

    def answer(asked: dict[str, Any]) -> Any:
        if "file" not in asked:
            return scores_json(run, "best", score_run(loaded))
        predictions: list[Any] = []
        errors: list[Any] = []
        for found in predictor.stream([asked["file"]], TOP):
            (errors if isinstance(found, Fault) else predictions).append(found.plain())
            if len(predictions) >= MOST_ROWS:
                break
        return {"predictions": predictions, "errors": errors}

    return answer


def fault(error: Exception) -> dict[str, str]:
    """What failed, in a line.

    Args:
        error: any.
    """
    return {"error": (str(error).splitlines() or [type(error).__name__])[0]}


def main(run: str, allow_plugins: bool) -> None:
    """Answer each line of standard input.

    Args:
        run: its folder.
        allow_plugins: whether its plugins may run.
    """
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing that is printed gets into the answers

    def tell(content: Any) -> None:
        out.write(json.dumps(content) + "\n")
        out.flush()

    try:
        answer = answers(run, allow_plugins)
    except Exception as error:
        tell({**fault(error), "fatal": True})
        return
    for line in sys.stdin:
        try:
            tell(answer(json.loads(line)))
        except Exception as error:  # of this question; the next one may be right
            tell(fault(error))


if __name__ == "__main__":
    main(sys.argv[1], "--allow-plugins" in sys.argv[2:])

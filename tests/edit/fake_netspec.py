"""Acts as `netspec train` does for who watches it: a run's folder, an epoch now and then, an end at Ctrl-C."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

INFO = {"name": "net", "spec": "net.yaml", "folder": ".", "classes": ["a", "b"], "picture": True, "version": 1}


def main(arguments: list[str]) -> None:
    """Train: three epochs, or until a signal."""
    print("arguments", json.dumps(arguments), flush=True)
    if "fail" in arguments[-1]:
        print("net.yaml: 1 error\x1b[31m", flush=True)
        sys.exit(1)
    folder = Path(arguments[arguments.index("--out" if "--out" in arguments else "--resume") + 1])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spec.yaml").write_text("netspec: 1\ntrain: {epochs: 3}\n")
    epochs = 1000 if "--set" in arguments else 3

    def status(word: str) -> None:
        (folder / "run.json").write_text(json.dumps({**INFO, "status": word}))

    def end(*_: object) -> None:
        status("interrupted")
        sys.exit(130)

    signal.signal(signal.SIGINT, end)
    status("running")
    (folder / "last.ckpt").touch()
    for epoch in range(1, epochs + 1):
        with (folder / "metrics.jsonl").open("a") as file:
            file.write(json.dumps({"epoch": epoch, "train_loss": 1 / epoch}) + "\n")
        time.sleep(0.02)
    status("finished")


if __name__ == "__main__":
    main(sys.argv[1:])

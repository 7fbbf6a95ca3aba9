"""Acts as `netspec.edit.asked` does: an answer a line, and the number of its process in it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

if not Path(sys.argv[1]).is_dir():
    print(json.dumps({"error": "no such run", "fatal": True}), flush=True)
    sys.exit()
for line in sys.stdin:
    asked = json.loads(line)
    text = Path(asked["file"]).read_bytes().decode() if "file" in asked else "scores"
    if text == "die":
        sys.exit()
    found = {"predictions": [{"file": asked.get("file"), "values": [os.getpid()]}], "errors": [], "said": text}
    print(json.dumps({"error": "no picture"} if text == "bad" else found), flush=True)

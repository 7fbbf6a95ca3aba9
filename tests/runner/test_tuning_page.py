"""The example of docs/tuning.md is searched as the page says, with fewer trials."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "tuning.md").read_text(encoding="utf-8")


def test_the_page_is_what_happens(netspec: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(re.findall(r"^```yaml\n(.*?)^```", PAGE, re.S | re.M)[0])
    assert netspec("check", "net.yaml")[0] == 0
    (line,) = re.findall(r"^    netspec (tune .*--trials 20 .*)$", PAGE, re.M)
    code, out, _ = netspec(*shlex.split(line.replace("--trials 20", "--trials 2")))
    assert code == 0
    assert "best spec: runs/search/best.yaml" in out
    assert netspec("eval", "runs/search/trials/0001", "--test")[0] == 0
    for name in re.findall(r"`(\w+\.(?:png|csv|yaml|db))`", PAGE.partition("| File |")[2].partition("\n\n")[0]):
        assert (tmp_path / "runs" / "search" / name).is_file()

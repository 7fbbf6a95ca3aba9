"""The colours of pictures, light and dark: one table for SVG, PNG and the page."""

from __future__ import annotations

from collections.abc import Mapping

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif"
LIGHT = {
    "ground": "#ffffff",
    "node": "#ffffff",
    "box": "#f3f5f8",
    "edge": "#aab3c0",
    "line": "#7d8796",
    "ink": "#1c2430",
    "soft": "#5b6675",
    "params": "#2f6fde",
    "macs": "#e8853a",
    "times": "#7a3fd1",
    "error": "#c8102e",
    "warning": "#a86500",
    "note": "#5b6675",
}
DARK = {
    "ground": "#12161c",
    "node": "#1c222b",
    "box": "#171c24",
    "edge": "#4a5565",
    "line": "#8490a1",
    "ink": "#e8edf4",
    "soft": "#9aa7b8",
    "params": "#4c8dff",
    "macs": "#f0964e",
    "times": "#b794f6",
    "error": "#ff6b7d",
    "warning": "#f0b050",
    "note": "#9aa7b8",
}
RULES = """
.netspec{font-family:FONT;font-size:12px}
.netspec text{fill:var(--ink)}
.netspec .ground{fill:var(--ground)}
.netspec .shape{fill:var(--node);stroke:var(--edge);stroke-width:1}
.netspec .open>.shape{fill:var(--box)}
.netspec .repeat>.shape{stroke:var(--times);stroke-opacity:.55}
.netspec .closed.group>.shape,.netspec .closed.block>.shape{stroke:var(--ink);stroke-width:1.2}
.netspec .error>.shape{stroke:var(--error);stroke-width:2}
.netspec .warning>.shape{stroke:var(--warning);stroke-width:1.5}
.netspec .params{fill:var(--params)}
.netspec .macs{fill:var(--macs)}
.netspec .line{fill:none;stroke:var(--line);stroke-width:1.2}
.netspec .arrow{fill:var(--line)}
.netspec .label,.netspec .small,.netspec .problem{font-size:10px}
.netspec .label,.netspec .small{fill:var(--soft)}
.netspec .closed .small{fill:var(--ink);fill-opacity:.75}
.netspec .title{font-size:16px;font-weight:700}
.netspec .bold{font-weight:700}
.netspec .times{font-weight:700;fill:var(--times)}
.netspec text.error tspan{fill:var(--error)}
.netspec text.warning tspan{fill:var(--warning)}
.netspec text.note tspan{fill:var(--note)}
.netspec tspan{white-space:pre}
"""


def variables(colors: Mapping[str, str]) -> str:
    """Colours as CSS variables.

    Args:
        colors: by name.
    """
    return "".join(f"--{name}:{color};" for name, color in colors.items())


def stylesheet() -> str:
    """The CSS of an SVG: the colours follow the reader's system."""
    dark = f"@media(prefers-color-scheme:dark){{.netspec{{{variables(DARK)}}}}}"
    rules = RULES.replace("FONT", FONT).replace("\n", "")
    return f".netspec{{{variables(LIGHT)}}}{dark}{rules}"

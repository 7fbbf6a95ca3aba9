"""Names: which of them can name a submodule, and which known names a misspelt one is close to."""

from __future__ import annotations

import difflib
import keyword
import re
from collections.abc import Iterable
from functools import lru_cache

from netspec.core.tree import shorten

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
LONGEST_WORD = 100  # characters of a word that are compared
SURE, AHEAD = 0.75, 0.05  # the least similarity of a certain match, and its least lead over the next one

# What torch.nn.Module and torch.nn.Sequential define: a submodule of such a name would hide it (a test compares).
MODULE_ATTRIBUTES = frozenset(
    [
        "T_destination",
        "_apply",
        "_backward_hooks",
        "_backward_pre_hooks",
        "_buffers",
        "_call_impl",
        "_compiled_call_impl",
        "_forward_hooks",
        "_forward_hooks_always_called",
        "_forward_hooks_with_kwargs",
        "_forward_pre_hooks",
        "_forward_pre_hooks_with_kwargs",
        "_get_backward_hooks",
        "_get_backward_pre_hooks",
        "_get_item_by_idx",
        "_get_name",
        "_is_full_backward_hook",
        "_load_from_state_dict",
        "_load_state_dict_post_hooks",
        "_load_state_dict_pre_hooks",
        "_maybe_warn_non_full_backward_hook",
        "_modules",
        "_named_members",
        "_non_persistent_buffers_set",
        "_parameters",
        "_register_load_state_dict_pre_hook",
        "_register_state_dict_hook",
        "_replicate_for_data_parallel",
        "_save_to_state_dict",
        "_slow_forward",
        "_state_dict_hooks",
        "_state_dict_pre_hooks",
        "_version",
        "_wrapped_call_impl",
        "add_module",
        "append",
        "apply",
        "bfloat16",
        "buffers",
        "call_super_init",
        "children",
        "compile",
        "cpu",
        "cuda",
        "double",
        "dump_patches",
        "eval",
        "extend",
        "extra_repr",
        "float",
        "forward",
        "get_buffer",
        "get_extra_state",
        "get_parameter",
        "get_submodule",
        "half",
        "insert",
        "ipu",
        "load_state_dict",
        "modules",
        "mtia",
        "named_buffers",
        "named_children",
        "named_modules",
        "named_parameters",
        "parameters",
        "pop",
        "register_backward_hook",
        "register_buffer",
        "register_forward_hook",
        "register_forward_pre_hook",
        "register_full_backward_hook",
        "register_full_backward_pre_hook",
        "register_load_state_dict_post_hook",
        "register_load_state_dict_pre_hook",
        "register_module",
        "register_parameter",
        "register_state_dict_post_hook",
        "register_state_dict_pre_hook",
        "requires_grad_",
        "set_extra_state",
        "set_submodule",
        "share_memory",
        "state_dict",
        "to",
        "to_empty",
        "train",
        "training",
        "type",
        "xpu",
        "zero_grad",
    ]
)


def closest(word: str, candidates: Iterable[str]) -> list[str]:
    """Up to three of `candidates` that are similar to `word`, the most similar first.

    Args:
        word: the misspelt name; its letter case counts little.
        candidates: the known names.
    """
    return list(_closest(word[:LONGEST_WORD], tuple(candidates)))


@lru_cache(maxsize=1024)
def _closest(word: str, candidates: tuple[str, ...]) -> tuple[str, ...]:
    by_lower: dict[str, list[str]] = {}
    for candidate in candidates:
        by_lower.setdefault(candidate.lower(), []).append(candidate)
    matches = difflib.get_close_matches(word.lower(), by_lower, n=3, cutoff=0.6)
    upper = word[:1].isupper()  # Flaten is Flatten rather than flatten
    ranked = (sorted(by_lower[match], key=lambda name: (name[:1].isupper() != upper, name)) for match in matches)
    return tuple(candidate for group in ranked for candidate in group)[:3]


def certain_match(word: str, candidates: Iterable[str]) -> str | None:
    """The one of `candidates` that `word` is certainly a misspelling of; a check then continues with it."""
    matches = closest(word, candidates)
    if not matches:
        return None
    others = (match for match in matches if match.lower() != matches[0].lower())
    first, second = _similarity(word, matches[0]), max((_similarity(word, match) for match in others), default=0.0)
    return matches[0] if first >= SURE and first - second >= AHEAD else None


def _similarity(word: str, candidate: str) -> float:
    return difflib.SequenceMatcher(None, candidate.lower(), word.lower()[:LONGEST_WORD]).ratio()


def one_edit_away(word: str, other: str) -> bool:
    """Whether one letter less, one more, another one, or two exchanged ones make `other` of `word`."""
    start = next((i for i, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), min(len(word), len(other)))
    left, right = word[start:], other[start:]
    edits = (left[1:] == right, left == right[1:], left[1:] == right[1:], left[1::-1] + left[2:] == right)
    return word != other and any(edits)


def did_you_mean(matches: list[str]) -> str:
    """`; did you mean Conv2d?`; empty without matches."""
    return f"; did you mean {' or '.join(matches)}?" if matches else ""


def name_fault(name: str) -> tuple[str, str] | None:
    """Why `name` cannot name an item: a code and a message, or None."""
    if name == "input":
        return "NS207", "the name input is taken: it means what enters the scope"
    if not NAME.match(name) or keyword.iskeyword(name):
        return "NS207", f"{shorten(name)!r} is no name: letters, digits and _ only, no digit first, no word of Python"
    if name in MODULE_ATTRIBUTES or name.startswith("__"):
        return "NS208", f"the name {shorten(name)} would hide torch.nn.Module's own"
    return None

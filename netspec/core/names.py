"""Names: which of them can name a submodule or a variable, and which known names a misspelt one is close to."""

from __future__ import annotations

import difflib
import keyword
import re
from collections.abc import Iterable
from functools import lru_cache

from netspec.core.tree import shorten

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
TAKEN_BY_SCOPES = "input"  # what enters a scope
LONGEST_NAME = 200  # characters; each module inside one repeats it in its path
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
    matches = difflib.get_close_matches(word.lower(), by_lower, n=6, cutoff=0.6)
    matches.sort(key=lambda match: (-_similarity(word, match), match))
    upper = word[:1].isupper()  # Flaten is Flatten rather than flatten
    ranked = (sorted(by_lower[match], key=lambda name: (name[:1].isupper() != upper, name)) for match in matches)
    found = [candidate for group in ranked for candidate in group]
    if upper:  # BatchNorm is one of the layers BatchNorm1d, …, and not the function batch_norm
        found = [candidate for candidate in found if candidate[:1].isupper()] or found
    return tuple(found[:3])


def certain_match(word: str, candidates: Iterable[str]) -> str | None:
    """The one of `candidates` that `word` is certainly a misspelling of; a check then continues with it."""
    return _certain_match(word[:LONGEST_WORD], tuple(candidates))


@lru_cache(maxsize=1024)
def _certain_match(word: str, candidates: tuple[str, ...]) -> str | None:
    matches = _closest(word, candidates)
    if not matches:
        return None
    others = (match for match in matches if match.lower() != matches[0].lower())
    first, second = _similarity(word, matches[0]), max((_similarity(word, match) for match in others), default=0.0)
    return matches[0] if first >= SURE and first - second >= AHEAD else None


LEAST_PART = 3  # letters of the part of a name in which a slip is one: enc_a is not a misspelt enc_b
_PART = re.compile(r"[^\W\d_]+")


def sure_match(word: str, candidates: Iterable[str]) -> str | None:
    """The one of `candidates` that `word` is, but for letter case or one slip; None where it is as near to several.

    A slip is a letter too many, missing, or wrong, or two that are swapped (Damerau-Levenshtein distance 1). A digit is
    no slip: Conv4d is none of Conv1d, Conv2d and Conv3d.

    Args:
        word: the misspelt name.
        candidates: the known names.
    """
    return _sure_match(word[:LONGEST_WORD], tuple(candidates))


@lru_cache(maxsize=1024)
def _sure_match(word: str, candidates: tuple[str, ...]) -> str | None:
    if word in candidates:
        return word  # it was written as torch.nn.ReLU, say
    lower = word.lower()
    near = [name for name in dict.fromkeys(candidates) if abs(len(name) - len(word)) <= 1]
    same = [name for name in near if name.lower() == lower]
    slips = same or [name for name in near if _is_slip(lower, name.lower(), parts=False)]
    if len({name.lower() for name in slips}) != 1:
        return None
    alike = [name for name in slips if name[:1].isupper() == word[:1].isupper()] if len(slips) > 1 else slips
    return alike[0] if len(alike) == 1 and (same or _is_slip(lower, alike[0].lower())) else None


def _is_slip(word: str, name: str, *, parts: bool = True) -> bool:
    """Whether two words differ by one slip; with `parts` only one of letters, in a part of the name that is a word."""
    start = next((at for at, (a, b) in enumerate(zip(word, name, strict=False)) if a != b), min(len(word), len(name)))
    longest = min(len(word), len(name)) - start
    end = next((at for at in range(longest) if word[-1 - at] != name[-1 - at]), longest)
    old, new = word[start : len(word) - end], name[start : len(name) - end]
    if max(len(old), len(new)) > 1 and not (len(old) == len(new) == 2 and old == new[::-1]):
        return False
    if not parts:
        return True
    if not (old + new).isalpha():
        return False
    longer, width = (word, len(old)) if len(word) >= len(name) else (name, len(new))
    return any(
        part.start() <= start and start + width <= part.end() and part.end() - part.start() > LEAST_PART
        for part in _PART.finditer(longer)
    )


def _similarity(word: str, candidate: str) -> float:
    return difflib.SequenceMatcher(None, candidate.lower(), word.lower()[:LONGEST_WORD]).ratio()


def did_you_mean(matches: list[str]) -> str:
    """`; did you mean Conv2d?`; empty without matches."""
    return f"; did you mean {' or '.join(matches)}?" if matches else ""


def name_fault(name: str) -> tuple[str, str, str] | None:
    """Why `name` cannot name an item: a code, a message, and a name that can; None where it can.

    It can where torch's `add_module` takes it: any text without a dot that is no attribute of a Module.
    """
    if name == TAKEN_BY_SCOPES:
        return "NS207", "the name input is taken: it means what enters the scope", "input_"
    if not name:
        return "NS207", "an empty name: a submodule has at least one character, or no name at all", "layer"
    if len(name) > LONGEST_NAME:
        return "NS207", f"{shorten(name)!r} is longer than {LONGEST_NAME} characters", "layer"
    if "." in name:
        return "NS207", f"{shorten(name)!r} is no name: a dot stands in names of items alone", name.replace(".", "_")
    if not name.isprintable():
        usable = "".join(character if character.isprintable() else "_" for character in name)
        return "NS207", f"{shorten(name)!r} is no name: it has a character that cannot be shown", usable
    if name in MODULE_ATTRIBUTES or (name.startswith("__") and name.endswith("__")):
        usable = f"{name.strip('_') or 'layer'}_"
        return "NS208", f"the name {shorten(name)} would hide torch.nn.Module's own", usable
    return None


def item_name_fault(name: str) -> tuple[str, str, str] | None:
    """Why `name` cannot name an item; as `name_fault`, but `convs.0` can: the item 0 that the list `convs` holds."""
    parts = name.split(".")
    if len(parts) == 1 or len(name) > LONGEST_NAME:
        return name_fault(name)
    if not all(parts):
        usable = ".".join(part for part in parts if part) or "layer"
        return "NS207", f"{shorten(name)!r} is no name: a dot stands between a list and what it holds", usable
    for place, part in enumerate(parts):
        fault = name_fault(part)
        if fault is not None:
            return fault[0], fault[1], ".".join((*parts[:place], fault[2], *parts[place + 1 :]))
    return None


def variable_fault(name: str) -> tuple[str, str, str] | None:
    """Why `name` cannot name an input of the network, which is a parameter of `forward`; as `name_fault`."""
    fault = name_fault(name)
    if fault is not None or (NAME.match(name) and not keyword.iskeyword(name)):
        return fault
    message = f"{shorten(name)!r} is no name of an input: letters, digits and _ only, no digit first, no word of Python"
    return "NS207", message, variable(name)


def variable(name: str) -> str:
    """The name of a variable for a submodule of that name: `block1_0` for block1-0, `x0` for 0."""
    text = re.sub(r"[^A-Za-z0-9_]", "_", name)
    text = text if NAME.match(text) else f"x{text}"
    return f"{text}_" if keyword.iskeyword(text) else text


def is_attribute(name: str) -> bool:
    """Whether `self.name` is a submodule of that name; Python changes other letters than ASCII's, and `__name`."""
    return bool(NAME.match(name)) and not keyword.iskeyword(name) and not name.startswith("__")

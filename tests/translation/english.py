"""Whether a translated text still has English prose: words that are neither quoted nor names of netspec or torch."""

from __future__ import annotations

import re

# Words that stand in sentences alone, and are no names of layers, arguments or keys.
WORDS = (
    *("are", "already", "be", "been", "behind", "called", "cannot", "did", "does", "gets", "gives", "got", "has"),
    *("have", "is", "it", "its", "into", "more", "must", "needs", "never", "of", "takes", "than", "that", "the"),
    *("there", "they", "those", "too", "was", "which", "whose", "will", "without", "would"),
)
_QUOTED = re.compile(r"""(?<!\w)(?:'[^']*'|"[^"]*"|`[^`]*`)(?!\w)""")
_CODE = re.compile(r"pip install|netspec [a-z]+ |if condition else|\{[^{}]*\}|\[[^\[\]]*\]|\S*[._/=]\S*")
_ENGLISH = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, WORDS))})(?![\w-])|\b[a-z]{{2,}} [a-z]{{2,}}\b")


def english_in(text: str) -> list[str]:
    """The English words that are left in a text, without what is quoted and what is code."""
    return _ENGLISH.findall(_CODE.sub(" ", _QUOTED.sub(" ", text)))

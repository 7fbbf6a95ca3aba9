"""The truth beside the samples of files: names of folders and cells of tables → targets as a run's loss takes them."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from netspec.core.names import closest, did_you_mean
from netspec.core.shapes import Shape
from netspec.objective.targets import TargetError, kind_of, prepare_targets

MOST_NAMED = 12  # classes that a message lists
MOST_KEPT = 4096  # words whose meaning is remembered: classes are few, measured numbers are not


@dataclass(frozen=True)
class Labels:
    """What a run's targets are called.

    A class is called by its name, else by its number, where no class has a number for a name.

    Args:
        classes: their names; empty where the run's data told numbers alone.
        column: the target's name in a table.
        loss: its name.
        output: the output's sample shape.
    """

    classes: tuple[str, ...]
    column: str
    loss: str
    output: Shape
    _seen: dict[str, float | str] = field(default_factory=dict, repr=False)

    def read(self, word: str, number: float) -> float | str:
        """The target that a word stands for, or why it stands for none (which follows on the word).

        Args:
            word: as written, without blanks around it.
            number: the word as a number; NaN where it is none.
        """
        found = self._seen.get(word)
        if found is None:
            found = self._read(word, number)
            if len(self._seen) < MOST_KEPT:
                self._seen[word] = found
        return found

    def batch(self, targets: list[float]) -> torch.Tensor:
        """Targets that were read, as the loss takes them: [B] or [B, *output].

        Raises:
            TargetError: the loss takes no single number for a sample.
        """
        return prepare_targets(torch.tensor(targets), self.loss, self.output)

    def _read(self, word: str, number: float) -> float | str:
        if word in self.classes:
            return float(self.classes.index(word))
        if self.classes:
            numbered = any(name.isdecimal() for name in self.classes)
            if numbered or not number.is_integer() or not 0 <= number < len(self.classes):
                names = ", ".join(self.classes[:MOST_NAMED]) + (", …" if len(self.classes) > MOST_NAMED else "")
                return f", which is no class of the run ({names}){did_you_mean(closest(word, list(self.classes)))}"
        if number - number != 0:  # neither NaN nor an infinity takes itself away
            return ", which is no number" + (" of a class" if kind_of(self.loss) == "classes" else "")
        try:
            self.batch([number])
        except TargetError as error:
            return f": {error}"
        return number

"""The tables of lint rules for a network with `data` or `train`.

DATA_AND_LOSS compares the network with its data and losses, as far as the spec tells, and may find errors;
WARNINGS only warns. A rule in a table …_OF_HEADS is called once for each output that has a loss.
"""

from __future__ import annotations

from netspec.lint import (
    class_axis,
    further_outputs,
    losses,
    outputs,
    own_code,
    parts,
    reconstruction,
    samples,
    targets,
    text,
    train_keys,
)
from netspec.lint.context import HeadRule, Rule

DATA_AND_LOSS: tuple[Rule, ...] = (
    outputs.losses,  # NS617
    further_outputs.further,  # NS617
    outputs.inputs_by_name,  # NS602
    outputs.targets_by_name,  # NS603
    reconstruction.reconstruction,  # NS603
    samples.samples,  # NS602
    samples.lone_sample,  # NS613
    text.vocabulary,  # NS602
    parts.by_class,  # NS630
    train_keys.patterns,  # NS615
    train_keys.metrics,  # NS616
    train_keys.monitor,  # NS616
    train_keys.mixing,  # NS616
    train_keys.stepping,  # NS616, NS203
)
DATA_AND_LOSS_OF_HEADS: tuple[HeadRule, ...] = (
    targets.classes,  # NS603, NS914
    targets.one_class,  # NS610
    class_axis.class_axis,  # NS603, NS610
    losses.bce_without_sigmoid,  # NS611
    targets.of_itself,  # NS603
    targets.shapes,  # NS612, NS603, NS915
    losses.nll_without_log,  # NS614
    further_outputs.alike,  # NS603, NS617
    further_outputs.variances,  # NS618
)
WARNINGS: tuple[Rule, ...] = (
    outputs.untrained,  # NS919
    own_code.own_code,  # NS923
)
WARNINGS_OF_HEADS: tuple[HeadRule, ...] = (
    losses.activation_of_loss,  # NS904
    losses.unwanted_activation,  # NS908
    class_axis.unnoticed,  # NS921
)

"""The table of rules that propose fixes. It is imported where a network has a problem, since a right one needs none."""

from __future__ import annotations

from netspec.fixes import (
    arguments,
    attention,
    change_branch,
    channels,
    encoder_states,
    extra_axes,
    insert_layer,
    joins,
    made_widths,
    masks,
    one_hot,
    ranks,
    recurrent,
    references,
    reshapes,
    sequence_axes,
    several_outputs,
    shortcuts,
    sizes,
    small_inputs,
    widths,
)
from netspec.fixes.context import Rule

# In the order of their candidates: what is rarely the right fix comes last.
RULES: tuple[Rule, ...] = (
    *references.RULES,
    *one_hot.RULES,
    *several_outputs.RULES,
    *encoder_states.RULES,
    *recurrent.RULES,
    *extra_axes.FIRST_RULES,
    *sequence_axes.RULES,
    *attention.RULES,
    *masks.RULES,
    *made_widths.FIRST_RULES,
    *reshapes.RULES,
    *ranks.RULES,
    *extra_axes.RULES,
    *channels.RULES,
    *sizes.FIRST_RULES,
    *widths.RULES,
    *joins.RULES,
    *arguments.RULES,
    *small_inputs.RULES,
    shortcuts.projection,
    *change_branch.RULES,
    shortcuts.downsample,
    *insert_layer.RULES,
    *sizes.RULES,
    *made_widths.RULES,
    *insert_layer.LAST_RULES,
)

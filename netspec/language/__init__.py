"""text → Spec: the located tree, includes and settings, sections and keys, blocks and items; and back to text.

Input: the text of a spec or its path, settings, and what the user allows of plugins.
Output: a Spec with its diagnostics; values of nodes; YAML text.
Public: load.load, spec.Spec, spec.Item, source.compose, evaluate.param_values, evaluate.plain_value, emit.emit,
    ranges.ranges, ranges.accepts_shape, plugins.Plugins.
"""

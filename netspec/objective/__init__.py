"""Losses, the outputs that they are for, and targets in the dtype and shape that each loss takes.

Input: the node `loss` of a spec, the report of its network, targets [N, *target].
Output: Terms, Heads, an Objective; prepared targets [N, *target].
Public: losses.read_terms, losses.heads_of, losses.network_inputs, losses.Head, losses.Term, losses.Objective,
    losses.Tensors, losses.as_tuple, targets.prepare_targets, targets.probabilities.
"""

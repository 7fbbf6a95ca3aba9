"""Checks what is not about shapes: data, losses, the structure of the network, budgets, declared sizes.

Input: a Spec with its Graph, or a Report whose shapes are inferred.
Output: Diagnostics with candidate fixes.
Public: rules.lint, budgets.expectations, budgets.parse_bytes, ignores.all_ignores, ignores.without_ignored,
ignores.ignorable, promised_sizes.check_shown_sizes, promised_sizes.check_all_sizes, torch_versions.graph_for_torch.
"""

"""Spec → Graph: blocks, groups, repeats, branches and references become a flat list of calls.

Input: a Spec.
Output: a Graph without shapes, and diagnostics.
Public: expand.expand, graph.Graph, graph.Call, graph.Ref.
"""

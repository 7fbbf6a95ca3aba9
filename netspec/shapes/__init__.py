"""Shapes, dtypes and counts of every call of a graph, what is wrong with them, and where a value comes from.

Input: a flat Graph, with the sample shape and dtype of each input.
Output: what is known of each call, and the problems in the order of the calls.
Public: infer.infer, infer.Inference, apply.apply, apply.Outcome, apply.Problem, provenance.Provenance, report.Report,
report.Inferred.
"""

"""What every package builds on: diagnostics and their codes, shapes, expressions, names, the located tree, files.

Input: texts, paths and names that a user wrote.
Output: diagnostics with their spans, shapes of one sample, values of expressions, paths and texts of files.
Public: diagnostics.Diagnostic, diagnostics.Findings, diagnostics.SpecError, codes.explanation, shapes.Tensor,
    expressions.evaluate, names.closest, tree.Span, files.read_text, installed.require_packages.
"""

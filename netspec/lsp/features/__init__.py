"""Analysis → answers: one file for each feature of the Language Server Protocol, each of pure functions.

What may be written, and what it means, is read from the tables of the check.

Input: an Analysis, with positions and ranges of the protocol.
Output: values of lsprotocol.
Public: diagnostics.diagnostics, actions.code_actions, hints.hints, hover.hover, completion.completions,
    symbols.symbols, symbols.folds, formatting.formatted, graph.graph.
"""

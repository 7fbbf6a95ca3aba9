"""Texts in an editor → what the Language Server Protocol tells of them: findings, shapes, completions, renamings.

`analyse` makes one frozen Analysis of each version of a text, by the same check as `netspec check`; each file of
`features/` turns an Analysis into one kind of answer, and `make_server` hands these to an editor.

Input: Messages of the protocol, with texts and positions in them.
Output: its answers, and diagnostics.
Public: server.make_server, analysis.analyse, positions.Positions, workbench.Workbench, serving.serve_stdio,
    serving.serve_tcp.
"""

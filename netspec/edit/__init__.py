"""The page of `netspec edit`: a server on the loopback address for one folder of specs and its runs.

A spec is written, drawn, trained and asked in it. `security.py` stands before all routes, which `app.py` names. Nothing
here imports torch: what trains or predicts is a `netspec` of its own.

Input: a folder, and what its plugins may do.
Output: a server that listens, and the page's address.
Public: serve.make_server, app.Setting, files.Folder, files.Refused.
"""

"""The page of `netspec edit`: a server on the loopback address for one folder of specs and its runs.

In: a folder, what plugins may do, a port. Out: the page, in which a spec is written, drawn, trained and asked. Start
with `app.py`, whose routes name the rest; `security.py` is before all of them. Nothing here imports torch: what trains
or predicts is a `netspec` of its own.
"""

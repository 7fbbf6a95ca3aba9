"""Tables: files, the kinds of their columns, and cells as the numbers that a network takes.

Input: a path, and the keys of a spec.
Output: Columns, which are fitted to the training part, and the numbers that they encode.
Public: files.read_table, columns.Column, kinds.read_columns, reading.read_like, encoding.fit, encoding.encode.
"""

"""Tables: files, the kinds of their columns, and cells as the numbers that a network takes.

Input: a path, and a spec's keys. Output: Columns, fitted to the training part, and what they encode.

Public: files.read_table, columns.Column, kinds.read_columns, encoding.encode.
"""

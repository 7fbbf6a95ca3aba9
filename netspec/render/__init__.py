"""What people and programs read: text, JSON, SARIF, GitHub annotations, tables, the JSON Schema, the reference pages.

Input: Reports with their diagnostics, and records of runs.
Output: text, or plain data for JSON.
Public: text.render, text.Look, json.report_json, json.json_text, sarif.sarif, github.annotation, summary.summary_text,
    tables.Table, tables.table_text, schema.language_schema.
"""

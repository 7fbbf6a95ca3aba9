"""What was found → text, JSON, SARIF, GitHub annotations, tables, the reference pages and the JSON Schema."""

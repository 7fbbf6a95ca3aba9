"""Problem → Diagnostic with fixes: edits of the text, of which those stay that a full check confirms."""

"""Finds fixes for what is wrong with a spec, and keeps those that a full check confirms.

Input: the Problems that shape inference found; for `verify` the Diagnostics of a whole check.
Output: Diagnostics with Fixes, which are Edits of the spec's text.
Public: diagnose.diagnose, diagnose.output_fixes, verify.verified, verify.edited,
edits.set_argument, edits.insert_before, edits.insert_after, edits.remove_item, edits.optional_fix.
"""

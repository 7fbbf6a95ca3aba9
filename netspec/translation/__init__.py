"""English texts for people → another language: messages, notes, titles of fixes, and what codes mean.

netspec writes English everywhere, by f-strings where a message is found. Only what shows a text to people turns it into
another language: `in_language(found, "zh")` for a finding, `translate(text, "zh")` for a line. The catalogue
(`netspec/locale`, gettext's format) has the f-strings with names for their holes, as `{layer} expects {size} features`;
a text is matched against them, and what fills the holes is translated in turn. English needs none of this, and does
not import it. `languages.py` says which language is wanted.
"""

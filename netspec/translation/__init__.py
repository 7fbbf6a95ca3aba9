"""English texts for people → another language: messages, notes, titles of fixes, and what codes mean.

netspec writes English everywhere, by f-strings where a message is found; only what shows a text to people turns it into
another language. The catalogue (`netspec/locale`, gettext's format) has the f-strings with names for their holes, as
`{name} expects {sizes} {unit}`; a text is matched against them, and what fills the holes is translated in turn. English
needs none of this, and does not import it.

Input: a text or a finding in English, and a language.
Output: the same in that language; English where no key makes it.

Public: languages.in_language, languages.translate, languages.wanted_language, translate.Translator.
"""

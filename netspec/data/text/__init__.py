"""Text: files, tokenizers, and tokens as compact arrays from which batches are padded or cut.

Input: a path, and the keys of a spec.
Output: a Tokenizer that is made of the training part, and Tokens: the samples of a split, which stay compact.
Public: documents.load, windows.load, tagged.load, sources.Documents, tokenizer.Tokenizer, learning.learn,
    tokens.Tokens, tokens.Padding, format.TextFormat, feed.TokenFeed.
"""

"""For which input sizes a network is right: found by inferring it at each of them, never by guessing.

Input: a Graph, with the sizes of its inputs that vary and the ranges that they vary in.
Output: the right sizes, their wording, and fixes that narrow the ranges of a spec to them.
Public: question.answer, question.Answer, nearby.nearby, nearby.Nearby, search.valid_sizes, search.ValidSizes,
search.Family, walk.Walker, words.valid_size_lines, narrowing.narrowed.
"""

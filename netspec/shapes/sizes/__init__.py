"""For which input sizes a network is right: by arithmetic along an axis, else inferred at each.

Input: a Graph, with the sizes of its inputs that vary and the ranges that they vary in.
Output: the right sizes, their wording, and fixes that narrow the ranges of a spec to them.
Public: question.answer, question.Answer, nearby.nearby, nearby.Nearby, search.valid_sizes, search.ValidSizes,
search.Family, line.Line, axis_maps.AxisMap, budget.Budget, walk.Walker, words.valid_size_lines, narrowing.narrowed.
"""

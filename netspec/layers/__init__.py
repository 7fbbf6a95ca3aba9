"""The table of layers and functions of torch: a file for each family, a record for each layer.

Input: the arguments of a layer as a spec gives them, and the sample shapes of its inputs.
Output: the shapes, dtypes and counts of what the layer gives, its Python code, and the JSON Schema of its arguments.
Public: table.TABLE, table.FAMILIES, record.Layer, record.Arg, record.Case, record.case, record.no_parameters,
arguments.Kind, code.application, plugin.PluginLayer.
"""

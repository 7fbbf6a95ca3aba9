"""Plugins: whether one may run, its import, its layers, and the shapes that torch's meta device finds.

Input: the name of a plugin, what the person allows, and the folder of the spec.
Output: records of its layers, as those of the table, and what is wrong with the plugin.
Public: permission.plugin_permission, permission.PluginPermission, importing.load_plugin, records.layers_of,
verify.check_rules.
"""

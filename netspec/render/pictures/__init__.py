"""Pictures of a network: SVG, PNG, a page for the browser, Mermaid, DOT, and the JSON that they are made from.

Input: Reports, of wrong specs too.
Output: text, and for PNG a layout that `reports` draws.
Public: tree.Node, tree.Edge, tree.Problem, build.network_tree, scene.scene, scene.Scene, formats.FORMATS,
    formats.picture.
"""

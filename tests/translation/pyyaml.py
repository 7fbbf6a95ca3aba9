"""What PyYAML says of a text that is no YAML: messages that no source of netspec has."""

from __future__ import annotations

# Of libyaml, and of PyYAML's own parser, which is there where libyaml is not.
_WHILE = (
    *("scanning a simple key", "scanning for the next token", "scanning a block scalar", "scanning a quoted scalar"),
    *("scanning a plain scalar", "scanning a double-quoted scalar", "scanning an anchor", "scanning an alias"),
    *("scanning a tag", "scanning a directive", "parsing a block mapping", "parsing a block collection"),
    *("parsing a flow mapping", "parsing a flow sequence", "parsing a node", "parsing a block node"),
    *("parsing a flow node", "parsing a quoted scalar"),
)
OF_PYYAML = (
    *(f"while {what} {{problem}}" for what in _WHILE),
    *("could not find expected ':'", "found character that cannot start any token"),
    *("found character {character} that cannot start any token", "mapping values are not allowed {where}"),
    *("block sequence entries are not allowed {where}", "sequence entries are not allowed {where}"),
    *("mapping keys are not allowed {where}", "in this context", "did not find expected key"),
    *("did not find expected '-' indicator", "did not find expected ',' or ']'", "did not find expected ',' or '}}'"),
    *("did not find expected node content", "did not find expected <document start>", "found undefined tag handle"),
    *("found unexpected end of stream", "found unexpected document indicator", "found unknown escape character"),
    *("found unknown escape character {character}", "found unexpected document separator"),
    *("found a tab character that violates indentation", "found unexpected ':'"),
    *("found a tab character where an indentation space is expected", "expected <block end>, but found {token}"),
    *("did not find expected alphabetic or numeric character", "did not find expected comment or line break"),
    *("did not find expected whitespace or line break", "did not find expected hexdecimal number"),
    *("expected ',' or ']', but got {token}", "expected ',' or '}}', but got {token}"),
    *("expected the node content, but found {token}", "expected alphabetic or numeric character, but found {token}"),
    *("found incompatible YAML document", "found unknown directive name", "found duplicate %YAML directive"),
)

"""What SARIF 2.1.0 (OASIS, 27 March 2020) asks of the objects that netspec writes, section by section.

Closed objects: a property that is not listed here is none of SARIF's, or one that netspec does not write.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def closed(properties: Schema, *required: str) -> Schema:
    """An object with these properties and no others."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def listed(items: Schema, least: int = 0, unique: bool = True) -> Schema:
    """A list; most of SARIF's are sets."""
    return {"type": "array", "items": items, "minItems": least, "uniqueItems": unique}


TEXT: Schema = {"type": "string", "minLength": 1}
ONE_BASED: Schema = {"type": "integer", "minimum": 1}
LEVEL: Schema = {"enum": ["none", "note", "warning", "error"]}  # 3.27.10
MESSAGE = closed({"text": TEXT}, "text")  # 3.11
MULTIFORMAT = closed({"text": TEXT, "markdown": TEXT}, "text")  # 3.12
# 3.10.2: a URI reference (RFC 3986), so no spaces, angle brackets, backslashes or raw characters outside ASCII
URI: Schema = {"type": "string", "pattern": r"^(?:[A-Za-z0-9\-._~:/?#@!$&'()*+,;=\[\]]|%[0-9A-Fa-f]{2})+$"}
ARTIFACT_LOCATION = closed({"uri": URI}, "uri")  # 3.4
REGION = closed(dict.fromkeys(("startLine", "startColumn", "endLine", "endColumn"), ONE_BASED), "startLine")  # 3.30
PHYSICAL = closed({"artifactLocation": ARTIFACT_LOCATION, "region": REGION}, "artifactLocation")  # 3.29
LOGICAL = closed({"fullyQualifiedName": TEXT, "kind": TEXT})  # 3.33
LOCATION = closed({"physicalLocation": PHYSICAL, "logicalLocations": listed(LOGICAL), "message": MESSAGE})  # 3.28
CONTENT = closed({"text": {"type": "string"}})  # 3.3
REPLACEMENT = closed({"deletedRegion": REGION, "insertedContent": CONTENT}, "deletedRegion")  # 3.57
CHANGE = closed(
    {"artifactLocation": ARTIFACT_LOCATION, "replacements": listed(REPLACEMENT, least=1, unique=False)},
    "artifactLocation",
    "replacements",
)  # 3.56
FIX = closed({"description": MESSAGE, "artifactChanges": listed(CHANGE, least=1)}, "artifactChanges")  # 3.55
RESULT = closed(
    {
        "ruleId": TEXT,
        "ruleIndex": {"type": "integer", "minimum": -1},
        "level": LEVEL,
        "message": MESSAGE,
        "locations": listed(LOCATION, unique=False),
        "relatedLocations": listed(LOCATION),
        "fixes": listed(FIX),
    },
    "message",
)  # 3.27
RULE = closed(
    {
        "id": TEXT,
        "shortDescription": MULTIFORMAT,
        "fullDescription": MULTIFORMAT,
        "help": MULTIFORMAT,
        "defaultConfiguration": closed({"level": LEVEL}),
    },
    "id",
)  # 3.49
DRIVER = closed({"name": TEXT, "version": TEXT, "rules": listed(RULE)}, "name")  # 3.19
NOTIFICATION = closed({"level": LEVEL, "message": MESSAGE, "locations": listed(LOCATION)}, "message")  # 3.58
INVOCATION = closed(
    {"executionSuccessful": {"type": "boolean"}, "toolExecutionNotifications": listed(NOTIFICATION)},
    "executionSuccessful",
)  # 3.20
RUN = closed(
    {
        "tool": closed({"driver": DRIVER}, "driver"),
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "newlineSequences": listed(TEXT, least=1),
        "invocations": listed(INVOCATION),
        "artifacts": listed(closed({"location": ARTIFACT_LOCATION})),
        "results": listed(RESULT, unique=False),
    },
    "tool",
)  # 3.14
LOG = closed(
    {"$schema": URI, "version": {"const": "2.1.0"}, "runs": listed(RUN, unique=False)}, "version", "runs"
)  # 3.13

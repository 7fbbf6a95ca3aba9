"""The published JSON Schema of SARIF 2.1.0, and what its formats mean: `sarif-schema-2.1.0.json` beside this file.

Copyright © OASIS Open 2020. All Rights Reserved. From the OASIS Standard "Static Analysis Results Interchange Format
(SARIF) Version 2.1.0", 27 March 2020, unchanged: OASIS lets it be copied and furnished to others without restriction as
long as this notice is kept. Never edit it; what netspec writes has to hold against it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from jsonschema import Draft7Validator, FormatChecker

SCHEMA = json.loads(Path(__file__).with_name("sarif-schema-2.1.0.json").read_text())
# RFC 3986: no spaces, angle brackets, backslashes or raw characters outside ASCII
REFERENCE = re.compile(r"(?:[A-Za-z0-9\-._~:/?#@!$&'()*+,;=\[\]]|%[0-9A-Fa-f]{2})*")

formats = FormatChecker()


@formats.checks("uri-reference")
def is_reference(value: object) -> bool:
    return not isinstance(value, str) or REFERENCE.fullmatch(value) is not None


@formats.checks("uri")
def is_uri(value: object) -> bool:
    return not isinstance(value, str) or (is_reference(value) and re.match(r"[A-Za-z][\w+.-]*:", value) is not None)


VALIDATOR = Draft7Validator(SCHEMA, format_checker=formats)

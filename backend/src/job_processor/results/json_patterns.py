"""Regular expressions for the tokens of JSON. Quantifiers are possessive, so that there is no backtracking.

Repeated groups are atomic instead (``(?>(?:…)*)``), because possessive groups have a bug before Python 3.11.4.
"""

import re

WHITE_SPACE = r"[ \t\n\r]*+"
STRING = r'"[^"\\\x00-\x1f]*+(?>(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*)"'
NUMBER = r"-?(?:0|[1-9][0-9]*+)(?>(?:\.[0-9]++)?)(?>(?:[eE][+-]?[0-9]++)?)"
LITERAL = r"(?:true|false|null)"

LONE_SURROGATE = re.compile("[\ud800-\udfff]")
"""A lone surrogate in a decoded string, which UTF-8 cannot encode."""
ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
"""The escape of a surrogate, alone or in a pair."""

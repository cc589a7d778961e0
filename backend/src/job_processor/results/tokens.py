"""Regular expressions for JSON's tokens, without backtracking: quantifiers are possessive.

Repeated groups are atomic instead (``(?>(?:…)*)``), because possessive groups are broken before Python 3.11.4.
"""

import re

WHITE_SPACE = r"[ \t\n\r]*+"
STRING = r'"[^"\\\x00-\x1f]*+(?>(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*)"'
NUMBER = r"-?(?:0|[1-9][0-9]*+)(?>(?:\.[0-9]++)?)(?>(?:[eE][+-]?[0-9]++)?)"
LITERAL = r"(?:true|false|null)"

LONE_SURROGATE = re.compile("[\ud800-\udfff]")
"""A lone surrogate in a decoded string: not a character, and not encodable as UTF-8."""
ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
"""The escape of a surrogate, lone or one of a pair."""

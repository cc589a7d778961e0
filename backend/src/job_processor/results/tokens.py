"""JSON's tokens as patterns. Possessive throughout: no text makes them go back and try again.

A group that repeats is atomic (``(?>(?:…)*)``) instead: Python before 3.11.4 reads possessive groups wrongly.
"""

import re

WHITE_SPACE = r"[ \t\n\r]*+"
STRING = r'"[^"\\\x00-\x1f]*+(?>(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*)"'
NUMBER = r"-?(?:0|[1-9][0-9]*+)(?>(?:\.[0-9]++)?)(?>(?:[eE][+-]?[0-9]++)?)"
LITERAL = r"(?:true|false|null)"

HALF = re.compile("[\ud800-\udfff]")
"""Half a surrogate pair in a decoded string: no character, and nothing that UTF-8 can carry."""
ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""Where a half, or a pair, is written as an escape."""

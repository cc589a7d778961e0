r"""Detects a backslash that was not escaped in JSON: ``"\frac"`` decodes to a form feed and ``rac``.

A line break or tab before an ordinary word is not reported. It must look like a LaTeX command or a Windows path, or be
another control character, which does not occur in ordinary text.
"""

import re

# LaTeX commands whose rest after the first letter is not an ordinary word, which could begin a line or a column.
_COMMANDS = {
    "\t": "times|theta|text[a-z]*|tau|tanh|tilde|tfrac|triangle[a-z]*|therefore|thickapprox|tbinom",
    "\n": "nabla|neq|notin|nonumber|nolimits|newline|newcommand|nexists|ngeq|nleq|nmid|nparallel|nsubseteq|nsim|"
    "nearrow|nwarrow|not|natural",
    "\r": "right|rho|rangle|rceil|rfloor|rightarrow|rightharpoonup|rbrace|rbrack|ref|rule",
}
# LaTeX commands whose rest is a word or a single letter; reported only if the text contains other LaTeX.
_SHORT = {"\t": "tan|to|top|tag|title", "\n": "nu|ne|neg|ni|norm", "\r": "rm|root"}
_IN_MATHS = re.compile(r"[$^_\\{}]")
_DRIVE_ALONE = re.compile(r"[C-PR-Zc-pr-z]:[\b\f\n\r\t][a-z][\w.-]*(?:[\\/\b\f\n\r\t][\w.-]+)*\Z")
_DRIVE_INSIDE = re.compile(r"(?<![A-Za-z])[C-PR-Zc-pr-z]:([\w.\\\b\f\n\r\t-]++)")
_CONTROL = re.compile(r"[\b\f\n\r\t](?=[a-z])")
_NEVER_TYPED = re.compile(r"\x08[A-Za-z]|\x0c[a-z]")


def _pattern(commands: dict[str, str]) -> "re.Pattern[str]":
    """A pattern for a control character (in place of the first letter) and the rest of the command as a whole word."""
    alternatives = []
    for character, names in commands.items():
        rests = "|".join(name[1:] for name in names.split("|"))
        alternatives.append(f"{character}(?:{rests})(?![A-Za-z])")
    return re.compile("|".join(alternatives))


_COMMAND = _pattern(_COMMANDS)
_SHORT_COMMAND = _pattern(_SHORT)


def lost_backslash(text: str) -> bool:
    """True if a backslash was probably lost when ``text`` was decoded from JSON."""
    return (
        _NEVER_TYPED.search(text) is not None
        or _COMMAND.search(text) is not None
        or (_IN_MATHS.search(text) is not None and _SHORT_COMMAND.search(text) is not None)
        or _DRIVE_ALONE.match(text) is not None
        or any(_is_path(found.group(1)) for found in _DRIVE_INSIDE.finditer(text))
    )


def _is_path(run: str) -> bool:
    """True if the text after ``C:`` has two kinds of control characters before words, or one and a backslash."""
    kinds = set(_CONTROL.findall(run))
    return len(kinds) > 1 or (len(kinds) == 1 and "\\" in run)

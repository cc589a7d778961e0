r"""A control character that a missing backslash made: ``"\frac"`` in JSON is a form feed and ``rac``.

An ordinary line break or tab before a word is none: it takes a command of LaTeX, a Windows path or a character that
nobody types.
"""

import re

# Commands whose rest, without the first letter, is no word that a line or a column would begin with.
_COMMANDS = {
    "\t": "times|theta|text[a-z]*|tau|tanh|tilde|tfrac|triangle[a-z]*|therefore|thickapprox|tbinom",
    "\n": "nabla|neq|notin|nonumber|nolimits|newline|newcommand|nexists|ngeq|nleq|nmid|nparallel|nsubseteq|nsim|"
    "nearrow|nwarrow|not|natural",
    "\r": "right|rho|rangle|rceil|rfloor|rightarrow|rightharpoonup|rbrace|rbrack|ref|rule",
}
# Those with a rest that is a word or a letter: they take something else of LaTeX in the same text.
_SHORT = {"\t": "tan|to|top|tag|title", "\n": "nu|ne|neg|ni|norm", "\r": "rm|root"}
_IN_MATHS = re.compile(r"[$^_\\{}]")
_DRIVE_ALONE = re.compile(r"[C-PR-Zc-pr-z]:[\b\f\n\r\t][a-z][\w.-]*(?:[\\/\b\f\n\r\t][\w.-]+)*\Z")
_DRIVE_INSIDE = re.compile(r"(?<![A-Za-z])[C-PR-Zc-pr-z]:([\w.\\\b\f\n\r\t-]++)")
_CONTROL = re.compile(r"[\b\f\n\r\t](?=[a-z])")
_NEVER_TYPED = re.compile(r"\x08[A-Za-z]|\x0c[a-z]")


def _pattern(commands: dict[str, str]) -> "re.Pattern[str]":
    """The control character of each command's first letter, and the rest of the command as a whole word."""
    found = []
    for mark, words in commands.items():
        rests = "|".join(command[1:] for command in words.split("|"))
        found.append(f"{mark}(?:{rests})(?![A-Za-z])")
    return re.compile("|".join(found))


_COMMAND = _pattern(_COMMANDS)
_SHORT_COMMAND = _pattern(_SHORT)


def lost_backslash(text: str) -> bool:
    """Did a backslash get lost in this text, as decoded from JSON?"""
    return (
        _NEVER_TYPED.search(text) is not None
        or _COMMAND.search(text) is not None
        or (_IN_MATHS.search(text) is not None and _SHORT_COMMAND.search(text) is not None)
        or _DRIVE_ALONE.match(text) is not None
        or any(_is_path(found.group(1)) for found in _DRIVE_INSIDE.finditer(text))
    )


def _is_path(run: str) -> bool:
    """Behind a drive's letter and colon: two kinds of control characters before words, or one and a backslash."""
    kinds = set(_CONTROL.findall(run))
    return len(kinds) > 1 or (len(kinds) == 1 and "\\" in run)

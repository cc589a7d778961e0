"""The rules: immutable values and pure functions. Standard library only; no I/O; the caller passes in the time."""

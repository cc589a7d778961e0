"""The domain rules: immutable values and pure functions. Standard library only, no I/O; callers pass the time."""

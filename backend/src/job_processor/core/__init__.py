"""The rules: pure values and pure functions. Standard library only; no I/O, no clock of its own."""

"""The processors: one module or package per kind."""

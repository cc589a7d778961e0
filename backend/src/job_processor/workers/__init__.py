"""The hands: one loop per file, one shape (loop)."""

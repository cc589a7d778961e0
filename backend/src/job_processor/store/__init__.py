"""Storage: one protocol (``base``), one driver a folder. No driver imports another."""

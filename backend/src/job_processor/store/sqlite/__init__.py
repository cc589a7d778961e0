"""The embedded store: one SQLite file, one writing thread, commits in groups."""

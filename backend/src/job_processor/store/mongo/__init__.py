"""The MongoDB driver, for any number of processes. All coordination is compare-and-set on single documents."""

"""The shared store: any number of processes over one MongoDB. All coordination is single-document compare-and-set."""

"""``processor = "python"``: a function of the operator's own."""

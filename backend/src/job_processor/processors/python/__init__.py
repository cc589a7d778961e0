"""``processor = "python"``: a Python function of the operator."""

"""``processor = "http"``: an endpoint whose answer is the result."""

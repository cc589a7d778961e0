"""HTTP to other systems: the session, which addresses may be reached, and what an error says."""

"""Losing the primary, the network or a worker costs latency, not jobs: many processes over one database."""

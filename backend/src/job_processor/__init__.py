"""Job Processor: a durable job queue for AI work."""

__version__ = "0.1.0"

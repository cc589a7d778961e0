"""Job Processor: the durable front door for AI work."""

__version__ = "0.1.0"

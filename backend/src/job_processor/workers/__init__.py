"""The background loops of a worker, one per module; each is a ``workers.loop.Loop``."""

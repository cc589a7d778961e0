"""The whole way of a job: the edge, the dispatcher, a real request to a processor that misbehaves, the reaper."""

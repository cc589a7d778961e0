"""The state that all connections of a server share."""

from uvicorn.server import ServerState

from job_processor.http import refusals
from job_processor.http.budget import UNSENT_BYTES, Budget
from job_processor.http.connection_limits import Limits, Slots


class SharedState(ServerState):
    """uvicorn's server state, with connection limits, memory budgets and the log of refusals."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self.limits = limits
        self.slots = Slots(limits.connections, limits.connections_per_address)
        self.unauthenticated = Budget()
        self.authenticated = Budget()
        self.unsent = Budget(UNSENT_BYTES)
        self.refusals = refusals.RefusalLog()

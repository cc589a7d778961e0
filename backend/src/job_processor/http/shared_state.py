"""What all connections of a server share."""

from uvicorn.server import ServerState

from job_processor.http import refusals
from job_processor.http.budget import UNTAKEN_BYTES, Budget
from job_processor.http.connection_limits import Limits, Places


class Shared(ServerState):
    """uvicorn's state of a server, with limits, budgets and the log of refusals."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self.limits = limits
        self.places = Places(limits.connections, limits.connections_per_address)
        self.unproven = Budget()
        self.proven = Budget()
        self.untaken = Budget(UNTAKEN_BYTES)
        self.refusals = refusals.RefusalLog()

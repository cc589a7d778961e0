"""What one connection holds of requests that are not here whole, counted in a budget that all connections share."""

from job_processor.http.budget import Budget, Holder


class HeldBytes:
    """One connection's. A connection counts in one budget at a time."""

    def __init__(self, holder: Holder) -> None:
        self._holder = holder
        self._budget: Budget | None = None

    @property
    def is_counted(self) -> bool:
        return self._budget is not None

    def count(self, size: int, budget: Budget) -> None:
        """The connection holds ``size`` bytes now, in this budget. May make it, or another, give up."""
        if self._budget is not budget:
            self.let_go()
        if size or self._budget is not None:
            self._budget = budget if size else None
            budget.hold(self._holder, size)

    def let_go(self) -> None:
        """The connection holds nothing any more."""
        if self._budget is not None:
            budget, self._budget = self._budget, None
            budget.hold(self._holder, 0)

"""The bytes that one connection buffers for an incomplete request, counted in a shared budget."""

from job_processor.http.budget import Budget, Holder


class HeldBytes:
    """The buffered bytes of one connection, which counts in one budget at a time."""

    def __init__(self, holder: Holder) -> None:
        self._holder = holder
        self._budget: Budget | None = None

    @property
    def is_counted(self) -> bool:
        return self._budget is not None

    def count(self, size: int, budget: Budget) -> None:
        """Set the connection's bytes to ``size``, in this budget only. May evict this or another connection."""
        if self._budget is not budget:
            self.release()
        if size or self._budget is not None:
            self._budget = budget if size else None
            budget.hold(self._holder, size)

    def release(self) -> None:
        """Remove the connection's bytes from the budget."""
        if self._budget is not None:
            budget, self._budget = self._budget, None
            budget.hold(self._holder, 0)

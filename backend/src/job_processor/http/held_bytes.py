"""The bytes that one connection buffers for an incomplete request, counted in a shared budget."""

from job_processor.http.budget import Budget, Holder


class HeldBytes:
    """The buffered bytes of one connection (``holder``), which counts in one budget at a time."""

    def __init__(self) -> None:
        self._budget: Budget | None = None
        self.is_counted = False

    def count(self, holder: Holder, size: int, budget: Budget) -> None:
        """Set the connection's bytes to ``size``, in this budget only. May evict this or another connection."""
        if self._budget is not budget:
            self.release(holder)
        if size or self._budget is not None:
            self._budget = budget if size else None
            self.is_counted = size > 0
            budget.hold(holder, size)

    def release(self, holder: Holder) -> None:
        """Remove the connection's bytes from the budget."""
        if self._budget is not None:
            budget, self._budget, self.is_counted = self._budget, None, False
            budget.hold(holder, 0)

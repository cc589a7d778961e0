"""Sets the clock to the wall clock in one step, and moves the durations in the database by the same amount."""

from collections.abc import Callable
from dataclasses import replace

from job_processor.core.lane_clock import shift_clock
from job_processor.store.clock import SteadyClock
from job_processor.store.sqlite import rows
from job_processor.store.sqlite.lanes import lanes, write_lane
from job_processor.store.sqlite.writer import Transaction


def set_clock(clock: SteadyClock) -> Callable[[Transaction], int]:
    """Set the clock to the wall clock and move every duration along. Returns by how many milliseconds.

    ``rev`` of every job with a lease is raised, so that changes that were decided by the old time are refused.
    """

    def run(tx: Transaction) -> int:
        by = clock.step_due()
        if not by:
            return 0
        wished: list[rows.Row] = tx.db.execute(
            f"SELECT n, record FROM jobs WHERE state = 'WAITING' AND due_at < {rows.due_at_of_lease('lease_until')}"
        ).fetchall()
        tx.db.execute(
            "UPDATE jobs SET rev = rev + 1, heard_at = heard_at + ?1, lease_until = lease_until + ?1, "
            f"due_at = {rows.due_at_of_lease('lease_until + ?1')} WHERE lease_token IS NOT NULL",
            (by,),
        )
        for n, record in wished:
            tx.db.execute(
                "UPDATE jobs SET record = ?1, due_at = min(due_at, ?2) WHERE n = ?3", (*rows.ask_moved(record, by), n)
            )
        # Before the first attempt `run_at` is a time that a client asked for; after it, the end of a back-off.
        tx.db.execute("UPDATE jobs SET run_at = run_at + ? WHERE ready = 0 AND attempt > 0", (by,))
        tx.db.execute("UPDATE deliveries SET next_at = next_at + ? WHERE next_at IS NOT NULL", (by,))
        tx.db.execute("UPDATE key_rates SET full_at = full_at + ?", (by,))
        for before in lanes(tx.db):
            write_lane(tx, replace(shift_clock(before, by), rev=before.rev + 1))
        clock.step(by)
        tx.undo.append(lambda: clock.step(-by))
        return by

    return run

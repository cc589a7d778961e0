"""Copy, backup and restore of a store, in pages and with checksums: jobs, callbacks, batches, API keys, webhook
endpoints, the audit and the series."""

from job_processor.core.errors import TransferFailed
from job_processor.transfer.access import BATCH
from job_processor.transfer.backup_file import backup, backup_to, restore
from job_processor.transfer.between_stores import copy
from job_processor.transfer.records import Progress, Transferred, is_empty

__all__ = ["BATCH", "Progress", "TransferFailed", "Transferred", "backup", "backup_to", "copy", "is_empty", "restore"]

"""Metrics of the backups, which the alert rules use."""

from __future__ import annotations

import http.client
import time
from typing import Self

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server
from prometheus_client.parser import text_string_to_metric_families

NEWEST = "job_processor_backup_last_success_timestamp_seconds"
INTERVAL = "job_processor_backup_interval_seconds"


def too_old(newest: float, interval: float, now: float) -> bool:
    """The rule of the alert BackupOld: half an interval late, and ten minutes for the backup itself."""
    return now - newest > 1.5 * interval + 600


class Watch:
    """Serves /metrics of the loop."""

    def __init__(self, interval: float, offsite: bool, port: int) -> None:
        self._port = port
        self.registry = r = CollectorRegistry()
        self._newest = Gauge(NEWEST, "When the newest backup was begun; now: nothing to back up yet", registry=r)
        Gauge(INTERVAL, "BACKUP_INTERVAL_SECONDS", registry=r).set(interval)
        Gauge("job_processor_backup_offsite", "1 when backups are copied to a bucket", registry=r).set(offsite)
        self._failures = Counter("job_processor_backup_failures", "Backups that failed", registry=r)

    def __enter__(self) -> Self:
        self._server, self._thread = start_http_server(self._port, registry=self.registry)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def succeeded(self, newest: float) -> None:
        self._newest.set(newest)

    def failed(self) -> None:
        self._failures.inc()


def loop_is_healthy(port: int) -> bool:
    """Does the loop answer, and is its newest backup not too old?"""
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException):
        return False
    values = {s.name: s.value for family in text_string_to_metric_families(text) for s in family.samples}
    return not too_old(values.get(NEWEST, 0.0), values.get(INTERVAL, 0.0), time.time())

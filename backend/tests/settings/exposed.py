"""Environments that can be reached by others, and the faults that are found in one."""

import pytest

from job_processor.core.errors import SettingsInvalid
from job_processor.settings import load

GOOD = "9f1c27d04be85a36c7e20d14f58b963a"
CONTAINER = {"APP_ENV": "production", "HOST": "0.0.0.0", "WEBHOOK_SECRET": GOOD, "ALLOWED_HOSTS": "localhost"}


def faults(**environment: str) -> list[str]:
    with pytest.raises(SettingsInvalid) as caught:
        load(environment)
    return str(caught.value).splitlines()


def named(found: list[str]) -> set[str]:
    return {fault.split()[0] for fault in found}

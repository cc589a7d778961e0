"""What is wrong with a flows.toml."""

import pytest

from job_processor.core.errors import SettingsInvalid
from job_processor.flows import parse
from job_processor.registry import ProcessorKinds


def faults(text: str) -> list[str]:
    with pytest.raises(SettingsInvalid) as caught:
        parse(text, ProcessorKinds())
    return str(caught.value).splitlines()

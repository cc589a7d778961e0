"""What may change of an attempt."""

from typing import get_type_hints

from job_processor.core.closing import AttemptChanges
from job_processor.core.job import Attempt


def test_changes_have_the_names_of_an_attempts_fields_and_no_other_types() -> None:
    fields = get_type_hints(Attempt)
    for name, kind in get_type_hints(AttemptChanges).items():
        assert fields[name] in (kind, kind | None)

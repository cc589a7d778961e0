"""What the tables of several route modules share."""

from job_processor.http.openapi import Param

BODY_PROBLEMS = (400, 408, 413, 415, 422)
"""The answers to a body that cannot be taken."""
PREFER = Param(
    "Prefer",
    "header",
    "`wait=n`: answer when the job is final, or as it stands after n seconds (at most 60); "
    "`Preference-Applied` says the n that was used",
)

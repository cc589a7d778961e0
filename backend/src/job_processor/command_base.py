"""The base of several commands: the error of a failed command, settings, a progress bar."""

import sys
from collections.abc import Mapping

from job_processor import settings
from job_processor.core.errors import SettingsInvalid


class CommandFailed(Exception):
    """A command failed; the message is the reason, for people."""


def load_settings(environment: Mapping[str, str]) -> settings.Settings:
    """The settings. Raises ``CommandFailed`` with a line per error."""
    try:
        return settings.load(environment)
    except SettingsInvalid as error:
        raise CommandFailed("\n  ".join(["invalid settings:", *str(error).splitlines()])) from None


def show_progress(done: int, total: int) -> None:
    """Draw a progress bar on standard error, if that is a terminal."""
    if sys.stderr.isatty():
        filled = 40 * done // max(total, 1)
        print(f"\r[{'#' * filled}{'.' * (40 - filled)}] {done:,} of {total:,}", end="", file=sys.stderr, flush=True)

"""What several commands need: how a command fails, the settings, the progress on a terminal."""

import sys
from collections.abc import Mapping

from job_processor import settings
from job_processor.core.errors import SettingsInvalid


class CommandFailed(Exception):
    """A command cannot be carried out; the message says why, for people."""


def load_settings(environment: Mapping[str, str]) -> settings.Settings:
    """Raises ``CommandFailed`` with a line per error."""
    try:
        return settings.load(environment)
    except SettingsInvalid as error:
        raise CommandFailed("\n  ".join(["invalid settings:", *str(error).splitlines()])) from None


def show_progress(done: int, total: int) -> None:
    """Draw a bar on standard error, if that is a terminal."""
    if sys.stderr.isatty():
        filled = 40 * done // max(total, 1)
        print(f"\r[{'#' * filled}{'.' * (40 - filled)}] {done:,} of {total:,}", end="", file=sys.stderr, flush=True)

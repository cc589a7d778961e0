"""Where backups are kept: a folder of this machine, and an S3-compatible bucket elsewhere."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

PREFIX, _TIME = "job-processor-", "%Y%m%dT%H%M%SZ"
_NAME = re.compile(rf"{PREFIX}(\d{{8}}T\d{{6}}Z)-([0-9a-f]{{8}})\.age")
AHEAD_SECONDS = 3600.0
"""Clocks of servers differ by less; a name further ahead was given by a wrong clock."""


class PlaceFailed(Exception):
    """A backup cannot be kept or fetched there; the message says why."""


def name_at(moment: datetime, key: str) -> str:
    """Names sort by time, and say by which key the backup can be read (``key_id``)."""
    return f"{PREFIX}{moment.astimezone(UTC):{_TIME}}-{key}.age"


def time_of(name: str) -> float | None:
    """When the backup of this name was begun, in seconds of the Unix epoch; ``None``: not a backup's name."""
    found = _NAME.fullmatch(name)
    try:
        return datetime.strptime(found[1], _TIME).replace(tzinfo=UTC).timestamp() if found else None
    except ValueError:
        return None


def is_ahead(name: str, now: float) -> bool:
    """Would this backup be begun in the future? Then a clock was wrong, and nothing may depend on the name's time."""
    return (time_of(name) or 0.0) > now + AHEAD_SECONDS


def of_keys(names: Iterable[str], keys: Collection[str], now: float) -> list[str]:
    """Those of these keys, oldest first, without those of the future. A bucket may hold those of other stacks too."""
    return sorted(n for n in names if (m := _NAME.fullmatch(n)) and m[2] in keys and not is_ahead(n, now))


class Folder:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    def names(self) -> list[str]:
        """Oldest first."""
        return sorted(file.name for file in self.path.glob(f"{PREFIX}*") if time_of(file.name) is not None)

    def remove(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)


class Bucket:
    """A bucket of an S3-compatible service, such as Hetzner Object Storage."""

    def __init__(self, environment: Mapping[str, str], secrets: Path) -> None:
        # Loading the client takes a second, which only those pay who have a bucket.
        import boto3
        from boto3.exceptions import S3TransferFailedError, S3UploadFailedError
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        self._errors = (BotoCoreError, ClientError, S3UploadFailedError, S3TransferFailedError, OSError, ValueError)
        self._name = environment["BACKUP_S3_BUCKET"]
        folder = environment.get("BACKUP_S3_PREFIX", "").strip("/")
        self._folder = f"{folder}/" if folder else ""
        config = Config(
            connect_timeout=10,
            read_timeout=60,
            retries={"max_attempts": 3, "mode": "standard"},
            # Services other than Amazon's refuse the newer checksum headers. The content is authenticated by age.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        try:
            self._client: Any = boto3.client(
                "s3",
                endpoint_url=environment.get("BACKUP_S3_ENDPOINT") or None,
                region_name=environment.get("BACKUP_S3_REGION") or "us-east-1",
                aws_access_key_id=_secret(secrets, "backup-s3-access-key"),
                aws_secret_access_key=_secret(secrets, "backup-s3-secret-key"),
                config=config,
            )
        except self._errors as error:
            raise PlaceFailed(f"BACKUP_S3_ENDPOINT, BACKUP_S3_REGION: {error}") from None

    def __str__(self) -> str:
        return f"s3://{self._name}/{self._folder}"

    def names(self) -> list[str]:
        """Oldest first."""
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._name, Prefix=f"{self._folder}{PREFIX}"
            )
            keys = [found["Key"].removeprefix(self._folder) for page in pages for found in page.get("Contents", ())]
        except self._errors as error:
            raise self._failed("be listed", error) from None
        return sorted(key for key in keys if time_of(key) is not None)

    def put(self, file: Path) -> None:
        key = self._folder + file.name
        try:
            self._client.upload_file(str(file), self._name, key)
            size = self._client.head_object(Bucket=self._name, Key=key)["ContentLength"]
        except self._errors as error:
            raise self._failed(f"take {file.name}", error) from None
        if size != file.stat().st_size:
            raise PlaceFailed(f"{self} holds {size} of {file.stat().st_size} bytes of {file.name}")

    def fetch(self, name: str, target: IO[bytes]) -> None:
        try:
            self._client.download_fileobj(self._name, self._folder + name, target)
        except self._errors as error:
            raise self._failed(f"give {name}", error) from None

    def remove(self, name: str) -> None:
        try:
            self._client.delete_object(Bucket=self._name, Key=self._folder + name)
        except self._errors as error:
            raise self._failed(f"remove {name} (BACKUP_S3_KEEP=0 leaves that to the bucket's rules)", error) from None

    def _failed(self, what: str, error: BaseException) -> PlaceFailed:
        return PlaceFailed(f"{self} cannot {what}: {error}")


def bucket_of(environment: Mapping[str, str], secrets: Path) -> Bucket | None:
    """The bucket that BACKUP_S3_BUCKET names. Raises ``PlaceFailed``."""
    return Bucket(environment, secrets) if environment.get("BACKUP_S3_BUCKET") else None


def _secret(folder: Path, name: str) -> str:
    try:
        value = (folder / name).read_text(encoding="utf-8").strip()
    except OSError:
        value = ""
    if not value:
        raise PlaceFailed(f"BACKUP_S3_BUCKET is set, and the secret {name} is missing (operator-secrets/README.md)")
    return value


def sync(path: Path) -> None:
    """Sync the file, or the entries of the folder, to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

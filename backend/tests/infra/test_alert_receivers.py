"""Alertmanager's configuration: refused when it cannot work, and with a real Alertmanager alerts arrive."""

from __future__ import annotations

import asyncio
import http.client
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.infra.backup_programs import Machine, program
from tests.support.waiting import until

EMAIL = {
    "ALERT_EMAIL_TO": "you@example.com",
    "ALERT_EMAIL_FROM": "alerts@example.com",
    "ALERT_SMTP_HOST": "smtp.example.com:587",
}


def configuration(files: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(program("alerting").alertmanager(files.get, environment))
    return made


@pytest.mark.parametrize(
    ("files", "environment", "kinds"),
    [
        ({}, {}, set()),
        ({"alert-webhook-url": "http://127.0.0.1:9/x"}, {}, {"webhook_configs"}),
        ({"alert-slack-url": "https://hooks.example.com/T/B/x"}, {}, {"slack_configs"}),
        ({}, EMAIL, {"email_configs"}),
        ({"alert-smtp-password": "p"}, EMAIL | {"ALERT_SMTP_USER": "u"}, {"email_configs"}),
        (
            {"alert-webhook-url": "https://a.example", "alert-slack-url": "https://b.example"},
            EMAIL,
            {"webhook_configs", "slack_configs", "email_configs"},
        ),
    ],
)
def test_what_the_operator_gave_is_configured(
    files: Mapping[str, str], environment: Mapping[str, str], kinds: set[str]
) -> None:
    operator, heartbeat = configuration(files, environment)["receivers"]
    assert set(operator) == {"name", *kinds}
    assert set(heartbeat) == {"name"}


@pytest.mark.parametrize(
    ("files", "environment", "says"),
    [
        ({"alert-slack-url": "hooks.example.com/secret"}, {}, "alert-slack-url"),
        ({"alert-webhook-url": "https://a.example/secret\nhttps://b.example"}, {}, "alert-webhook-url"),
        ({"alert-heartbeat-url": "https://[secret"}, {}, "alert-heartbeat-url"),
        ({"alert-webhook-url": "https:///secret"}, {}, "alert-webhook-url"),
        ({}, {"ALERT_EMAIL_TO": "you@example.com"}, "ALERT_EMAIL_FROM and ALERT_SMTP_HOST"),
        ({}, EMAIL | {"ALERT_SMTP_HOST": "smtp.example.com"}, "ALERT_SMTP_HOST: expected HOST:PORT"),
        ({"alert-smtp-password": "secret"}, EMAIL, "ALERT_SMTP_USER"),
        ({}, EMAIL | {"ALERT_SMTP_USER": "u"}, "alert-smtp-password"),
    ],
)
def test_what_cannot_work_is_refused_by_name(
    files: Mapping[str, str], environment: Mapping[str, str], says: str
) -> None:
    with pytest.raises(program("alerting").AlertingRefused, match=says) as refused:
        configuration(files, environment)
    assert "secret" not in str(refused.value)


def test_the_secrets_service_writes_it_and_forgets_what_is_gone(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "machine")
    machine.brings(alert_slack_url="https://hooks.example.com/T/B/x\n")
    assert "https://hooks.example.com/T/B/x" in machine.make_secrets()["alertmanager.yml"]
    (machine.operator / "alert-slack-url").unlink()
    assert "hooks.example.com" not in machine.make_secrets()["alertmanager.yml"]
    machine.brings(alertmanager_yml="x")
    (machine.operator / "alertmanager.yml").write_text("route: {receiver: mine}", encoding="utf-8")
    assert machine.make_secrets()["alertmanager.yml"] == "route: {receiver: mine}"
    (machine.operator / "alert-slack-url").write_text("nonsense", encoding="utf-8")
    (machine.operator / "alertmanager.yml").unlink()
    with pytest.raises(SystemExit, match="secrets: alert-slack-url: "):
        machine.make_secrets()


@pytest.mark.parametrize(
    ("host", "targets"),
    [
        ("", []),
        ("localhost", []),
        ("203.0.113.7", []),
        ("[2001:db8::7]", []),
        ("jobs.example.com", ["https://jobs.example.com/health"]),
    ],
)
def test_the_public_address_is_probed_where_there_is_one(host: str, targets: list[str]) -> None:
    groups = json.loads(program("alerting").probe_targets({"SITE_HOST": host}))
    assert [target for group in groups for target in group["targets"]] == targets


def alertmanager() -> str:
    for name in (str(Path(sys.executable).parent / "alertmanager"), "alertmanager", "prometheus-alertmanager"):
        found = shutil.which(name)
        if found:
            return found
    pytest.skip("needs alertmanager (scripts/install-test-programs)")


class Inbox:
    """Receives HTTP requests and e-mails."""

    def __init__(self) -> None:
        self.requests: dict[str, list[str]] = {}
        self.mails: list[str] = []

    async def http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next((int(line[15:]) for line in head.splitlines() if line.lower().startswith("content-length:")), 0)
        body = (await reader.readexactly(length)).decode()
        self.requests.setdefault(head.split()[1], []).append(body)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        writer.close()

    async def smtp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := (await reader.readline()).decode().upper():
            if line.startswith("DATA"):
                writer.write(b"354 go on\r\n")
                self.mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
            writer.write(b"221 bye\r\n" if line.startswith("QUIT") else b"250 fine\r\n")
        writer.close()


async def test_alerts_arrive_by_webhook_slack_and_mail_and_the_heartbeat_beats(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    inbox = Inbox()
    async with (
        await asyncio.start_server(inbox.http, "127.0.0.1", 0) as web,
        await asyncio.start_server(inbox.smtp, "127.0.0.1", 0) as mail,
    ):
        base = f"http://127.0.0.1:{web.sockets[0].getsockname()[1]}"
        files = {f"alert-{name}-url": f"{base}/{name}" for name in ("webhook", "slack", "heartbeat")}
        environment = EMAIL | {"ALERT_SMTP_HOST": f"localhost:{mail.sockets[0].getsockname()[1]}"}
        made = configuration(files, environment)
        made["route"]["group_wait"] = "0s"
        # The server here speaks no TLS, which real ones must.
        made["receivers"][0]["email_configs"][0]["require_tls"] = False
        (tmp_path / "alertmanager.yml").write_text(json.dumps(made), encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            alertmanager(),
            f"--config.file={tmp_path}/alertmanager.yml",
            f"--storage.path={tmp_path}/data",
            f"--web.listen-address=127.0.0.1:{unused_tcp_port}",
            "--cluster.listen-address=",
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await until(lambda: asyncio.to_thread(told, unused_tcp_port), "Alertmanager takes alerts")

            async def all_there() -> bool:
                return len(inbox.requests) == 3 and bool(inbox.mails)

            await until(all_there, "the alert is everywhere")
        finally:
            process.terminate()
            await asyncio.wait_for(process.wait(), 20)
    link = "docs/operations.md#outofcredit"
    assert json.loads(inbox.requests["/webhook"][0])["alerts"][0]["annotations"]["runbook_url"] == link
    said = json.loads(inbox.requests["/slack"][0])["attachments"][0]
    assert said["title"] == "[FIRING] OutOfCredit: no credit left"
    assert link in said["text"]
    assert "Subject: [FIRING] OutOfCredit: no credit left" in inbox.mails[0]
    assert link in inbox.mails[0].replace("=\r\n", "")
    assert json.loads(inbox.requests["/heartbeat"][0])["commonLabels"]["alertname"] == "Watchdog"
    assert all("Watchdog" not in text for text in (*inbox.requests["/webhook"], *inbox.mails))


def told(port: int) -> bool:
    """Tells Alertmanager of two alerts, as Prometheus does."""
    annotations = {
        "summary": "no credit left",
        "description": "Somebody pays.",
        "runbook_url": "docs/operations.md#outofcredit",
    }
    alerts = [
        {"labels": {"alertname": "OutOfCredit", "flow": "chat"}, "annotations": annotations},
        {"labels": {"alertname": "Watchdog"}, "annotations": annotations},
    ]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("POST", "/api/v2/alerts", json.dumps(alerts), {"Content-Type": "application/json"})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()

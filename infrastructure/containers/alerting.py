"""Alertmanager's configuration, with the receivers that the operator gave, and the addresses that are probed.

Written by make_secrets.py, since the configuration holds secrets and Alertmanager knows no variables. JSON is YAML.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

Brought = Callable[[str], str | None]
"""Gives the content of a file of the operator's folder."""

_TITLE = "[{{ .Status | toUpper }}] {{ .CommonLabels.alertname }}: {{ .CommonAnnotations.summary }}"
_TEXT = """{{ range .Alerts }}{{ .Annotations.summary }}
{{ .Annotations.description }}
What to do: {{ .Annotations.runbook_url }}
{{ end }}"""
_EMAIL = ("ALERT_EMAIL_TO", "ALERT_EMAIL_FROM", "ALERT_SMTP_HOST")


class AlertingRefused(Exception):
    """A file or variable is missing or wrong; the message names it."""


def alertmanager(brought: Brought, environment: Mapping[str, str]) -> str:
    """With no receiver at all, alerts still show on the pages of Alertmanager and Prometheus, and in Grafana."""
    operator: dict[str, Any] = {"name": "operator"}
    webhook = _address(brought, "alert-webhook-url")
    if webhook:
        operator["webhook_configs"] = [{"url": webhook, "send_resolved": True}]
    slack = _address(brought, "alert-slack-url")
    if slack:
        operator["slack_configs"] = [{"api_url": slack, "send_resolved": True, "title": _TITLE, "text": _TEXT}]
    email = _email(brought, environment)
    if email:
        operator["email_configs"] = [email]
    heartbeat = _address(brought, "alert-heartbeat-url")
    receivers = [operator, {"name": "heartbeat"}]
    if heartbeat:
        receivers[1]["webhook_configs"] = [{"url": heartbeat, "send_resolved": False}]
    return json.dumps(
        {
            "route": {
                "receiver": "operator",
                "group_by": ["alertname", "flow"],
                "group_wait": "30s",
                "group_interval": "5m",
                "repeat_interval": "4h",
                # Watchdog always fires: who waits for it in vain knows that alerting is broken.
                "routes": [
                    {
                        "matchers": ['alertname="Watchdog"'],
                        "receiver": "heartbeat",
                        "group_wait": "0s",
                        "group_interval": "1m",
                        "repeat_interval": "1m",
                    }
                ],
            },
            "receivers": receivers,
            "inhibit_rules": [
                # The cause is enough.
                _quiet("DatabaseDown", "QueueAge|NoWorkers|LaneClosed"),
                _quiet("NoWorkers", "QueueAge"),
                _quiet("OutOfCredit", "QueueAge", "flow"),
                _quiet("LaneClosed", "QueueAge", "flow"),
                _quiet("DiskFull", "DiskFillingUp", "mountpoint"),
            ],
        },
        indent=1,
    )


def probe_targets(environment: Mapping[str, str]) -> str:
    """The public address, for Prometheus; none for a stack that only this machine reaches, or without a name."""
    host = environment.get("SITE_HOST") or "localhost"
    if host == "localhost" or _is_ip(host):
        return "[]"
    return json.dumps([{"targets": [f"https://{host}/health"]}])


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _quiet(source: str, targets: str, *equal: str) -> dict[str, Any]:
    rule = {"source_matchers": [f'alertname="{source}"'], "target_matchers": [f'alertname=~"{targets}"']}
    return rule | {"equal": list(equal)}


def _address(brought: Brought, name: str) -> str | None:
    value = brought(name)
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and not any(map(str.isspace, value))
    except ValueError:
        usable = False
    if not usable:
        # Such addresses are secrets.
        raise AlertingRefused(f"{name}: expected one address that begins with https:// or http://")
    return value


def _email(brought: Brought, environment: Mapping[str, str]) -> dict[str, Any] | None:
    to, sender, host = (environment.get(name, "") for name in _EMAIL)
    if not to:
        return None
    missing = [name for name in _EMAIL if not environment.get(name)]
    if missing:
        raise AlertingRefused(f"ALERT_EMAIL_TO is set, and {' and '.join(missing)} is not")
    if ":" not in host:
        raise AlertingRefused("ALERT_SMTP_HOST: expected HOST:PORT, such as smtp.example.com:587")
    email: dict[str, Any] = {"to": to, "from": sender, "smarthost": host, "send_resolved": True}
    email["headers"] = {"Subject": _TITLE}
    email["text"] = _TEXT
    user, password = environment.get("ALERT_SMTP_USER"), brought("alert-smtp-password")
    if user and password:
        email |= {"auth_username": user, "auth_password": password}
    elif user or password:
        raise AlertingRefused("ALERT_SMTP_USER and the file alert-smtp-password: expected both or none")
    return email

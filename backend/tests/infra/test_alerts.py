"""What watches the stack: alert rules, their pages, the dashboard, and what Prometheus scrapes fit together."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from job_processor.acts.facts import AttemptEnded
from job_processor.core.budget import Level
from job_processor.core.job import State
from job_processor.core.outcome import Succeeded
from job_processor.store.base import Counts
from job_processor.telemetry import GaugeValues, Telemetry
from tests.infra.backup_programs import program
from tests.infra.promql import uses

REPOSITORY = Path(__file__).resolve().parents[3]
OBSERVABILITY = REPOSITORY / "infrastructure/observability"
PAGE = "docs/operations.md"

FOREIGN: Mapping[str, set[str]] = {
    "up": {"job", "instance"},
    "probe_success": {"job", "instance"},
    "probe_ssl_earliest_cert_expiry": {"job", "instance"},
    "node_filesystem_avail_bytes": {"device", "fstype", "mountpoint"},
    "node_filesystem_size_bytes": {"device", "fstype", "mountpoint"},
    "node_memory_MemAvailable_bytes": set(),
    "node_memory_MemTotal_bytes": set(),
}
"""What Prometheus and the two exporters of others are known to export."""


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


RULES: list[dict[str, Any]] = read(OBSERVABILITY / "alerts.yml")["groups"][0]["rules"]
NAMES = [rule["alert"] for rule in RULES]


@functools.cache
def exported() -> dict[str, set[str]]:
    """Every metric that this project exports, with its labels."""
    telemetry = Telemetry()
    telemetry.start_at_zero(["main"])
    telemetry.count(AttemptEnded("main", Succeeded(""), True))
    values = GaugeValues(True, ("main",), 0, Counts({("main", State.PENDING): 1}, {}), {}, 1, {"main": Level.FINE})
    found: dict[str, set[str]] = {}
    watch = program("backup_watch").Watch(1.0, True, 0)
    families = [*text_string_to_metric_families(telemetry.render(values).decode()), *watch.registry.collect()]
    for family in families:
        for sample in family.samples:
            found.setdefault(sample.name, {"job", "instance"}).update(sample.labels)
    return found


def expressions() -> Iterator[tuple[str, str]]:
    for rule in RULES:
        yield rule["alert"], rule["expr"]
    dashboard = json.loads((REPOSITORY / "infrastructure/dashboards/job-processor.json").read_text(encoding="utf-8"))
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for variable in dashboard["templating"]["list"]:
        found = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]["query"])
        assert found is not None
        yield variable["name"], f"max by ({found[2]}) ({found[1]})"


@pytest.mark.parametrize("expression", [pytest.param(text, id=name) for name, text in expressions()])
def test_what_is_asked_for_is_exported(expression: str) -> None:
    known = {**FOREIGN, **exported()}
    for metric, labels in uses(expression):
        assert metric in known
        assert labels <= known[metric], metric


def test_the_dashboard_can_be_loaded_twice_and_has_room_for_each_panel() -> None:
    dashboard = json.loads((REPOSITORY / "infrastructure/dashboards/job-processor.json").read_text(encoding="utf-8"))
    source = read(OBSERVABILITY / "grafana/datasources/prometheus.yml")["datasources"][0]["uid"]
    ids: set[int] = set()
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        ids.add(panel["id"])
        assert {panel["datasource"]["uid"], *(one["datasource"]["uid"] for one in panel["targets"])} == {source}
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells
    assert len(ids) == len(dashboard["panels"])


def headings(page: str) -> list[str]:
    chapter = (REPOSITORY / page).read_text(encoding="utf-8").partition("\n## When an alert fires\n")[2]
    return re.findall(r"^### (.+)$", chapter.partition("\n## ")[0], re.MULTILINE)


def test_each_alert_has_its_lines_in_the_operations_page_and_links_to_them() -> None:
    assert headings(PAGE) == NAMES
    for rule in RULES:
        link = rule["annotations"]["runbook_url"]
        assert link == f"{{{{ $externalLabels.runbooks }}}}{PAGE}#{rule['alert'].lower()}"
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
        assert set(rule["labels"]) == {"severity"}


def test_each_alert_is_seen_to_fire() -> None:
    cases = read(OBSERVABILITY / "alerts.test.yml")["tests"]
    told = next(case for case in cases if case["name"] == "each trouble is told")
    fired = re.findall(r'alertname="(\w+)"', str(told["promql_expr_test"][0]["exp_samples"]))
    assert sorted(fired) == sorted(NAMES)


def test_the_health_check_of_the_backups_uses_the_rule_of_the_alert() -> None:
    (rule,) = (rule["expr"] for rule in RULES if rule["alert"] == "BackupOld")
    found = re.search(r"> ([\d.]+) \* max\(.*\) \+ (\d+)", rule)
    assert found is not None
    factor, more = float(found[1]), float(found[2])
    too_old = program("backup_watch").too_old
    for interval in (3600.0, 86400.0):
        late = factor * interval + more
        assert not too_old(1000.0, interval, 1000.0 + late)
        assert too_old(1000.0, interval, 1000.0 + late + 1)


@pytest.fixture(scope="module", params=["", "infrastructure/containers/external-database.yml"])
def stack(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The services of docker-compose.yml as Compose reads it, with every profile."""
    files = ["docker-compose.yml", *([request.param] if request.param else [])]
    command = [str(Path(sys.executable).parent / "docker-compose"), *(word for file in files for word in ("-f", file))]
    done = subprocess.run(
        [*command, "--profile", "*", "config", "--format", "json"],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], "SITE_HOST": "jobs.example.com", "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    services: dict[str, Any] = json.loads(done.stdout)["services"]
    return services


def test_prometheus_can_reach_all_that_it_asks(stack: dict[str, Any]) -> None:
    hosts: dict[str, int] = {}
    for job in read(OBSERVABILITY / "prometheus.yml")["scrape_configs"]:
        for static in job.get("static_configs", ()):
            hosts |= {host: int(port) for host, port in (target.rsplit(":", 1) for target in static["targets"])}
        for looked_up in job.get("dns_sd_configs", ()):
            hosts |= dict.fromkeys(looked_up["names"], looked_up["port"])
        for rule in job.get("relabel_configs", ()):
            if rule["target_label"] == "__address__":
                hosts["blackbox-exporter"] = int(rule["replacement"].rsplit(":", 1)[1])
    hosts.pop("localhost")
    assert set(hosts) >= {"backend", "worker", "backup", "node-exporter", "blackbox-exporter"}
    for host in hosts:
        assert "monitoring" in stack[host]["networks"], host
    assert stack["worker"]["environment"]["METRICS_PORT"] == str(hosts["worker"])
    assert hosts["backup"] == program("backup").METRICS_PORT


def test_prometheus_and_alertmanager_find_what_the_secrets_service_writes(stack: dict[str, Any]) -> None:
    written = {secret.name for secret in program("make_secrets").SECRETS}
    (probes,) = (
        file
        for job in read(OBSERVABILITY / "prometheus.yml")["scrape_configs"]
        for files in job.get("file_sd_configs", ())
        for file in files["files"]
    )
    (configuration,) = (
        word.split("=")[1] for word in stack["alertmanager"]["command"] if word.startswith("--config.file=")
    )
    (key,) = (
        job["authorization"]["credentials_file"]
        for job in read(OBSERVABILITY / "prometheus.yml")["scrape_configs"]
        if "authorization" in job
    )
    for service, file in (("prometheus", probes), ("prometheus", key), ("alertmanager", configuration)):
        folder, _, name = file.rpartition("/")
        assert name in written
        mounts = {mount["target"]: mount for mount in stack[service]["volumes"]}
        assert mounts[folder]["source"] == "secrets"
        assert "secrets" in stack[service]["depends_on"]

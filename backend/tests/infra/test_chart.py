"""The Helm chart: what Helm renders fits Kubernetes' and KEDA's schemas, and starts this product. No cluster ran it."""

from __future__ import annotations

import json
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from job_processor import __version__
from job_processor.http.batch_body import MAX_BATCH_BYTES
from job_processor.settings import load
from tests import mongo_server
from tests.infra.chart_cases import LARGE, REFUSED, RELEASES, RENDERED
from tests.store_suite import given
from tests.store_suite.places import MongoPlace, place_of

REPOSITORY = Path(__file__).resolve().parents[3]
PYTHON = REPOSITORY / ".venv/chart/bin/python"

pytestmark = pytest.mark.skipif(
    not (PYTHON.parent.parent.is_dir() and list(PYTHON.parent.parent.rglob("helm_python/__init__.py"))),
    reason="Helm as a library is not here (scripts/install-test-tools)",
)


@cache
def checked() -> dict[str, Any]:
    """Every case, by one process: loading Helm takes longer than rendering."""
    cases = {**RENDERED, **{name: values for name, (values, _) in REFUSED.items()}}
    done = subprocess.run(
        [str(PYTHON), str(REPOSITORY / "scripts/infra/check_chart.py")],
        input=json.dumps([{"release": RELEASES.get(name, "jobs"), "values": values} for name, values in cases.items()]),
        capture_output=True,
        text=True,
        check=True,
        timeout=110,
    )
    found = json.loads(done.stdout)
    return {"lint": found["lint"], **dict(zip(cases, found["answers"], strict=True))}


def objects(case: str, kind: str) -> list[dict[str, Any]]:
    return [one for one in checked()[case]["objects"] if one["kind"] == kind]


def deployment(case: str, part: str) -> dict[str, Any]:
    return next(one for one in objects(case, "Deployment") if one["metadata"]["name"].endswith(f"-{part}"))


def container(case: str, part: str) -> dict[str, Any]:
    found: dict[str, Any] = deployment(case, part)["spec"]["template"]["spec"]["containers"][0]
    return found


def data(case: str, name: str) -> dict[str, str]:
    found: dict[str, str] = next(
        one["data"] for one in objects(case, "ConfigMap") if one["metadata"]["name"].endswith(name)
    )
    return found


def test_helm_has_nothing_to_say() -> None:
    assert checked()["lint"] == []


@pytest.mark.parametrize("case", RENDERED)
def test_every_object_fits_its_schema(case: str) -> None:
    assert checked()[case]["faults"] == []
    kinds = {one["kind"] for one in checked()[case]["objects"]}
    assert kinds >= {"Deployment", "Service", "ConfigMap", "PodDisruptionBudget"}
    assert ("Secret" in kinds) == (case == "secrets in the values")
    assert ("ScaledObject" in kinds) == ("TriggerAuthentication" in kinds) == (case in LARGE)
    assert ("Ingress" in kinds) == (case in LARGE or case == "a path")
    assert all(len(one["metadata"]["name"]) <= 63 for one in checked()[case]["objects"])


@pytest.mark.parametrize(("case", "says"), [(case, says) for case, (_, says) in REFUSED.items()], ids=REFUSED)
def test_what_cannot_work_is_refused(case: str, says: str) -> None:
    assert says in checked()[case]["refused"]


@pytest.mark.parametrize("case", RENDERED)
@pytest.mark.parametrize("part", ["api", "worker"])
def test_the_settings_start_this_product(case: str, part: str, tmp_path: Path) -> None:
    """As the process reads them: files of the secret are where the pod mounts them."""
    environment = dict(data(case, "-settings"))
    environment |= {one["name"]: one.get("value", "a-pod") for one in container(case, part)["env"]}
    mounts = {mount["name"]: mount["mountPath"] for mount in container(case, part)["volumeMounts"]}
    secrets = {"mongodb-uri": "mongodb://db/jobs", "webhook-secret": "9f1c27d04be85a36c7e20d14f58b963a"}
    for name, text in {**secrets, "oidc-client-secret": "not-a-real-secret"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert ("OIDC_CLIENT_SECRET_FILE" in environment) == (case in LARGE or case == "secrets in the values")
    for key in {"MONGODB_URI_FILE", "WEBHOOK_SECRET_FILE", "OIDC_CLIENT_SECRET_FILE"} & environment.keys():
        folder, _, name = environment[key].rpartition("/")
        assert folder == mounts["secrets"]
        environment[key] = str(tmp_path / name)
    assert environment["FLOWS_FILE"] == f"{mounts['flows']}/flows.toml"
    environment["FLOWS_FILE"] = ""

    loaded = load(environment)

    assert "*" not in loaded.allowed_hosts
    assert "localhost" in loaded.allowed_hosts, "probes come with this name"
    assert loaded.auth == ("proxy" if case in ("one of each", "a path") else "keys")
    assert loaded.metrics_port == 9464
    pod = deployment(case, part)["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > loaded.drain_seconds + 5
    assert container(case, part)["args"] == [part]
    if case == "everything":
        assert {"jobs.example.com", "jobs.internal", "jobs-job-processor.prod.svc"} <= set(loaded.allowed_hosts)
        assert (loaded.retention_days, loaded.max_result_bytes) == (0, 8388608)
        assert environment["PUBLIC_URL"] == "https://jobs.example.com"
        assert environment["DRAIN_SECONDS"] == ("60" if part == "worker" else "6")
        assert loaded.oidc is not None
        assert loaded.oidc.redirect_url == "https://jobs.example.com/session/oidc/callback"
        assert loaded.proxies.trusts("10.244.1.7")
    else:
        # Without an ingress nobody is in front.
        assert case in ("one of each", "a path", *LARGE) or not loaded.proxies.trusts("10.244.1.7")


@pytest.mark.parametrize("case", RENDERED)
def test_every_pod_is_unprivileged_and_limited_and_selected_by_its_objects(case: str) -> None:
    for part in ("api", "worker"):
        pod = deployment(case, part)["spec"]["template"]
        labels = pod["metadata"]["labels"]
        assert pod["spec"]["securityContext"]["runAsNonRoot"]
        assert not pod["spec"]["automountServiceAccountToken"]
        security = container(case, part)["securityContext"]
        assert security["readOnlyRootFilesystem"]
        assert not security["allowPrivilegeEscalation"]
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert container(case, part)["resources"]["limits"]["memory"]
        (budget,) = (one for one in objects(case, "PodDisruptionBudget") if one["metadata"]["name"].endswith(part))
        for selector in (deployment(case, part)["spec"]["selector"], budget["spec"]["selector"]):
            assert selector["matchLabels"].items() <= labels.items()
        assert budget["spec"]["maxUnavailable"] == 1
    (service,) = objects(case, "Service")
    selected = [
        part
        for part in ("api", "worker")
        if service["spec"]["selector"].items()
        <= deployment(case, part)["spec"]["template"]["metadata"]["labels"].items()
    ]
    assert selected == ["api"]
    (port,) = service["spec"]["ports"]
    assert {one["name"]: one["containerPort"] for one in container(case, "api")["ports"]}[port["targetPort"]] == 3000


def test_the_flows_are_a_file_that_parses() -> None:
    assert tomllib.loads(data("the least", "-flows")["flows.toml"])["default_flow"] == "mock"
    assert tomllib.loads(data("everything", "-flows")["flows.toml"]) == {"flows": {"a": {"processor": "mock"}}}


def test_events_pass_the_ingress_and_callbacks_need_no_login() -> None:
    page, open_ = objects("everything", "Ingress")
    for ingress in (page, open_):
        annotations = ingress["metadata"]["annotations"]
        assert annotations["nginx.ingress.kubernetes.io/proxy-buffering"] == "off"
        assert ingress["spec"]["tls"] == [{"hosts": ["jobs.example.com"], "secretName": "jobs-tls"}]
        for path in ingress["spec"]["rules"][0]["http"]["paths"]:
            assert path["backend"]["service"] == {"name": "jobs-job-processor", "port": {"name": "http"}}
    assert page["metadata"]["annotations"]["nginx.ingress.kubernetes.io/auth-type"] == "basic"
    assert "nginx.ingress.kubernetes.io/auth-type" not in open_["metadata"]["annotations"]
    paths = [path["path"] for path in open_["spec"]["rules"][0]["http"]["paths"]]
    assert paths == ["/webhook/callback", "/jobs/webhook/callback", "/health"]


def test_under_a_path_callbacks_need_no_login_and_the_name_is_accepted() -> None:
    open_ = objects("a path", "Ingress")[1]
    paths = [path["path"] for path in open_["spec"]["rules"][0]["http"]["paths"]]
    assert paths == ["/jobs-app/webhook/callback", "/jobs-app/jobs/webhook/callback", "/jobs-app/health"]
    assert "jobs.example.com" in data("a path", "-settings")["ALLOWED_HOSTS"].split(",")
    assert "public.example.com" in data("an address without host", "-settings")["ALLOWED_HOSTS"].split(",")


@pytest.mark.parametrize("number", [0, 1])
def test_the_ingress_takes_as_much_as_the_product(number: int) -> None:
    """The largest batch; the largest callback, of six times the largest result, is smaller."""
    annotations = objects("everything", "Ingress")[number]["metadata"]["annotations"]
    size = annotations["nginx.ingress.kubernetes.io/proxy-body-size"]
    assert int(size.removesuffix("m")) * 1_048_576 >= MAX_BATCH_BYTES


def test_texts_that_look_like_something_else_stay_texts() -> None:
    case = "texts that look like something else"
    assert tomllib.loads(data(case, "-flows")["flows.toml"])["default_flow"] == "a"
    pod = deployment(case, "api")["spec"]["template"]["spec"]
    assert pod["imagePullSecrets"] == [{"name": "123"}]
    assert objects(case, "ScaledObject")[0]["spec"]["cooldownPeriod"] == 1_000_000


def test_keda_scales_the_workers_by_what_waits() -> None:
    (scaled,) = objects("everything", "ScaledObject")
    worker = deployment("everything", "worker")
    assert scaled["spec"]["scaleTargetRef"]["name"] == worker["metadata"]["name"]
    assert "replicas" not in worker["spec"], "Helm and KEDA would undo each other"
    assert deployment("the least", "worker")["spec"]["replicas"] == 2
    (trigger,) = scaled["spec"]["triggers"]
    (authentication,) = objects("everything", "TriggerAuthentication")
    assert trigger["authenticationRef"]["name"] == authentication["metadata"]["name"]
    assert authentication["spec"]["secretTargetRef"] == [
        {"parameter": "connectionString", "name": "jobs", "key": "mongodb-uri"}
    ]


def test_the_chart_is_of_this_version() -> None:
    assert container("the least", "api")["image"] == f"ghcr.io/you/job-processor-backend:v{__version__}"
    assert container("everything", "api")["image"] == "r:v9.9.9"


@pytest.mark.mongo
async def test_keda_counts_the_jobs_that_are_due_and_nobody_has(tmp_path: Path) -> None:
    (scaled,) = objects("everything", "ScaledObject")
    asked = scaled["spec"]["triggers"][0]["metadata"]
    server = mongo_server.require()
    async with place_of("mongo", tmp_path, server) as place:
        assert isinstance(place, MongoPlace)
        store = await place.open()
        await given.completed(store, "done", "{}")
        await given.failed(store)
        await given.added(store, "runs")
        await given.claimed(store)
        await given.added(store, "later", run_at=store.now() + 3_600_000)
        for _ in range(3):
            await given.added(store)
        client: MongoClient[dict[str, Any]] = MongoClient(server.uri)
        try:
            assert client[place.database][asked["collection"]].count_documents(json.loads(asked["query"])) == 3
        finally:
            client.close()

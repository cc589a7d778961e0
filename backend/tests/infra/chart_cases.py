"""Values of the Helm chart: those that are rendered and checked, and those that are refused, with words."""

from __future__ import annotations

from typing import Any

GIVEN: dict[str, Any] = {"image": {"repository": "ghcr.io/you/job-processor-backend"}, "secrets": {"existing": "jobs"}}
EVERYTHING: dict[str, Any] = GIVEN | {
    "image": {"repository": "r", "tag": "v9.9.9", "pullSecrets": ["registry"]},
    "host": "jobs.example.com",
    "allowedHosts": ["jobs.internal"],
    "flows": {"toml": '[flows.a]\nprocessor = "mock"\n', "environmentSecret": "keys"},
    "settings": {"RETENTION_DAYS": 0, "MAX_RESULT_BYTES": 8388608, "LOG_LEVEL": "debug"},
    "api": {"replicas": 5},
    "worker": {"replicas": 4, "drainSeconds": 60, "resources": {"limits": {"memory": "1Gi"}}},
    "autoscaling": {"enabled": True, "maxReplicas": 30, "jobsPerWorker": 20},
    "ingress": {
        "enabled": True,
        "className": "nginx",
        "annotations": {"nginx.ingress.kubernetes.io/auth-type": "basic"},
        "openAnnotations": {"example.com/open": "yes"},
        "tlsSecret": "jobs-tls",
    },
    "podAnnotations": {"prometheus.io/scrape": "true"},
    "nodeSelector": {"disk": "fast"},
    "tolerations": [{"key": "spot", "operator": "Exists"}],
    "oidc": {
        "issuer": "https://id.example.com/realms/jobs",
        "clientId": "job-processor",
        "settings": {"OIDC_ROLES": "jobs-admins=admin", "OIDC_AUDIENCE": "jobs"},
    },
}
RENDERED = {
    "the least": GIVEN,
    "secrets in the values": GIVEN
    | {
        "secrets": {
            "mongodbUri": "mongodb+srv://u:p@db.example.com/jobs",
            "webhookSecret": "9f1c27d04be85a36" * 2,
            "oidcClientSecret": "not-a-real-secret",
        },
        "oidc": {"issuer": "https://id.example.com", "clientId": "c"},
        "host": "jobs.example.com",
    },
    "everything": EVERYTHING,
    "one of each": GIVEN | {"auth": "proxy", "api": {"replicas": 1}, "worker": {"replicas": 1}},
}
# Release names other than `jobs`.
RELEASES = {"a long name": "a" * 53, "a name with a digit in front": "1jobs", "a name with a dot": "jobs.prod"}
PATH = GIVEN | {"auth": "proxy", "host": "h.example.com", "publicUrl": "https://jobs.example.com/jobs-app/"}
RENDERED |= {
    "a long name": EVERYTHING,
    "a path": PATH | {"ingress": {"enabled": True}},
    "an address without host": GIVEN | {"publicUrl": "https://public.example.com:8443"},
    "texts that look like something else": EVERYTHING
    | {
        "image": {"repository": "r", "pullSecrets": ["123"]},
        "secrets": {"existing": "123"},
        "flows": {"toml": '    default_flow = "a"\n[flows.a]\nprocessor = "mock"\n', "environmentSecret": "1e3"},
        "settings": {"RETENTION_DAYS": 7, "S3_TOKEN": "x"},
        "ingress": {"enabled": True, "className": "true", "tlsSecret": "123", "annotations": None},
        "autoscaling": {"enabled": True, "cooldownSeconds": 1000000, "pollingSeconds": 1000000, "maxReplicas": 1000000},
    },
}
LARGE = {"everything", "a long name", "texts that look like something else"}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no image": ({"secrets": {"existing": "jobs"}}, "image.repository: give one"),
    "no secrets": ({"image": {"repository": "r"}}, "secrets: give secrets.existing"),
    "half of the secrets": (GIVEN | {"secrets": {"mongodbUri": "mongodb://db"}}, "secrets: give secrets.existing"),
    "a short secret": (GIVEN | {"secrets": {"webhookSecret": "short"}}, "webhookSecret"),
    "an ingress for no name": (GIVEN | {"ingress": {"enabled": True}}, "host: the ingress needs one"),
    "a name that is none": (GIVEN | {"host": "https://jobs.example.com"}, "host"),
    "every name": (GIVEN | {"allowedHosts": ["*"]}, "allowedHosts"),
    "a value that is unknown": (GIVEN | {"replicas": 3}, "replicas"),
    "nobody authenticates": (GIVEN | {"auth": "off"}, "auth"),
    "a sign-in of nobody": (GIVEN | {"oidc": {"issuer": "https://id.example.com"}}, "oidc.clientId: give the id"),
    "a sign-in behind a proxy": (
        GIVEN | {"auth": "proxy", "oidc": {"issuer": "https://id.example.com", "clientId": "c"}},
        "oidc: needs auth: keys",
    ),
    "a provider without https": (GIVEN | {"oidc": {"issuer": "http://id.example.com", "clientId": "c"}}, "issuer"),
    **{
        f"settings.{name}": (GIVEN | {"settings": {name: value}}, f"settings.{name}: this is decided by")
        for name, value in {
            "PORT": 8080,
            "DRAIN_SECONDS": 9,
            "WORKER_NAME": "w",
            "PUBLIC_URL": "x",
            "AUTH": "off",
        }.items()
    },
    "another drain of the API": (GIVEN | {"api": {"drainSeconds": 60}}, "drainSeconds"),
    "an address as a name": (GIVEN | {"host": "192.0.2.1"}, "host"),
    "a number as a name": (GIVEN | {"host": "123"}, "host"),
    "two dots": (GIVEN | {"host": "jobs..example.com"}, "host"),
    "fewer than the fewest": (
        GIVEN | {"autoscaling": {"enabled": True, "minReplicas": 5, "maxReplicas": 2}},
        "autoscaling.minReplicas: must not be above autoscaling.maxReplicas",
    ),
    "a name with a digit in front": (GIVEN, "release name 1jobs: begin with a letter"),
    "a name with a dot": (GIVEN, "release name jobs.prod: begin with a letter"),
    "no worker": (GIVEN | {"worker": {"replicas": 0}}, "replicas"),
}

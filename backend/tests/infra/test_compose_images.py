"""The images of the compose files: built once, named by prefix and tag, pinned where they are of others."""

import hashlib
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from tests.infra.compose_files import COMPOSE, FILES, MAIN, REPOSITORY, SQLITE, configured, needs_compose

pytestmark = needs_compose


@FILES
def test_each_image_is_built_once(file: str) -> None:
    """Two builds of one name at a time fail now and then: image "…" already exists."""
    builds: dict[str, list[str]] = defaultdict(list)
    for name, service in configured(file).items():
        if service["image"].startswith("job-processor-"):
            builds[service["image"]] += [name] if "build" in service else []
        else:
            assert "build" not in service, name
    assert builds
    assert {image: len(made) for image, made in builds.items()} == dict.fromkeys(builds, 1)


def test_a_release_is_pulled_by_prefix_and_tag() -> None:
    given = {"IMAGE_PREFIX": "ghcr.io/example/job-processor", "IMAGE_TAG": "v1.2.3"}
    for file in (MAIN, SQLITE):
        ours = {one["image"] for one in configured(file, given).values() if "job-processor" in one["image"]}
        assert all(re.fullmatch(r"ghcr\.io/example/job-processor-(backend|tools|frontend):v1\.2\.3", i) for i in ours)


def test_images_of_others_are_pinned_and_patched() -> None:
    images = {one["image"] for one in configured(MAIN).values() if not one["image"].startswith("job-processor-")}
    versions = {image.partition(":")[0]: image.partition(":")[2] for image in images}
    assert all(re.fullmatch(r"v?\d+\.\d+\.\d+(-\w+)*", version) for version in versions.values()), versions
    # CVE-2026-8053 and others.
    assert tuple(int(part) for part in versions["mongo"].split(".")) >= (8, 0, 23)
    workflow = (REPOSITORY / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"mongo:(\d[\d.]+)", workflow)) == {versions["mongo"]}


FAKE_DOCKER = """#!/bin/sh
case "$1 $2" in
  'compose --profile') exec "{compose}" --env-file /dev/null "--profile" "*" config --format json ;;
  'buildx imagetools') for image; do :; done; printf '"sha256:%s"\\n' "$(printf %s "$image" | {hash})" ;;
esac
"""


def test_a_release_names_the_images_of_others_by_digest(tmp_path: Path) -> None:
    """pin-images, with a `docker` that hashes the image's name; Compose understands the overlay."""
    hasher = f"{sys.executable} -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'"
    (tmp_path / "docker").write_text(FAKE_DOCKER.format(compose=COMPOSE, hash=hasher))
    (tmp_path / "docker").chmod(0o755)
    overlay = tmp_path / "docker-compose.images.yml"
    with overlay.open("w") as out:
        environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)}
        command = [sys.executable, str(REPOSITORY / "scripts/infra/pin-images")]
        subprocess.run(command, env=environment, stdout=out, check=True, timeout=120)

    before = configured(MAIN)
    pinned = configured(f"{MAIN}:{overlay}")
    for name, service in before.items():
        image, digest = service["image"], hashlib.sha256(service["image"].encode()).hexdigest()
        ours = image.startswith("job-processor-")
        assert pinned[name]["image"] == (image if ours else f"{image}@sha256:{digest}")


def test_the_tests_use_the_caddy_of_the_image() -> None:
    image = (REPOSITORY / "infrastructure/containers/frontend.Dockerfile").read_text(encoding="utf-8")
    locked = (REPOSITORY / "backend/requirements/infra.txt").read_text(encoding="utf-8")
    [version] = re.findall(r"^caddyserver==(\S+)", locked, re.MULTILINE)
    assert f"FROM caddy:{version}-alpine" in image


def test_the_stack_names_the_base_images_that_the_substitutes_stand_for() -> None:
    substitutes = (REPOSITORY / "scripts/infra/compose-substitutes").read_text(encoding="utf-8")
    made = set(re.findall(r"docker\.io/library/(\S+)", substitutes))
    files = ("backend/Dockerfile", "infrastructure/containers/frontend.Dockerfile")
    texts = [(REPOSITORY / file).read_text(encoding="utf-8") for file in files]
    bases = {base for text in texts for base in re.findall(r"^FROM (\S+:\S+)", text, re.MULTILINE)}
    assert made == bases | {configured(MAIN)["mongodb"]["image"]}

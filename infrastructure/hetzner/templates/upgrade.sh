#!/bin/bash
# job-processor-upgrade TAG: change the server to this release, newer or older.
# The new version is fetched and examined beside the running one; only then containers are replaced. Requests that are
# being answered are finished, and those that arrive in between wait at the proxy.
set -euo pipefail

root=${TEST_ROOT:-} # a test runs the script below a folder of its own
config=$root/etc/job-processor
app=$root/opt/job-processor

[ $# -eq 1 ] || {
  echo "usage: job-processor-upgrade TAG" >&2
  exit 2
}
tag=$1
# shellcheck source=/dev/null
. "$config/boot.env"
cd "$app"

# Of a tag, a branch as it is now, or a commit.
commit_of() {
  local name
  for name in "refs/tags/$1" "refs/remotes/origin/$1" "$1"; do
    git rev-parse --quiet --verify "$name^{commit}" && return
  done
  echo "job-processor-upgrade: the repository has no $1" >&2
  return 1
}

# A release has its name; a branch moves, so its images have the name of the commit.
image_tag() {
  if git rev-parse --quiet --verify "refs/tags/$1^{commit}" >/dev/null; then
    echo "${1//\//-}" # a tag's name may hold characters that an image's tag may not
  else
    commit_of "$1"
  fi
}

set_release() {
  git -c advice.detachedHead=false checkout --quiet --force --detach "$(commit_of "$1")"
  # The file is replaced at once; the settings stay readable for root alone. Before the operator's own lines, which win.
  local line
  line="IMAGE_TAG='$(image_tag "$1")'"
  if grep -q "^IMAGE_TAG=" .env; then
    sed -i -e "s|^IMAGE_TAG=.*|$line|" .env
  else
    sed -i -e "1i $line" .env
  fi
}

go_back() {
  set_release "$before"
  echo "job-processor-upgrade: $tag was not started; $before goes on running" >&2
  exit 1
}

before=$REPOSITORY_REF
# A branch moves with the next line.
git rev-parse --quiet --verify "refs/tags/$before^{commit}" >/dev/null || before=$(git rev-parse HEAD)
git fetch --quiet --tags --force origin
commit_of "$tag" >/dev/null
case ",$(sed -n "s/^COMPOSE_PROFILES='\(.*\)'/\1/p" .env)," in
  *,backup,*) docker compose exec -T backup python3 /usr/local/lib/job-processor/backup.py once ;;
esac

trap go_back EXIT
trap 'exit 1' INT TERM
set_release "$tag"
if [ -z "$IMAGE_PREFIX" ] || ! docker compose pull --quiet; then
  docker compose build --pull
fi
# Settings, flows, and whether this version can read the database: an older one refuses what it does not understand.
docker compose run -T --rm --no-deps backend check
trap - EXIT INT TERM

docker compose up --detach --wait --wait-timeout 900 --remove-orphans || {
  echo "job-processor-upgrade: $tag does not become healthy: docker compose ps, docker compose logs; the way back is job-processor-upgrade $before" >&2
  exit 1
}
sed -i -e "s|^REPOSITORY_REF=.*|REPOSITORY_REF='$tag'|" "$config/boot.env"
# Images that no container uses, older than a week. A way back pulls them again.
docker image prune --all --force --filter until=168h >/dev/null
docker builder prune --force --filter until=168h >/dev/null
echo "job-processor-upgrade: $before -> $tag. Tell Terraform: repository_ref = \"$tag\" (docs/cloud.md, Change a setting)"

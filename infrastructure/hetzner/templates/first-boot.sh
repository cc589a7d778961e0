#!/bin/bash
# Runs at a server's first boot (cloud-init calls it) and whenever its files in /etc/job-processor were changed: mounts
# the volume, fetches the application, starts the stack. It can be stopped at any point and run again.
# Settings come from boot.env and stack.env, secrets from files; this script contains none.
set -euo pipefail

root=${TEST_ROOT:-} # a test runs the script below a folder of its own
config=$root/etc/job-processor
data=$root/var/lib/job-processor
app=$root/opt/job-processor
docker_volumes=$root/var/lib/docker/volumes

say() { echo "first boot: $*"; }
fail() {
  echo "first boot: $*" >&2
  exit 1
}

# A file appears whole or not at all.
write_file() {
  cat >"$1.new"
  mv "$1.new" "$1"
}

add_mount() {
  grep -qF " $2 " "$root/etc/fstab" || {
    { cat "$root/etc/fstab" && echo "$1 $2 $3"; } | write_file "$root/etc/fstab"
  }
  mkdir -p "$2"
  mountpoint -q "$2" || mount "$2"
}

# Docker's named volumes and the flows are on the disk; images and containers are not, because they are of the server.
mount_volume() {
  local device="$root/dev/disk/by-id/scsi-0HC_Volume_$VOLUME_ID" tries=0
  # The volume is attached after the server is created, so it may not be there yet.
  until [ -e "$device" ]; do
    tries=$((tries + 1))
    [ "$tries" -le 150 ] || fail "volume $VOLUME_ID did not appear within 5 minutes"
    sleep 2
  done
  add_mount "$device" "$data" "ext4 defaults,discard,nofail 0 2"
  mkdir -p "$data/volumes"
  add_mount "$data/volumes" "$docker_volumes" "none bind,nofail,x-systemd.requires-mounts-for=$data 0 0"
  # Without the disk Docker must not start: it would create new secrets and an empty database.
  mkdir -p "$root/etc/systemd/system/docker.service.d"
  printf '[Unit]\nRequiresMountsFor=%s %s\n' "$data" "$docker_volumes" |
    write_file "$root/etc/systemd/system/docker.service.d/volume.conf"
}

# Before Docker starts: it would create the files that containers mount as folders.
fetch_application() {
  if [ ! -d "$app/.git" ]; then
    # A folder without a repository is what Docker made of missing files.
    rm -rf "$app.new" "$app"
    git clone --no-checkout "$REPOSITORY_URL" "$app.new"
    mv "$app.new" "$app"
  fi
  git -C "$app" fetch --quiet --tags --force origin
  git -C "$app" -c advice.detachedHead=false checkout --quiet --force --detach "$(commit_of "$REPOSITORY_REF")"
}

# Of a tag, a branch as it is now, or a commit.
commit_of() {
  local name
  for name in "refs/tags/$1" "refs/remotes/origin/$1" "$1"; do
    git -C "$app" rev-parse --quiet --verify "$name^{commit}" && return
  done
  fail "the repository has no $1"
}

# A release has its name; a branch moves, so its images have the name of the commit.
image_tag() {
  if git -C "$app" rev-parse --quiet --verify "refs/tags/$1^{commit}" >/dev/null; then
    echo "${1//\//-}" # a tag's name may hold characters that an image's tag may not
  else
    commit_of "$1"
  fi
}

# The flows stay as the operator left them; a file that nobody changed follows the settings.
write_flows() {
  local flows="$data/flows/flows.toml" ours="$data/flows/.as-written"
  mkdir -p "$data/flows"
  if [ ! -e "$flows" ] || { [ -e "$ours" ] && cmp -s "$flows" "$ours"; }; then
    write_file "$flows" <"$config/flows.toml"
  elif ! cmp -s "$flows" "$config/flows.toml"; then
    say "$flows was changed by hand and stays; what the settings make is in $config/flows.toml"
    return
  fi
  write_file "$ours" <"$config/flows.toml"
}

# The settings, what the release decides, and the operator's own lines, of which the last of a name counts.
write_settings() {
  umask 077
  {
    cat "$config/stack.env"
    [ -z "$IMAGE_PREFIX" ] || printf "IMAGE_PREFIX='%s'\n" "$IMAGE_PREFIX"
    # Where images are built too: those of another release must not take the place of these.
    printf "IMAGE_TAG='%s'\n" "$(image_tag "$REPOSITORY_REF")"
    [ ! -e "$data/operator.env" ] || cat "$data/operator.env"
  } | write_file "$app/.env"
  umask 022
}

configure_docker() {
  mkdir -p "$root/etc/docker" "$root/etc/sysctl.d"
  echo '{ "log-driver": "local", "log-opts": { "max-size": "20m", "max-file": "5" }, "live-restore": true }' |
    write_file "$root/etc/docker/daemon.json"
  # After a reboot a container may start before the private address is there, and Docker does not try again.
  echo 'net.ipv4.ip_nonlocal_bind = 1' | write_file "$root/etc/sysctl.d/60-job-processor.conf"
  sysctl --quiet --load "$root/etc/sysctl.d/60-job-processor.conf"
  systemctl daemon-reload
  systemctl restart docker.service
  # The metadata service returns this server's user data, with secrets: block it for containers.
  systemctl enable --now job-processor-metadata-guard.service
}

get_images() {
  if [ -n "$IMAGE_PREFIX" ] && docker compose pull --quiet; then
    return
  fi
  [ -z "$IMAGE_PREFIX" ] || say "the images of $REPOSITORY_REF could not be pulled from $IMAGE_PREFIX-…: building them"
  docker compose build --pull
}

# shellcheck source=/dev/null
. "$config/boot.env"

if [ -n "$VOLUME_ID" ] && ! mountpoint -q "$docker_volumes"; then
  # The package started Docker already; nothing may write below the mount point.
  systemctl stop docker.socket docker.service
  mount_volume
fi
fetch_application
write_flows
write_settings
configure_docker
cd "$app"
get_images
docker compose run -T --rm backend check || fail "the settings are not usable; correct them, then run job-processor-first-boot"
docker compose up --detach --wait --wait-timeout 900
docker compose exec -T backend job-processor check --online || say "the stack runs, but see what the check above says"
say "done"

#!/bin/bash
# Runs at a database server's first boot, and can be run again: mounts the volume, starts MongoDB.
set -euo pipefail

root=${TEST_ROOT:-} # a test runs the script below a folder of its own
config=$root/etc/mongodb-node
data=$root/var/lib/mongodb-node
# shellcheck source=/dev/null
. "$config/boot.env"

device="$root/dev/disk/by-id/scsi-0HC_Volume_$VOLUME_ID" tries=0
# The volume is attached after the server is created, so it may not be there yet.
until [ -e "$device" ]; do
  tries=$((tries + 1))
  [ "$tries" -le 150 ] || {
    echo "volume $VOLUME_ID did not appear within 5 minutes" >&2
    exit 1
  }
  sleep 2
done
grep -qF " $data " "$root/etc/fstab" || echo "$device $data ext4 defaults,discard,nofail 0 2" >>"$root/etc/fstab"
mkdir -p "$data"
mountpoint -q "$data" || mount "$data"
mkdir -p "$data/data" "$root/etc/systemd/system/docker.service.d" "$root/etc/docker" "$root/etc/sysctl.d"
# 999 is the user of MongoDB's image, and root must not be needed to read its files.
chown 999:999 "$data/data"
chown -R 999:999 "$config/secrets"
chmod 0700 "$config/secrets"
find "$config/secrets" -type f -exec chmod 0400 {} +
# Without the disk Docker must not start: MongoDB would begin with an empty database.
printf '[Unit]\nRequiresMountsFor=%s\n' "$data" >"$root/etc/systemd/system/docker.service.d/volume.conf"
echo 'net.ipv4.ip_nonlocal_bind = 1' >"$root/etc/sysctl.d/60-mongodb-node.conf"
sysctl --quiet --load "$root/etc/sysctl.d/60-mongodb-node.conf"
systemctl daemon-reload
systemctl restart docker.service
# No --wait: a member is healthy when all three are there.
docker compose --file "$config/compose.yml" up --detach

#!/bin/bash
# Runs once, at a server's first boot (cloud-init calls it): mounts the volume, starts the stack.
# It reads settings from boot.env and secrets from files; this script contains none.
set -euo pipefail

config=/etc/job-processor
data=/var/lib/job-processor
app=/opt/job-processor
# shellcheck source=/dev/null
. "$config/boot.env"

mount_volume() {
  local device="/dev/disk/by-id/scsi-0HC_Volume_$VOLUME_ID" tries=0
  # The volume is attached after the server is created, so it may not be there yet.
  until [ -b "$device" ]; do
    tries=$((tries + 1))
    [ "$tries" -le 150 ] || { echo "volume $VOLUME_ID did not appear within 5 minutes" >&2; exit 1; }
    sleep 2
  done
  mkdir -p "$data"
  grep -q "$device" /etc/fstab || echo "$device $data ext4 defaults,discard,nofail 0 2" >>/etc/fstab
  mountpoint -q "$data" || mount "$data"
  # Without the volume Docker must not start: it would create new secrets and an empty database.
  mkdir -p /etc/systemd/system/docker.service.d
  printf '[Unit]\nRequiresMountsFor=%s\n' "$data" >/etc/systemd/system/docker.service.d/volume.conf
}

configure_docker() {
  mkdir -p /etc/docker "$data/docker"
  cat >/etc/docker/daemon.json <<EOF
{ "data-root": "$data/docker", "log-driver": "local", "log-opts": { "max-size": "20m", "max-file": "5" }, "live-restore": true }
EOF
  systemctl daemon-reload
  systemctl restart docker
  # The metadata service returns this server's user data, with secrets: block it for containers.
  systemctl enable --now job-processor-metadata-guard.service
}

fetch_application() {
  [ -d "$app/.git" ] || git clone --no-checkout "$REPOSITORY_URL" "$app"
  git -C "$app" -c advice.detachedHead=false checkout --detach "$REPOSITORY_REF"
}

write_settings() {
  umask 077
  {
    echo "APP_ENV=production"
    echo "COMPOSE_PROFILES=$PROFILES"
    echo "OPERATOR_SECRETS_DIR=$config/secrets"
    echo "HTTP_PORT=8081"
    echo "SITE_ADDRESS=$SITE_ADDRESS"
    echo "SITE_HOST=$SITE_HOST"
    echo "TLS_BIND_ADDRESS=$TLS_BIND_ADDRESS"
    echo "API_BIND_ADDRESS=$API_BIND_ADDRESS"
    echo "PUBLIC_URL=$PUBLIC_URL"
    echo "AZURE_OPENAI_ENDPOINT=$AZURE_OPENAI_ENDPOINT"
    echo "AZURE_OPENAI_DEPLOYMENT=$AZURE_OPENAI_DEPLOYMENT"
    if [ -s "$config/secrets/azure-openai-api-key" ]; then
      echo "AZURE_OPENAI_API_KEY_FILE=/run/job-processor/azure-openai-api-key"
    fi
    if [ -s "$config/secrets/mongodb-uri" ]; then
      echo "COMPOSE_FILE=docker-compose.yml:infrastructure/containers/external-database.yml"
    fi
  } >"$app/.env"
}

[ -z "$VOLUME_ID" ] || mount_volume
configure_docker
fetch_application
[ -e "$app/.env" ] || write_settings
cd "$app"
docker compose up --build --detach --wait --wait-timeout 900

# Docker's named volumes are here (database, secrets, backups), so that they survive a rebuild of the server.
resource "hcloud_volume" "data" {
  count = local.runs_database ? 1 : 0

  name              = "${var.name}-data"
  size              = var.volume_size_gb
  location          = var.location
  format            = "ext4"
  delete_protection = var.protect
  labels            = var.labels
}

# cloud-init mounts it by its id; automount would put it elsewhere.
resource "hcloud_volume_attachment" "data" {
  count = local.runs_database ? 1 : 0

  volume_id = hcloud_volume.data[0].id
  server_id = hcloud_server.app[0].id
  automount = false
}

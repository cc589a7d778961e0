# Docker's named volumes (database, secrets, backups, certificates) and the flows are here, so that they survive a rebuild
# of the server. It depends on data_volume alone, and Terraform refuses every plan that would destroy it.
resource "hcloud_volume" "data" {
  count = var.data_volume ? 1 : 0

  name              = "${var.name}-data"
  size              = var.volume_size_gb
  location          = var.location
  format            = "ext4"
  delete_protection = var.protect
  labels            = var.labels

  lifecycle {
    prevent_destroy = true
  }
}

# cloud-init mounts it by its id; automount would put it elsewhere.
resource "hcloud_volume_attachment" "data" {
  count = var.data_volume ? 1 : 0

  volume_id = hcloud_volume.data[0].id
  server_id = hcloud_server.app[0].id
  automount = false
}

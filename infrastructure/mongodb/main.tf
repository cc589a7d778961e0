# Three MongoDB servers on the private network, one replica set: an acknowledged write is on two of them.
locals {
  network_zone = { nbg1 = "eu-central", fsn1 = "eu-central", hel1 = "eu-central", ash = "us-east", hil = "us-west", sin = "ap-southeast" }[var.location]
  subnet_cidr  = cidrsubnet(var.network_cidr, 8, 2)
  addresses    = [for i in range(3) : cidrhost(local.subnet_cidr, 10 + i)]
  members      = [for address in local.addresses : "${address}:27017"]

  secrets = {
    mongodb-root-password = var.root_password
    mongodb-app-password  = var.app_password
    # Who has it may do everything, as root may.
    mongodb-key-file = base64sha512("replica set rs0 ${var.root_password}")
  }
  told = merge(
    { mongodb_image = var.mongodb_image, members = join(",", local.members) },
    { root_password = nonsensitive(sha256(var.root_password)), app_password = nonsensitive(sha256(var.app_password)) },
  )
  changed = [for i in range(3) : [
    for name, value in local.told : name if value != lookup(terraform_data.first_boot[i].output, name, value)
  ]]
}

resource "hcloud_network_subnet" "database" {
  network_id   = var.network_id
  type         = "cloud"
  network_zone = local.network_zone
  ip_range     = local.subnet_cidr
}

# Firewalls at Hetzner are for the public interface; MongoDB listens on the private one.
resource "hcloud_firewall" "database" {
  name   = "${var.name}-database"
  labels = var.labels

  rule {
    direction   = "in"
    protocol    = "tcp"
    port        = "22"
    source_ips  = var.ssh_allowed_cidrs
    description = "SSH"
  }
}

resource "hcloud_placement_group" "spread" {
  name   = "${var.name}-database"
  type   = "spread"
  labels = var.labels
}

resource "hcloud_volume" "data" {
  count = 3

  name              = "${var.name}-database-${count.index + 1}"
  size              = var.volume_size_gb
  location          = var.location
  format            = "ext4"
  delete_protection = var.protect
  labels            = var.labels

  lifecycle {
    prevent_destroy = true
  }
}

resource "hcloud_volume_attachment" "data" {
  count = 3

  volume_id = hcloud_volume.data[count.index].id
  server_id = hcloud_server.node[count.index].id
  automount = false
}

resource "hcloud_server" "node" {
  count = 3

  name                     = "${var.name}-database-${count.index + 1}"
  server_type              = var.server_type
  image                    = var.image
  location                 = var.location
  ssh_keys                 = [var.ssh_key_id]
  firewall_ids             = [hcloud_firewall.database.id]
  placement_group_id       = hcloud_placement_group.spread.id
  shutdown_before_deletion = true
  labels                   = var.labels

  user_data = templatefile("${path.module}/templates/cloud-init.yaml.tftpl", {
    volume_id     = hcloud_volume.data[count.index].id
    mongodb_image = var.mongodb_image
    address       = local.addresses[count.index]
    members       = join(",", local.members)
    secrets       = local.secrets
    health        = file("${path.module}/../containers/mongodb/health.js")
    boot_script   = file("${path.module}/templates/node-boot.sh")
  })

  network {
    network_id = var.network_id
    ip         = local.addresses[count.index]
  }

  # The network block needs the subnet, without a reference to it.
  depends_on = [hcloud_network_subnet.database]

  lifecycle {
    ignore_changes = [user_data, ssh_keys, image]
  }
}

resource "terraform_data" "first_boot" {
  count = 3

  input = local.told

  lifecycle {
    ignore_changes       = [input]
    replace_triggered_by = [hcloud_server.node[count.index].id]
  }
}

resource "terraform_data" "refuse_what_a_server_would_not_learn" {
  count = 3

  lifecycle {
    precondition {
      condition     = length(local.changed[count.index]) == 0
      error_message = <<-TEXT
        Database server ${count.index + 1} was set up with another value of: ${join(", ", local.changed[count.index])}. A running server does not learn a change from Terraform.
        Make the change on the servers (docs/cloud.md, "Three database servers"), then acknowledge: terraform apply -replace='module.mongodb[0].terraform_data.first_boot[${count.index}]'
      TEXT
    }
  }
}

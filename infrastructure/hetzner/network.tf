locals {
  network_zone = { nbg1 = "eu-central", fsn1 = "eu-central", hel1 = "eu-central", ash = "us-east", hil = "us-west", sin = "ap-southeast" }[var.location]
  subnet_cidr  = cidrsubnet(var.network_cidr, 8, 1)

  # Fixed addresses: the load balancer's targets and the servers' bind addresses are known before they exist.
  private_addresses = [for i in range(var.app_count) : cidrhost(local.subnet_cidr, 10 + i)]

  # The domain's name inside its zone.
  record_name = var.domain == var.dns_zone ? "@" : trimsuffix(var.domain, ".${var.dns_zone}")
}

# A change of these would destroy the network or the public addresses, and with them what the servers' names lead to.
# What they were is remembered here.
resource "terraform_data" "settled" {
  input = { location = var.location, network_cidr = var.network_cidr }

  lifecycle {
    ignore_changes = [input]
  }
}

locals {
  moved = compact([
    terraform_data.settled.output.location == var.location ? "" : "location",
    terraform_data.settled.output.network_cidr == var.network_cidr ? "" : "network_cidr",
  ])
}

resource "hcloud_network" "this" {
  name              = var.name
  ip_range          = var.network_cidr
  delete_protection = var.protect
  labels            = var.labels

  lifecycle {
    precondition {
      condition     = length(local.moved) == 0
      error_message = <<-TEXT
        ${join(" and ", local.moved)} cannot change: the network or the public addresses of the servers would be destroyed first.
        Set up a second installation and restore a backup there (docs/operations.md, "Back up and restore").
      TEXT
    }
  }
}

resource "hcloud_network_subnet" "apps" {
  network_id   = hcloud_network.this.id
  type         = "cloud"
  network_zone = local.network_zone
  ip_range     = local.subnet_cidr
}

# Reserved addresses: a rebuilt server keeps its address, its DNS name and its entry in Azure's allow list.
resource "hcloud_primary_ip" "app" {
  count = var.app_count

  name              = "${var.name}-${count.index + 1}"
  type              = "ipv4"
  location          = var.location
  auto_delete       = false
  delete_protection = var.protect
  labels            = var.labels
}

# Made before the servers start, so that the first request for a certificate finds the name.
resource "hcloud_zone_rrset" "app" {
  count = var.dns_zone != "" && var.domain != "" ? 1 : 0

  zone    = var.dns_zone
  name    = local.record_name
  type    = "A"
  ttl     = 300
  records = [{ value = var.load_balancer ? hcloud_load_balancer.app[0].ipv4 : hcloud_primary_ip.app[0].ip_address }]
  labels  = var.labels
}

locals {
  network_zone = { nbg1 = "eu-central", fsn1 = "eu-central", hel1 = "eu-central", ash = "us-east", hil = "us-west", sin = "ap-southeast" }[var.location]
  subnet_cidr  = cidrsubnet(var.network_cidr, 8, 1)

  # Fixed addresses: the load balancer's targets and the servers' bind addresses are known before they exist.
  private_addresses = [for i in range(var.app_count) : cidrhost(local.subnet_cidr, 10 + i)]
}

resource "hcloud_network" "this" {
  name              = var.name
  ip_range          = var.network_cidr
  delete_protection = var.protect
  labels            = var.labels
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
  assignee_type     = "server"
  location          = var.location
  auto_delete       = false
  delete_protection = var.protect
  labels            = var.labels
}

locals {
  # Whether there is a URI is not secret; its value is.
  runs_database = nonsensitive(var.mongodb_uri) == ""
}

resource "hcloud_ssh_key" "operator" {
  name       = var.name
  public_key = var.ssh_public_key
  labels     = var.labels
}

resource "hcloud_placement_group" "spread" {
  count = var.app_count > 1 ? 1 : 0

  name   = var.name
  type   = "spread"
  labels = var.labels
}

resource "hcloud_server" "app" {
  count = var.app_count

  name               = "${var.name}-${count.index + 1}"
  server_type        = var.server_type
  image              = var.image
  location           = var.location
  ssh_keys           = [hcloud_ssh_key.operator.id]
  firewall_ids       = [hcloud_firewall.app.id]
  placement_group_id = var.app_count > 1 ? hcloud_placement_group.spread[0].id : null
  backups            = var.server_backups
  delete_protection  = var.protect
  rebuild_protection = var.protect
  labels             = var.labels

  user_data = templatefile("${path.module}/templates/cloud-init.yaml.tftpl", {
    repository_url       = var.repository_url
    repository_ref       = var.repository_ref
    domain               = var.domain
    public_address       = hcloud_primary_ip.app[count.index].ip_address
    private_address      = local.private_addresses[count.index]
    behind_load_balancer = var.load_balancer
    api_port_open        = length(var.api_allowed_cidrs) > 0
    volume_id            = local.runs_database ? hcloud_volume.data[0].id : ""
    profiles             = join(",", concat(["tls"], var.profiles))
    mongodb_uri          = var.mongodb_uri
    webhook_secret       = var.webhook_secret
    azure_endpoint       = var.azure_openai == null ? "" : var.azure_openai.endpoint
    azure_deployment     = var.azure_openai == null ? "" : var.azure_openai.deployment
    azure_api_key        = var.azure_openai_api_key
    run_script           = file("${path.module}/templates/first-boot.sh")
  })

  public_net {
    ipv4         = hcloud_primary_ip.app[count.index].id
    ipv4_enabled = true
    ipv6_enabled = true
  }

  network {
    network_id = hcloud_network.this.id
    ip         = local.private_addresses[count.index]
  }

  # The network block needs the subnet, without a reference to it.
  depends_on = [hcloud_network_subnet.apps]

  lifecycle {
    # Used at first boot only: a rotated key or a new release must not replace a running server.
    ignore_changes = [user_data, ssh_keys, image]

    precondition {
      condition     = var.app_count == 1 || !local.runs_database
      error_message = "app_count > 1 needs mongodb_uri: several servers share one database, which none of them can run for the others."
    }
    precondition {
      condition     = var.app_count == 1 || nonsensitive(var.webhook_secret) != ""
      error_message = "app_count > 1 needs webhook_secret: a callback may arrive at any of the servers."
    }
    precondition {
      condition     = var.app_count == 1 || var.load_balancer
      error_message = "app_count > 1 needs load_balancer = true."
    }
    precondition {
      condition     = !var.load_balancer || var.domain != ""
      error_message = "load_balancer = true needs domain: its certificate is issued for a name."
    }
  }
}

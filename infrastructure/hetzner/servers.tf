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

# A server stores nothing that is not on the volume or in its user data, so it is not protected from deletion: replacing
# it is the way to change its settings.
resource "hcloud_server" "app" {
  count = var.app_count

  name                     = "${var.name}-${count.index + 1}"
  server_type              = var.server_type
  image                    = var.image
  location                 = var.location
  ssh_keys                 = [hcloud_ssh_key.operator.id]
  firewall_ids             = [hcloud_firewall.app.id]
  placement_group_id       = var.app_count > 1 ? hcloud_placement_group.spread[0].id : null
  backups                  = var.server_backups
  shutdown_before_deletion = true
  # A larger type keeps the disk of the smaller one, so that the way back stays open.
  keep_disk = true
  labels    = var.labels

  user_data = templatefile("${path.module}/templates/cloud-init.yaml.tftpl", {
    boot_settings  = local.boot_settings[count.index]
    stack_settings = merge(local.stack_settings[count.index], local.identity_settings)
    secrets        = { for name in local.secret_names : name => local.secrets[name] }
    flows          = local.flows
    run_script     = file("${path.module}/templates/first-boot.sh")
    upgrade_script = file("${path.module}/templates/upgrade.sh")
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

  # The network block needs the subnet, without a reference to it. The name must be there before a certificate is asked for.
  depends_on = [hcloud_network_subnet.apps, hcloud_zone_rrset.app]

  lifecycle {
    # Used at first boot only: a rotated key or a new release must not replace a running server.
    ignore_changes = [user_data, ssh_keys, image]

    precondition {
      condition     = var.app_count == 1 || !local.runs_database
      error_message = "app_count > 1 needs mongodb_uri: several servers share one database, which none of them can run for the others."
    }
    precondition {
      condition     = var.app_count == 1 || length(local.missing_shared) == 0
      error_message = "app_count > 1 needs ${join(" and ", local.missing_shared)}: a visitor or a callback may arrive at any of the servers, so they share these."
    }
    precondition {
      condition     = var.app_count == 1 || var.load_balancer
      error_message = "app_count > 1 needs load_balancer = true."
    }
    precondition {
      condition     = var.app_count == 1 || !contains(var.profiles, "n8n")
      error_message = "profile n8n is for one server: each would run an n8n of its own, and could not ask the others' about their executions. Run n8n elsewhere."
    }
    precondition {
      condition     = lookup(var.settings, "BACKUP_S3_BUCKET", "") == "" || length(local.missing_bucket_keys) == 0
      error_message = "BACKUP_S3_BUCKET needs the bucket's keys in operator_secrets: ${join(" and ", local.missing_bucket_keys)}. Without a bucket backups stay on the server."
    }
    precondition {
      condition     = !local.runs_database || var.data_volume
      error_message = "data_volume = false needs mongodb_uri: the database of the server is on the volume."
    }
    precondition {
      condition     = !var.load_balancer || var.domain != ""
      error_message = "load_balancer = true needs domain: its certificate is issued for a name."
    }
    precondition {
      condition     = !var.load_balancer || var.dns_zone != "" || nonsensitive(var.load_balancer_certificate) != null
      error_message = "load_balancer = true needs dns_zone (Hetzner issues certificates only for zones at its own DNS) or load_balancer_certificate."
    }
    precondition {
      condition     = var.auth == "proxy" || length(var.api_allowed_cidrs) == 0
      error_message = "api_allowed_cidrs needs auth = \"proxy\": with keys nobody is asked for the password, and programs send an API key."
    }
    precondition {
      condition     = var.auth == "proxy" || nonsensitive(var.basic_auth_password) == ""
      error_message = "basic_auth_password needs auth = \"proxy\": with keys people and programs have API keys, and people an identity provider (oidc)."
    }
    precondition {
      condition     = var.oidc == null || (var.auth == "keys" && var.domain != "")
      error_message = "oidc needs auth = \"keys\" and a domain: the identity provider sends browsers back to it."
    }
    precondition {
      condition     = var.oidc != null || nonsensitive(var.oidc_client_secret) == ""
      error_message = "oidc_client_secret needs oidc."
    }
    precondition {
      condition     = !var.load_balancer || length(var.api_allowed_cidrs) == 0
      error_message = "api_allowed_cidrs does not work with load_balancer: the servers see its address instead of the caller's."
    }
    precondition {
      condition     = var.dns_zone == "" || var.domain == var.dns_zone || endswith(var.domain, ".${var.dns_zone}")
      error_message = "domain must be dns_zone or a name in it."
    }
    precondition {
      condition     = var.azure_openai == null || local.has_azure_key != local.has_identity
      error_message = "The model at Azure needs either the account's key (azure_keys_enabled = true) or azure_identity, and not both: a server at Hetzner has no identity of its own."
    }
    precondition {
      condition     = !contains(["cx22", "cx23", "cpx11", "cax11"], var.server_type) || length(setintersection(var.profiles, ["n8n", "observability"])) == 0
      error_message = "profiles n8n and observability need a server_type with 8 GB of memory, such as cx33."
    }
  }
}

locals {
  # In the private network; the servers believe what it says about the client's address.
  load_balancer_address = cidrhost(local.subnet_cidr, 5)

  brings_certificate = nonsensitive(var.load_balancer_certificate) != null
  # Names are unique at Hetzner, and the new certificate is made before the old one goes.
  certificate_name = "${var.name}-${substr(sha256(local.brings_certificate ? nonsensitive(sha256(var.load_balancer_certificate.certificate)) : var.domain), 0, 8)}"
}

# Hetzner proves the domain by its own DNS, and renews the certificate.
resource "hcloud_managed_certificate" "app" {
  count = var.load_balancer && !local.brings_certificate ? 1 : 0

  name         = local.certificate_name
  domain_names = [var.domain]
  labels       = var.labels

  lifecycle {
    create_before_destroy = true
  }
}

resource "hcloud_uploaded_certificate" "app" {
  count = var.load_balancer && local.brings_certificate ? 1 : 0

  name        = local.certificate_name
  certificate = var.load_balancer_certificate.certificate
  private_key = var.load_balancer_certificate.private_key
  labels      = var.labels

  lifecycle {
    create_before_destroy = true
  }
}

resource "hcloud_load_balancer" "app" {
  count = var.load_balancer ? 1 : 0

  name               = var.name
  load_balancer_type = var.load_balancer_type
  location           = var.location
  delete_protection  = var.protect
  labels             = var.labels

  algorithm {
    type = "least_connections"
  }
}

resource "hcloud_load_balancer_network" "app" {
  count = var.load_balancer ? 1 : 0

  load_balancer_id = hcloud_load_balancer.app[0].id
  subnet_id        = hcloud_network_subnet.apps.id
  ip               = local.load_balancer_address
}

resource "hcloud_load_balancer_target" "app" {
  count = var.load_balancer ? var.app_count : 0

  type             = "server"
  load_balancer_id = hcloud_load_balancer.app[0].id
  server_id        = hcloud_server.app[count.index].id
  use_private_ip   = true

  depends_on = [hcloud_load_balancer_network.app]
}

resource "hcloud_load_balancer_service" "https" {
  count = var.load_balancer ? 1 : 0

  load_balancer_id = hcloud_load_balancer.app[0].id
  protocol         = "https"
  listen_port      = 443
  destination_port = 80

  http {
    certificates  = concat(hcloud_managed_certificate.app[*].id, hcloud_uploaded_certificate.app[*].id)
    redirect_http = true
    # Event streams are long-lived and often idle.
    timeout_idle = 120
  }

  health_check {
    protocol = "http"
    port     = 80
    interval = 15
    timeout  = 10
    retries  = 3

    http {
      # The API accepts its own host names only.
      domain       = var.domain
      path         = "/health"
      status_codes = ["200"]
    }
  }
}

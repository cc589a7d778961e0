resource "hcloud_managed_certificate" "app" {
  count = var.load_balancer ? 1 : 0

  name         = var.name
  domain_names = [var.domain]
  labels       = var.labels
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
  ip               = cidrhost(local.subnet_cidr, 5)
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
    certificates  = [hcloud_managed_certificate.app[0].id]
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

locals {
  anywhere = ["0.0.0.0/0", "::/0"]

  # With a load balancer, requests come over the private network only: the servers' web ports stay closed.
  web_rules = var.load_balancer ? [] : [
    { port = "80", sources = local.anywhere, description = "HTTP: certificate challenge and redirect to HTTPS" },
    { port = "443", sources = local.anywhere, description = "HTTPS" },
  ]
  inbound_rules = concat(
    [{ port = "22", sources = var.ssh_allowed_cidrs, description = "SSH" }],
    local.web_rules,
  )
}

resource "hcloud_firewall" "app" {
  name   = var.name
  labels = var.labels

  dynamic "rule" {
    for_each = local.inbound_rules

    content {
      direction   = "in"
      protocol    = "tcp"
      port        = rule.value.port
      source_ips  = rule.value.sources
      description = rule.value.description
    }
  }

  rule {
    direction   = "in"
    protocol    = "icmp"
    source_ips  = local.anywhere
    description = "Ping and path MTU"
  }
}

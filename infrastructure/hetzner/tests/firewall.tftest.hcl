mock_provider "hcloud" {
  source = "./tests/mocks"
}

variables {
  ssh_public_key    = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample you@example.com"
  ssh_allowed_cidrs = ["203.0.113.7/32"]
  repository_url    = "https://git.example.com/you/job-processor.git"
  repository_ref    = "v1.0.0"
}

run "only_ssh_http_and_https_are_open" {
  command = plan

  assert {
    condition     = toset([for r in hcloud_firewall.app.rule : r.port if r.protocol == "tcp"]) == toset(["22", "80", "443"])
    error_message = "open TCP ports must be exactly 22, 80 and 443"
  }
  assert {
    condition     = alltrue([for r in hcloud_firewall.app.rule : r.direction == "in" && contains(["tcp", "icmp"], r.protocol)])
    error_message = "only TCP and ICMP may come in"
  }
  assert {
    condition     = alltrue([for s in hcloud_server.app : length(s.firewall_ids) == 1])
    error_message = "every server needs the firewall"
  }
}

run "the_database_port_is_never_open" {
  command = plan

  variables {
    auth              = "proxy"
    api_allowed_cidrs = ["198.51.100.0/24"]
  }

  # A range such as 27000-28000 or "any" opens the port as well.
  assert {
    condition = alltrue([
      for r in hcloud_firewall.app.rule : r.protocol != "tcp" || try(
        tonumber(split("-", r.port)[0]) > 27017 || tonumber(reverse(split("-", r.port))[0]) < 27017,
        false,
      )
    ])
    error_message = "the database port 27017 must not be reachable from outside"
  }
}

run "ssh_is_open_to_the_named_networks_only" {
  command = plan

  assert {
    condition     = alltrue([for r in hcloud_firewall.app.rule : r.source_ips == tolist(["203.0.113.7/32"]) if r.port == "22"])
    error_message = "SSH must be open to ssh_allowed_cidrs and nobody else"
  }
}

run "networks_without_a_password_open_no_port" {
  command = plan

  variables {
    auth              = "proxy"
    api_allowed_cidrs = ["198.51.100.0/24", "203.0.113.8/32"]
  }

  assert {
    condition     = toset([for r in hcloud_firewall.app.rule : r.port if r.protocol == "tcp"]) == toset(["22", "80", "443"])
    error_message = "the API is reached through HTTPS only"
  }
  assert {
    condition     = local.stack_settings[0].API_ALLOWED_CIDRS == "198.51.100.0/24,203.0.113.8/32"
    error_message = "the edge must know the networks"
  }
}

run "networks_without_a_password_are_refused_behind_a_load_balancer" {
  command = plan

  variables {
    auth              = "proxy"
    api_allowed_cidrs = ["198.51.100.0/24"]
    load_balancer     = true
    domain            = "jobs.example.com"
    dns_zone          = "example.com"
  }

  expect_failures = [hcloud_server.app]
}

run "behind_a_load_balancer_the_web_ports_are_shut" {
  command = plan

  variables {
    load_balancer = true
    domain        = "jobs.example.com"
    dns_zone      = "example.com"
  }

  assert {
    condition     = [for r in hcloud_firewall.app.rule : r.port if r.protocol == "tcp"] == ["22"]
    error_message = "visitors come through the load balancer's private network only"
  }
}

run "ssh_to_the_whole_internet_is_refused" {
  command = plan

  variables {
    ssh_allowed_cidrs = ["0.0.0.0/1", "128.0.0.0/1"]
  }

  expect_failures = [var.ssh_allowed_cidrs]
}

run "the_api_to_the_whole_internet_is_refused" {
  command = plan

  variables {
    api_allowed_cidrs = ["::/0"]
  }

  expect_failures = [var.api_allowed_cidrs]
}

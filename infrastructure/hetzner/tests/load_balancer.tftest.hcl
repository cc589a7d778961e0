# A file of its own: runs of one file share their state, and a change of a server's settings is refused.
mock_provider "hcloud" {
  source = "./tests/mocks"
}

variables {
  ssh_public_key    = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample you@example.com"
  ssh_allowed_cidrs = ["203.0.113.7/32"]
  repository_url    = "https://git.example.com/you/job-processor.git"
  repository_ref    = "v1.0.0"
}

run "several_servers_behind_a_load_balancer" {
  command = apply

  variables {
    app_count      = 3
    load_balancer  = true
    domain         = "jobs.example.com"
    dns_zone       = "example.com"
    data_volume    = false
    mongodb_uri    = "mongodb+srv://user:password@db.example.com/jobs"
    webhook_secret = "0123456789abcdef0123456789abcdef"
  }

  assert {
    condition     = length(hcloud_server.app) == 3 && length(hcloud_load_balancer_target.app) == 3 && length(hcloud_placement_group.spread) == 1
    error_message = "three servers, three targets, spread over hosts"
  }
  assert {
    condition     = length(hcloud_volume.data) == 0
    error_message = "without data_volume there is no volume"
  }
  assert {
    condition     = output.private_addresses == ["10.20.1.10", "10.20.1.11", "10.20.1.12"]
    error_message = "each server has its private address"
  }
  assert {
    condition     = alltrue([for t in hcloud_load_balancer_target.app : t.use_private_ip])
    error_message = "the load balancer must use the private network"
  }
  assert {
    condition     = hcloud_load_balancer_service.https[0].protocol == "https" && hcloud_load_balancer_service.https[0].http[0].redirect_http
    error_message = "the load balancer must speak HTTPS and redirect HTTP"
  }
  assert {
    condition     = strcontains(hcloud_server.app[1].user_data, "TLS_BIND_ADDRESS='10.20.1.11'")
    error_message = "behind the load balancer a server listens on its private address only"
  }
  assert {
    condition     = alltrue([for s in hcloud_server.app : strcontains(s.user_data, "TLS_TRUSTED_PROXIES='10.20.1.5'") && strcontains(s.user_data, "AUTH='keys'")]) && hcloud_load_balancer_network.app[0].ip == "10.20.1.5"
    error_message = "the servers must believe the load balancer, and nobody else, about the client's address"
  }
  assert {
    condition     = output.application_url == "https://jobs.example.com/"
    error_message = "the application answers at the domain"
  }
  assert {
    condition = length(distinct([
      for s in hcloud_server.app : jsonencode([for f in yamldecode(s.user_data).write_files : f if startswith(f.path, "/etc/job-processor/secrets/")])
    ])) == 1
    error_message = "all servers must have the same secrets"
  }
  assert {
    condition     = toset([for f in yamldecode(hcloud_server.app[2].user_data).write_files : basename(f.path) if startswith(f.path, "/etc/job-processor/secrets/")]) == toset(["mongodb-uri", "webhook-secret"])
    error_message = "what would be drawn at random on each server must be shared"
  }
  assert {
    condition     = [for s in hcloud_server.app : strcontains(s.user_data, "COMPOSE_PROFILES='tls,backup'")] == [true, false, false]
    error_message = "one server writes the backups of the shared database"
  }
  assert {
    condition     = hcloud_zone_rrset.app[0].name == "jobs" && hcloud_zone_rrset.app[0].records[0].value == hcloud_load_balancer.app[0].ipv4
    error_message = "the name must lead to the load balancer"
  }
}

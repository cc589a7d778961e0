# A file of its own: runs of one file share their state, and a server ignores changes of its user data.
provider "hcloud" {
  token = "0000000000000000000000000000000000000000000000000000000000000000"
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
    mongodb_uri    = "mongodb+srv://user:password@db.example.com/jobs"
    webhook_secret = "0123456789abcdef0123456789abcdef"
  }

  assert {
    condition     = length(hcloud_server.app) == 3 && length(hcloud_load_balancer_target.app) == 3 && length(hcloud_placement_group.spread) == 1
    error_message = "three servers, three targets, spread over hosts"
  }
  assert {
    condition     = length(hcloud_volume.data) == 0
    error_message = "with a database elsewhere there is no volume"
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
    condition     = output.application_url == "https://jobs.example.com/"
    error_message = "the application answers at the domain"
  }
}

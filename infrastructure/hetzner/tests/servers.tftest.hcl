mock_provider "hcloud" {
  source = "./tests/mocks"
}

variables {
  ssh_public_key    = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample you@example.com"
  ssh_allowed_cidrs = ["203.0.113.7/32"]
  repository_url    = "https://git.example.com/you/job-processor.git"
  repository_ref    = "v1.0.0"
}

run "one_server_with_its_own_database_by_default" {
  command = plan

  assert {
    condition     = length(hcloud_server.app) == 1 && length(hcloud_volume.data) == 1 && length(hcloud_volume_attachment.data) == 1
    error_message = "the default is one server with one volume"
  }
  assert {
    condition     = length(hcloud_load_balancer.app) == 0 && length(hcloud_placement_group.spread) == 0
    error_message = "the default has no load balancer and no placement group"
  }
  assert {
    condition     = hcloud_volume.data[0].delete_protection && hcloud_primary_ip.app[0].delete_protection
    error_message = "the data and the address must be protected from deletion"
  }
  assert {
    condition     = length(local.secret_names) == 0 && strcontains(local.flows, "default_flow = \"mock\"")
    error_message = "without a model there is no key, and the default flow is the mock"
  }
  assert {
    condition     = output.private_addresses == ["10.20.1.10"] && output.load_balancer_address == null
    error_message = "addresses must be in the outputs"
  }
}

run "several_servers_need_a_shared_database" {
  command = plan

  variables {
    app_count      = 2
    load_balancer  = true
    domain         = "jobs.example.com"
    dns_zone       = "example.com"
    webhook_secret = "0123456789abcdef0123456789abcdef"
  }

  expect_failures = [hcloud_server.app]
}

run "several_servers_need_a_shared_secret" {
  command = plan

  variables {
    app_count     = 2
    load_balancer = true
    domain        = "jobs.example.com"
    dns_zone      = "example.com"
    mongodb_uri   = "mongodb+srv://user:password@db.example.com/jobs"
  }

  expect_failures = [hcloud_server.app]
}

run "several_servers_need_a_shared_password_where_there_is_one" {
  command = plan

  variables {
    auth           = "proxy"
    app_count      = 2
    load_balancer  = true
    domain         = "jobs.example.com"
    dns_zone       = "example.com"
    mongodb_uri    = "mongodb+srv://user:password@db.example.com/jobs"
    webhook_secret = "0123456789abcdef0123456789abcdef"
  }

  expect_failures = [hcloud_server.app]
}

run "n8n_is_for_one_server" {
  command = plan

  variables {
    app_count      = 2
    load_balancer  = true
    domain         = "jobs.example.com"
    dns_zone       = "example.com"
    mongodb_uri    = "mongodb://user:password@10.20.2.10:27017/jobs"
    webhook_secret = "0123456789abcdef0123456789abcdef"
    server_type    = "cx33"
    profiles       = ["n8n"]
  }

  expect_failures = [hcloud_server.app]
}

run "n8n_does_not_fit_into_the_smallest_server" {
  command = plan

  variables {
    profiles = ["n8n"]
  }

  expect_failures = [hcloud_server.app]
}

run "the_servers_own_database_needs_the_volume" {
  command = plan

  variables {
    data_volume = false
  }

  expect_failures = [hcloud_server.app]
}

run "a_database_over_the_internet_without_tls_is_refused" {
  command = plan

  variables {
    mongodb_uri = "mongodb://user:password@db.example.com:27017/jobs?replicaSet=rs0"
  }

  expect_failures = [var.mongodb_uri]
}

run "a_load_balancer_needs_a_domain" {
  command = plan

  variables {
    load_balancer             = true
    load_balancer_certificate = { certificate = "-----BEGIN CERTIFICATE-----", private_key = "-----BEGIN PRIVATE KEY-----" }
  }

  expect_failures = [hcloud_server.app]
}

run "a_short_webhook_secret_is_refused" {
  command = plan

  variables {
    webhook_secret = "dev-secret-key"
  }

  expect_failures = [var.webhook_secret]
}

run "nonsense_is_refused" {
  command = plan

  variables {
    app_count      = 0
    location       = "moon"
    repository_url = "https://user:token@git.example.com/x"
    domain         = "https://jobs.example.com"
    volume_size_gb = 1
    profiles       = ["everything"]
  }

  expect_failures = [var.app_count, var.location, var.repository_url, var.domain, var.volume_size_gb, var.profiles]
}

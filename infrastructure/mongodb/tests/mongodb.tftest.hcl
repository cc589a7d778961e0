mock_provider "hcloud" {
  source = "../hetzner/tests/mocks"
}

variables {
  network_id        = "104"
  network_cidr      = "10.20.0.0/16"
  ssh_key_id        = "108"
  ssh_allowed_cidrs = ["203.0.113.7/32"]
  app_password      = "0123456789abcdef0123456789abcdef"
  root_password     = "fedcba9876543210fedcba9876543210"
}

run "three_members_on_the_private_network" {
  command = plan

  assert {
    condition     = length(hcloud_server.node) == 3 && length(hcloud_volume.data) == 3
    error_message = "three servers, each with a volume"
  }
  assert {
    condition     = nonsensitive(output.uri) == "mongodb://job_processor:0123456789abcdef0123456789abcdef@10.20.2.10:27017,10.20.2.11:27017,10.20.2.12:27017/job_processor?replicaSet=rs0&w=majority"
    error_message = "the address must name all members and ask for majority writes"
  }
  assert {
    condition     = [for r in hcloud_firewall.database.rule : r.port] == ["22"]
    error_message = "only SSH may come in"
  }
}

run "the_same_password_twice_is_refused" {
  command = plan

  variables {
    root_password = "0123456789abcdef0123456789abcdef"
  }

  expect_failures = [var.root_password]
}

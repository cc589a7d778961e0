mock_provider "hcloud" {
  source = "./tests/mocks"
}

variables {
  ssh_public_key    = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample you@example.com"
  ssh_allowed_cidrs = ["203.0.113.7/32"]
  repository_url    = "https://git.example.com/you/job-processor.git"
  repository_ref    = "v1.0.0"
}

run "the_outputs_name_the_servers_own_address" {
  command = apply

  variables {
    # Without the volume, which Terraform refuses to destroy, also after a test.
    data_volume = false
    mongodb_uri = "mongodb+srv://user:password@db.example.com/jobs"
  }

  assert {
    condition     = output.ssh_command == "ssh root@${hcloud_primary_ip.app[0].ip_address}"
    error_message = "the SSH line must name the server's own address"
  }
  assert {
    condition     = output.application_url == "https://${hcloud_primary_ip.app[0].ip_address}/"
    error_message = "without a domain the address is the server's"
  }
}

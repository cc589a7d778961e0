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

run "first_boot_is_valid_and_holds_what_it_needs" {
  command = apply

  variables {
    domain               = "jobs.example.com"
    azure_openai         = { endpoint = "https://example.openai.azure.com/", deployment = "gpt-4o-mini" }
    azure_openai_api_key = "not-a-real-key"
  }

  assert {
    condition     = can(yamldecode(hcloud_server.app[0].user_data))
    error_message = "cloud-init must be valid YAML"
  }
  assert {
    condition = anytrue([
      for f in yamldecode(hcloud_server.app[0].user_data).write_files :
      f.path == "/etc/job-processor/secrets/azure-openai-api-key" && f.permissions == "0600" && try(base64decode(f.content), "") == "not-a-real-key"
    ])
    error_message = "the key must arrive as a file that only root can read"
  }
  assert {
    condition     = !strcontains(hcloud_server.app[0].user_data, "not-a-real-key")
    error_message = "the key must not stand anywhere else"
  }
  assert {
    condition     = strcontains(hcloud_server.app[0].user_data, "SITE_ADDRESS='https://jobs.example.com'")
    error_message = "the stack must start with TLS for the domain"
  }
  assert {
    condition     = strcontains(hcloud_server.app[0].user_data, "PROFILES='tls,backup'")
    error_message = "TLS and backups must be on"
  }
}

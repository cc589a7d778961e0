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

run "first_boot_is_valid_and_holds_what_it_needs" {
  command = apply

  variables {
    domain               = "jobs.example.com"
    azure_openai         = { endpoint = "https://example.openai.azure.com/", deployment = "chat-model", options = { max_completion_tokens = 4000, reasoning_effort = "low" } }
    azure_openai_api_key = "not-a-real-key"
    settings             = { RETENTION_DAYS = "7" }
    # Without the volume, which Terraform refuses to destroy, also after a test.
    data_volume      = false
    mongodb_uri      = "mongodb+srv://user:password@db.example.com/jobs"
    operator_secrets = { "alert-webhook-url" = "https://alerts.example.com/x" }
  }

  assert {
    condition     = can(yamldecode(hcloud_server.app[0].user_data))
    error_message = "cloud-init must be valid YAML"
  }
  assert {
    condition = { for f in yamldecode(hcloud_server.app[0].user_data).write_files : basename(f.path) => base64decode(f.content) if startswith(f.path, "/etc/job-processor/secrets/") && f.permissions == "0600" } == {
      azure-openai-api-key = "not-a-real-key"
      alert-webhook-url    = "https://alerts.example.com/x"
      mongodb-uri          = "mongodb+srv://user:password@db.example.com/jobs"
    }
    error_message = "secrets must arrive as files that only root can read"
  }
  assert {
    condition     = !strcontains(hcloud_server.app[0].user_data, "not-a-real-key")
    error_message = "the key must not stand anywhere else"
  }
  assert {
    condition = alltrue([for line in [
      "SITE_ADDRESS='https://jobs.example.com'", "COMPOSE_PROFILES='tls,backup'", "RETENTION_DAYS='7'",
      "AZURE_OPENAI_API_KEY_FILE='/run/job-processor/azure-openai-api-key'", "FLOWS_DIR='/var/lib/job-processor/flows'",
    ] : strcontains(hcloud_server.app[0].user_data, line)])
    error_message = "the stack must start with TLS for the domain, backups, the flows and the key"
  }
  assert {
    condition = alltrue([for line in [
      "default_flow = \"chat\"", "endpoint = \"https://example.openai.azure.com/\"", "deployment = \"chat-model\"",
      "api_key_env = \"AZURE_OPENAI_API_KEY\"", "max_completion_tokens = 4000", "reasoning_effort = \"low\"",
    ] : strcontains(one([for f in yamldecode(hcloud_server.app[0].user_data).write_files : base64decode(f.content) if f.path == "/etc/job-processor/flows.toml"]), line)])
    error_message = "the default flow must be the model in Azure"
  }
}

mock_provider "hcloud" {
  source = "./hetzner/tests/mocks"
}
mock_provider "azurerm" {
  source = "./azure/tests/mocks"
}

variables {
  hcloud_token          = "0000000000000000000000000000000000000000000000000000000000000000"
  azure_subscription_id = "00000000-0000-0000-0000-000000000000"
  ssh_public_key        = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample you@example.com"
  ssh_allowed_cidrs     = ["203.0.113.7/32"]
  repository_url        = "https://git.example.com/you/job-processor.git"
  repository_ref        = "v1.0.0"
  domain                = "jobs.example.com"
  azure_account_name    = "example-jobs"
  azure_model           = { name = "example-model", version = "test" }
}

run "server_and_model_come_up_together" {
  command = apply

  variables {
    # Without the volume, which Terraform refuses to destroy, also after a test.
    data_volume = false
    mongodb_uri = "mongodb+srv://user:password@db.example.com/jobs"
  }

  assert {
    condition     = length(output.server_addresses) == 1 && length(output.private_addresses) == 1
    error_message = "one server with a public and a private address"
  }
  assert {
    condition     = output.application_url == "https://jobs.example.com/"
    error_message = "the application answers at the domain"
  }
  assert {
    condition     = output.azure_deployment == "example-model" && output.azure_endpoint != ""
    error_message = "the model's endpoint and deployment must be in the outputs"
  }
  assert {
    condition     = startswith(output.ssh_command, "ssh root@")
    error_message = "there must be an SSH line"
  }
}

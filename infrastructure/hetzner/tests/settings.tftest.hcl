mock_provider "hcloud" {
  source = "./tests/mocks"
}

variables {
  ssh_public_key    = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample you@example.com"
  ssh_allowed_cidrs = ["203.0.113.7/32"]
  repository_url    = "https://git.example.com/you/job-processor.git"
  repository_ref    = "v1.0.0"
}

run "images_are_pulled_where_they_are_released" {
  command = plan

  variables {
    repository_url = "https://github.com/You/Job-Processor.git"
  }

  assert {
    condition     = local.image_prefix == "ghcr.io/you/job-processor"
    error_message = "GitHub's registry holds the images of a repository at GitHub"
  }
}

run "a_service_principal_takes_the_place_of_the_key" {
  command = plan

  variables {
    azure_openai   = { endpoint = "https://example.openai.azure.com/", deployment = "chat-model" }
    azure_identity = { tenant_id = "t", client_id = "c", client_secret = "s" }
  }

  assert {
    condition     = strcontains(local.flows, "managed_identity = true") && !strcontains(local.flows, "api_key_env")
    error_message = "the flow must use the identity"
  }
  assert {
    condition     = nonsensitive(local.identity_settings.AZURE_CLIENT_SECRET) == "s"
    error_message = "the identity must reach the containers"
  }
}

run "a_model_without_a_key_or_an_identity_is_refused" {
  command = plan

  variables {
    azure_openai = { endpoint = "https://example.openai.azure.com/", deployment = "chat-model" }
  }

  expect_failures = [hcloud_server.app]
}

run "settings_that_others_decide_are_refused" {
  command = plan

  variables {
    settings         = { SITE_HOST = "other.example.com" }
    operator_secrets = { "webhook-secret" = "0123456789abcdef0123456789abcdef" }
  }

  expect_failures = [var.settings, var.operator_secrets]
}

run "a_certificate_of_your_own" {
  command = plan

  variables {
    load_balancer             = true
    domain                    = "jobs.example.com"
    load_balancer_certificate = { certificate = "-----BEGIN CERTIFICATE-----", private_key = "-----BEGIN PRIVATE KEY-----" }
  }

  assert {
    condition     = length(hcloud_uploaded_certificate.app) == 1 && length(hcloud_managed_certificate.app) == 0
    error_message = "what was brought is used"
  }
}

run "a_certificate_that_hetzner_could_not_issue_is_refused" {
  command = plan

  variables {
    load_balancer = true
    domain        = "jobs.example.com"
  }

  expect_failures = [hcloud_server.app]
}

run "a_domain_outside_its_zone_is_refused" {
  command = plan

  variables {
    domain   = "jobs.example.net"
    dns_zone = "example.com"
  }

  expect_failures = [hcloud_server.app]
}

run "a_bucket_without_its_keys_is_refused" {
  command = plan

  variables {
    settings         = { BACKUP_S3_BUCKET = "example-backups" }
    operator_secrets = { "backup-s3-access-key" = "a" }
  }

  expect_failures = [hcloud_server.app]
}

run "a_bucket_with_its_keys" {
  command = plan

  variables {
    settings         = { BACKUP_S3_BUCKET = "example-backups" }
    operator_secrets = { "backup-s3-access-key" = "a", "backup-s3-secret-key" = "s" }
  }

  assert {
    condition     = local.stack_settings[0].BACKUP_S3_BUCKET == "example-backups"
    error_message = "the bucket must reach the backups"
  }
}

run "the_place_of_a_secret_that_others_decide_is_refused" {
  command = plan

  variables {
    settings = { AZURE_OPENAI_API_KEY_FILE = "/run/job-processor/other", OIDC_ISSUER = "https://id.example.com" }
  }

  expect_failures = [var.settings]
}

run "an_empty_place_of_a_secret_is_refused" {
  command = plan

  variables {
    settings = { ALERT_WEBHOOK_URL_FILE = "" }
  }

  expect_failures = [var.settings]
}

run "a_secret_that_would_break_the_file_of_settings_is_refused" {
  command = plan

  variables {
    azure_openai   = { endpoint = "https://example.openai.azure.com/", deployment = "chat-model" }
    azure_identity = { tenant_id = "t", client_id = "c", client_secret = "it's" }
  }

  expect_failures = [var.azure_identity]
}

run "a_secret_of_two_lines_is_refused" {
  command = plan

  variables {
    azure_openai   = { endpoint = "https://example.openai.azure.com/", deployment = "chat-model" }
    azure_identity = { tenant_id = "t", client_id = "c", client_secret = "a\nb" }
  }

  expect_failures = [var.azure_identity]
}

run "a_network_that_is_too_small_is_refused" {
  command = plan

  variables {
    network_cidr = "10.20.0.0/22"
  }

  expect_failures = [var.network_cidr]
}

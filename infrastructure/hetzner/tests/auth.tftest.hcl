mock_provider "hcloud" {
  source = "./tests/mocks"
}

variables {
  ssh_public_key    = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample you@example.com"
  ssh_allowed_cidrs = ["203.0.113.7/32"]
  repository_url    = "https://git.example.com/you/job-processor.git"
  repository_ref    = "v1.0.0"
}

run "a_server_asks_for_keys" {
  command = plan

  assert {
    condition     = local.stack_settings[0].AUTH == "keys" && !can(local.stack_settings[0].TLS_TRUSTED_PROXIES)
    error_message = "keys must be the default, and nobody is believed about the client's address"
  }
}

run "one_password_for_everybody_is_an_option" {
  command = plan

  variables {
    auth                = "proxy"
    basic_auth_password = "a-password-of-some-length"
    api_allowed_cidrs   = ["198.51.100.0/24"]
  }

  assert {
    condition     = local.stack_settings[0].AUTH == "proxy" && contains(local.secret_names, "basic-auth-password")
    error_message = "the server's Caddy must ask for the password"
  }
}

run "a_login_of_no_known_kind_is_refused" {
  command = plan

  variables {
    auth = "off"
  }

  expect_failures = [var.auth]
}

run "a_password_that_nobody_would_ask_for_is_refused" {
  command = plan

  variables {
    basic_auth_password = "a-password-of-some-length"
  }

  expect_failures = [hcloud_server.app]
}

run "networks_without_a_password_need_one" {
  command = plan

  variables {
    api_allowed_cidrs = ["198.51.100.0/24"]
  }

  expect_failures = [hcloud_server.app]
}

run "people_sign_in_with_an_identity_provider" {
  command = plan

  variables {
    domain             = "jobs.example.com"
    oidc_client_secret = "not-a-real-secret"
    oidc = {
      issuer    = "https://id.example.com/realms/jobs"
      client_id = "job-processor"
      roles     = { jobs-admins = "admin", staff = "viewer" }
      audiences = ["api", "other"]
    }
  }

  assert {
    condition = local.oidc_settings == tomap({
      OIDC_ISSUER             = "https://id.example.com/realms/jobs"
      OIDC_CLIENT_ID          = "job-processor"
      OIDC_CLIENT_SECRET_FILE = "/run/job-processor/oidc-client-secret"
      OIDC_ROLES              = "jobs-admins=admin,staff=viewer"
      OIDC_AUDIENCE           = "api,other"
    }) && local.stack_settings[0].OIDC_ISSUER == "https://id.example.com/realms/jobs"
    error_message = "the provider must reach the application, its secret as a file"
  }
  assert {
    condition     = nonsensitive(local.secrets["oidc-client-secret"]) == "not-a-real-secret"
    error_message = "the secret must be a file that only root can read"
  }
}

run "a_public_client_has_no_secret" {
  command = plan

  variables {
    domain = "jobs.example.com"
    oidc   = { issuer = "https://id.example.com", client_id = "job-processor", default_role = "viewer" }
  }

  assert {
    condition     = !can(local.oidc_settings.OIDC_CLIENT_SECRET_FILE) && local.oidc_settings.OIDC_DEFAULT_ROLE == "viewer"
    error_message = "what is not set must not reach the application"
  }
}

run "a_sign_in_without_a_domain_is_refused" {
  command = plan

  variables {
    oidc = { issuer = "https://id.example.com", client_id = "job-processor" }
  }

  expect_failures = [hcloud_server.app]
}

run "a_sign_in_behind_one_password_is_refused" {
  command = plan

  variables {
    auth   = "proxy"
    domain = "jobs.example.com"
    oidc   = { issuer = "https://id.example.com", client_id = "job-processor" }
  }

  expect_failures = [hcloud_server.app]
}

run "a_provider_that_cannot_be_meant_is_refused" {
  command = plan

  variables {
    domain = "jobs.example.com"
    oidc   = { issuer = "http://id.example.com", client_id = "job-processor", roles = { a = "owner" } }
  }

  expect_failures = [var.oidc]
}

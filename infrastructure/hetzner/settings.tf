# What each server is told at its first boot. Terraform cannot change a running server's settings: a change is refused
# with the ways to carry it out, until the server is rebuilt or the change is acknowledged.
locals {
  # Whether there is a URI is not secret; its value is.
  runs_database = nonsensitive(var.mongodb_uri) == ""
  has_azure_key = nonsensitive(var.azure_openai_api_key) != ""
  has_identity  = nonsensitive(var.azure_identity) != null

  image_prefix = var.image_prefix != null ? var.image_prefix : lower(try(
    "ghcr.io/${regex("^https://github\\.com/(.*?)(?:\\.git)?/?$", var.repository_url)[0]}",
    "",
  ))

  # Files of the operator's folder, equal on all servers.
  secrets = merge(var.operator_secrets, { for name, value in {
    "webhook-secret"       = var.webhook_secret
    "basic-auth-password"  = var.basic_auth_password
    "mongodb-uri"          = var.mongodb_uri
    "azure-openai-api-key" = var.azure_openai_api_key
    "oidc-client-secret"   = var.oidc_client_secret
  } : name => value if value != "" })
  secret_names = nonsensitive(keys(local.secrets))

  # What one server would draw for itself at random, and a visitor or a sender may meet at any of them.
  shared_secrets = {
    for name, variable in { "webhook-secret" = "webhook_secret", "basic-auth-password" = "basic_auth_password" } :
    name => variable if variable != "basic_auth_password" || var.auth == "proxy"
  }
  missing_shared = [for name, variable in local.shared_secrets : variable if !contains(local.secret_names, name)]

  missing_bucket_keys = [for name in ["backup-s3-access-key", "backup-s3-secret-key"] : name if !contains(local.secret_names, name)]

  # Sign-in with an identity provider: docs/sign-in.md.
  oidc_settings = var.oidc == null ? {} : { for name, value in {
    OIDC_ISSUER             = var.oidc.issuer
    OIDC_CLIENT_ID          = var.oidc.client_id
    OIDC_CLIENT_SECRET_FILE = nonsensitive(var.oidc_client_secret) != "" ? "/run/job-processor/oidc-client-secret" : ""
    OIDC_NAME               = var.oidc.name
    OIDC_SCOPES             = var.oidc.scopes
    OIDC_ROLE_CLAIM         = var.oidc.role_claim
    OIDC_ROLES              = join(",", [for value, role in var.oidc.roles : "${value}=${role}"])
    OIDC_DEFAULT_ROLE       = var.oidc.default_role
    OIDC_AUDIENCE           = join(",", var.oidc.audiences)
  } : name => value if value != "" }

  hosts = [for ip in hcloud_primary_ip.app[*].ip_address : var.domain != "" ? var.domain : ip]

  # Of each server, the stack's .env.
  stack_settings = [for i in range(var.app_count) : merge(
    {
      APP_ENV              = "production"
      AUTH                 = var.auth
      COMPOSE_PROFILES     = join(",", concat(["tls"], [for p in var.profiles : p if p != "backup" || i == 0]))
      COMPOSE_FILE         = local.runs_database ? "docker-compose.yml" : "docker-compose.yml:infrastructure/containers/external-database.yml"
      OPERATOR_SECRETS_DIR = "/etc/job-processor/secrets"
      FLOWS_DIR            = "/var/lib/job-processor/flows"
      HTTP_PORT            = "8081"
      SITE_ADDRESS         = var.load_balancer ? "http://:8080" : "https://${local.hosts[i]}"
      SITE_HOST            = local.hosts[i]
      TLS_BIND_ADDRESS     = var.load_balancer ? local.private_addresses[i] : "0.0.0.0"
      PUBLIC_URL           = var.domain != "" ? "https://${var.domain}" : "http://backend:3000"
    },
    var.load_balancer ? { TLS_TRUSTED_PROXIES = local.load_balancer_address } : {},
    local.oidc_settings,
    length(var.api_allowed_cidrs) > 0 ? { API_ALLOWED_CIDRS = join(",", var.api_allowed_cidrs) } : {},
    local.has_azure_key ? { AZURE_OPENAI_API_KEY_FILE = "/run/job-processor/azure-openai-api-key" } : {},
    var.settings,
  )]

  identity_settings = local.has_identity ? {
    AZURE_TENANT_ID     = var.azure_identity.tenant_id
    AZURE_CLIENT_ID     = var.azure_identity.client_id
    AZURE_CLIENT_SECRET = var.azure_identity.client_secret
  } : {}

  # The script of the first boot reads these.
  boot_settings = [for i in range(var.app_count) : {
    REPOSITORY_URL = var.repository_url
    REPOSITORY_REF = var.repository_ref
    IMAGE_PREFIX   = local.image_prefix
    VOLUME_ID      = var.data_volume && i == 0 ? hcloud_volume.data[0].id : ""
  }]

  flows = templatefile("${path.module}/templates/flows.toml.tftpl", {
    azure    = var.azure_openai
    with_key = local.has_azure_key
  })

  # By the name of the variable or setting, what a server runs with; secrets as hashes.
  told = [for i in range(var.app_count) : merge(
    local.stack_settings[i],
    local.boot_settings[i],
    { flows = sha256(local.flows) },
    { for name in local.secret_names : name => nonsensitive(sha256(local.secrets[name])) },
    { for name, value in local.identity_settings : name => nonsensitive(sha256(value)) },
  )]
  # From a setting of the server to the variable of the root module that decides it.
  variable_of = {
    REPOSITORY_URL            = "repository_url"
    REPOSITORY_REF            = "repository_ref"
    IMAGE_PREFIX              = "image_prefix"
    COMPOSE_PROFILES          = "profiles"
    COMPOSE_FILE              = "mongodb_uri"
    SITE_ADDRESS              = "domain or load_balancer"
    SITE_HOST                 = "domain"
    PUBLIC_URL                = "domain"
    TLS_BIND_ADDRESS          = "load_balancer"
    TLS_TRUSTED_PROXIES       = "load_balancer"
    API_ALLOWED_CIDRS         = "api_allowed_cidrs"
    AUTH                      = "auth"
    OIDC_ISSUER               = "oidc"
    OIDC_CLIENT_ID            = "oidc"
    OIDC_CLIENT_SECRET_FILE   = "oidc_client_secret"
    OIDC_NAME                 = "oidc"
    OIDC_SCOPES               = "oidc"
    OIDC_ROLE_CLAIM           = "oidc"
    OIDC_ROLES                = "oidc"
    OIDC_DEFAULT_ROLE         = "oidc"
    OIDC_AUDIENCE             = "oidc"
    oidc-client-secret        = "oidc_client_secret"
    VOLUME_ID                 = "data_volume"
    AZURE_OPENAI_API_KEY_FILE = "azure_keys_enabled"
    AZURE_TENANT_ID           = "azure_identity"
    AZURE_CLIENT_ID           = "azure_identity"
    AZURE_CLIENT_SECRET       = "azure_identity"
    flows                     = "azure_model or azure_flow_options"
    webhook-secret            = "webhook_secret"
    basic-auth-password       = "basic_auth_password"
    mongodb-uri               = "mongodb_uri"
    azure-openai-api-key      = "azure_keys_enabled or the key at Azure"
  }
  # A key that only one side has counts if this version of the module gives it to servers, or did.
  changed = [for i in range(var.app_count) : distinct([
    for name in setunion(keys(local.told[i]), keys(terraform_data.first_boot[i].output)) :
    lookup(local.variable_of, name, name)
    if lookup(local.told[i], name, "") != lookup(terraform_data.first_boot[i].output, name, "")
  ])]
}

# What each server was told when it was created. It is remembered until the server is replaced.
resource "terraform_data" "first_boot" {
  count = var.app_count

  input = local.told[count.index]

  lifecycle {
    ignore_changes       = [input]
    replace_triggered_by = [hcloud_server.app[count.index].id]
  }
}

resource "terraform_data" "refuse_what_a_server_would_not_learn" {
  count = var.app_count

  lifecycle {
    precondition {
      condition     = length(local.changed[count.index]) == 0
      error_message = <<-TEXT
        Server ${count.index + 1} was set up with other values of: ${join(", ", local.changed[count.index])}. A running server does not learn a change from Terraform.
        A new release: run job-processor-upgrade on the server, then acknowledge: terraform apply -replace='${local.own_address}terraform_data.first_boot[${count.index}]'
        Anything else: rebuild the server, which takes minutes and keeps its data: terraform apply -replace='${local.own_address}hcloud_server.app[${count.index}]'
        Details: docs/cloud.md, "Change a setting".
      TEXT
    }
  }
}

locals {
  # As the root module and the examples call it.
  own_address = "module.hetzner."
}

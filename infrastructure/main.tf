module "azure" {
  source = "./azure"

  name              = var.name
  location          = var.azure_location
  account_name      = var.azure_account_name
  model             = var.azure_model
  keys_enabled      = var.azure_keys_enabled
  allowed_addresses = module.hetzner.public_addresses
  monthly_budget    = var.azure_monthly_budget
}

module "hetzner" {
  source = "./hetzner"

  name                      = var.name
  location                  = var.location
  server_type               = var.server_type
  image                     = var.image
  app_count                 = var.app_count
  load_balancer             = var.load_balancer
  load_balancer_type        = var.load_balancer_type
  load_balancer_certificate = var.load_balancer_certificate
  domain                    = var.domain
  dns_zone                  = var.dns_zone
  repository_url            = var.repository_url
  repository_ref            = var.repository_ref
  image_prefix              = var.image_prefix
  ssh_public_key            = var.ssh_public_key
  ssh_allowed_cidrs         = var.ssh_allowed_cidrs
  auth                      = var.auth
  oidc                      = var.oidc
  oidc_client_secret        = var.oidc_client_secret
  api_allowed_cidrs         = var.api_allowed_cidrs
  network_cidr              = var.network_cidr
  data_volume               = var.data_volume
  volume_size_gb            = var.volume_size_gb
  server_backups            = var.server_backups
  protect                   = var.protect
  profiles                  = var.profiles
  settings                  = var.settings
  operator_secrets          = var.operator_secrets
  mongodb_uri               = var.mongodb_uri
  webhook_secret            = var.webhook_secret
  basic_auth_password       = var.basic_auth_password

  azure_openai = {
    endpoint   = module.azure.endpoint
    deployment = module.azure.deployment
    options    = var.azure_flow_options
  }
  azure_openai_api_key = module.azure.api_key
  azure_identity       = var.azure_identity
}

module "mongodb" {
  source = "./mongodb"
  count  = nonsensitive(var.mongodb_cluster) == null ? 0 : 1

  name              = var.name
  location          = var.location
  image             = var.image
  network_id        = module.hetzner.network_id
  network_cidr      = module.hetzner.network_cidr
  ssh_key_id        = module.hetzner.ssh_key_id
  ssh_allowed_cidrs = var.ssh_allowed_cidrs
  protect           = var.protect
  server_type       = var.mongodb_cluster.server_type
  volume_size_gb    = var.mongodb_cluster.volume_size_gb
  app_password      = var.mongodb_cluster.app_password
  root_password     = var.mongodb_cluster.root_password
}

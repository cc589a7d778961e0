module "azure" {
  source = "./azure"

  name              = var.name
  location          = var.azure_location
  account_name      = var.azure_account_name
  model             = var.azure_model
  keys_enabled      = var.azure_keys_enabled
  allowed_addresses = module.hetzner.public_addresses
}

module "hetzner" {
  source = "./hetzner"

  name              = var.name
  location          = var.location
  server_type       = var.server_type
  app_count         = var.app_count
  load_balancer     = var.load_balancer
  domain            = var.domain
  repository_url    = var.repository_url
  repository_ref    = var.repository_ref
  ssh_public_key    = var.ssh_public_key
  ssh_allowed_cidrs = var.ssh_allowed_cidrs
  api_allowed_cidrs = var.api_allowed_cidrs
  mongodb_uri       = var.mongodb_uri
  webhook_secret    = var.webhook_secret

  azure_openai = {
    endpoint   = module.azure.endpoint
    deployment = module.azure.deployment
  }
  azure_openai_api_key = module.azure.api_key
}

resource "azurerm_resource_group" "this" {
  name     = var.name
  location = var.location
  tags     = var.tags
}

resource "azurerm_cognitive_account" "openai" {
  name                = var.account_name
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  kind                = "OpenAI"
  sku_name            = "S0"
  tags                = var.tags

  # Managed identities require the account's own host name.
  custom_subdomain_name         = var.account_name
  local_auth_enabled            = var.keys_enabled
  public_network_access_enabled = true

  dynamic "network_acls" {
    for_each = length(var.allowed_addresses) > 0 ? [1] : []

    content {
      default_action = "Deny"
      ip_rules       = var.allowed_addresses
    }
  }
}

resource "azurerm_cognitive_deployment" "model" {
  name                 = var.model.name
  cognitive_account_id = azurerm_cognitive_account.openai.id

  # A new model version changes a flow's answers: upgrades are manual.
  version_upgrade_option = "NoAutoUpgrade"

  model {
    format  = "OpenAI"
    name    = var.model.name
    version = var.model.version
  }

  sku {
    name     = var.model.sku
    capacity = var.model.capacity
  }
}

# A change of these would destroy the account before it makes another: its deployment, its key, and its name, which Azure
# then keeps from you for 48 hours. What they were is remembered here.
resource "terraform_data" "settled" {
  input = { name = var.name, location = var.location, account_name = var.account_name }

  lifecycle {
    ignore_changes = [input]
  }
}

locals {
  settled = terraform_data.settled.output
  moved = compact([
    local.settled.name == var.name ? "" : "name",
    local.settled.location == var.location ? "" : "azure_location",
    local.settled.account_name == var.account_name ? "" : "azure_account_name",
  ])
}

resource "azurerm_resource_group" "this" {
  name     = var.name
  location = var.location
  tags     = var.tags

  lifecycle {
    precondition {
      condition     = length(local.moved) == 0
      error_message = <<-TEXT
        ${join(" and ", local.moved)} cannot change: the Azure account would be destroyed first, with its deployment, its key and its name.
        If it shall go, and the servers be without a model until they are rebuilt: terraform apply -replace='module.azure.terraform_data.settled'
        Details: docs/cloud.md, "Change a setting".
      TEXT
    }
  }
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

  version_upgrade_option = var.model.upgrade

  model {
    format  = "OpenAI"
    name    = var.model.name
    version = var.model.version
  }

  sku {
    name     = var.model.sku
    capacity = var.model.capacity
  }

  lifecycle {
    precondition {
      # Versions that are not dates are not judged.
      condition     = var.model.used_before || try(timecmp(timeadd("${var.model.version}T00:00:00Z", "8760h"), plantimestamp()) > 0, true)
      error_message = "Azure opens a version to new customers for a year, and ${var.model.name} is of ${var.model.version}. Choose a current one: az cognitiveservices model list --location ${var.location} --output table --query \"[?model.format=='OpenAI' && model.lifecycleStatus=='GenerallyAvailable'].{name:model.name, version:model.version}\". If it was deployed in this subscription before, set used_before = true in the model."
    }
  }
}

resource "azurerm_consumption_budget_resource_group" "this" {
  count = var.monthly_budget == null ? 0 : 1

  name              = "${var.name}-monthly"
  resource_group_id = azurerm_resource_group.this.id
  amount            = var.monthly_budget.amount
  time_grain        = "Monthly"

  time_period {
    start_date = formatdate("YYYY-MM-01'T'00:00:00Z", plantimestamp())
  }

  dynamic "notification" {
    for_each = [80, 100]

    content {
      threshold      = notification.value
      operator       = "GreaterThanOrEqualTo"
      contact_emails = var.monthly_budget.emails
    }
  }

  lifecycle {
    # The month in which the budget was made.
    ignore_changes = [time_period]
  }
}

variable "name" {
  description = "Name of the resource group."
  type        = string
  default     = "job-processor"
}

variable "location" {
  description = "Azure region in which the model is available."
  type        = string
  default     = "swedencentral"

  validation {
    condition     = can(regex("^[a-z0-9]+$", var.location))
    error_message = "location must be a region's short name such as swedencentral; az account list-locations --query '[].name' lists them."
  }
}

variable "account_name" {
  description = "Name of the account: also its host name, so it must be unique in all of Azure."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{0,62}[a-z0-9]$", var.account_name))
    error_message = "account_name becomes a host name: 2 to 64 lower-case letters, digits and inner hyphens."
  }
}

variable "model" {
  description = "Model to deploy. There is no default: models are closed to new customers a year after their release. What a region offers: az cognitiveservices model list --location swedencentral --output table --query \"[?model.format=='OpenAI' && model.lifecycleStatus=='GenerallyAvailable'].{name:model.name, version:model.version}\". capacity is in thousands of tokens a minute."
  type = object({
    name     = string
    version  = string
    sku      = optional(string, "GlobalStandard")
    capacity = optional(number, 30)
    # Azure moves the deployment to the next version on the day on which its version retires, instead of answering 410.
    upgrade = optional(string, "OnceCurrentVersionExpired")
    # A model that is closed to new customers, deployed in this subscription before.
    used_before = optional(bool, false)
  })

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]*$", var.model.name)) && can(regex("^[A-Za-z0-9][A-Za-z0-9.-]*$", var.model.version))
    error_message = "model needs the name and version as az cognitiveservices model list writes them, such as { name = \"gpt-5.6-luna\", version = \"2026-07-09\" }."
  }

  validation {
    condition     = var.model.capacity >= 1 && floor(var.model.capacity) == var.model.capacity
    error_message = "model.capacity must be a whole number of at least 1."
  }

  validation {
    condition     = contains(["OnceCurrentVersionExpired", "OnceNewDefaultVersionAvailable", "NoAutoUpgrade"], var.model.upgrade)
    error_message = "model.upgrade must be OnceCurrentVersionExpired, OnceNewDefaultVersionAvailable or NoAutoUpgrade."
  }
}

variable "keys_enabled" {
  description = "Allow the account's keys. False: identities only (local authentication is disabled)."
  type        = bool
  default     = true
}

variable "allowed_addresses" {
  description = "Public IPv4 addresses that may call the account. Empty: anyone who is authenticated."
  type        = list(string)
  default     = []
}

variable "monthly_budget" {
  description = "Amount in the subscription's currency, at 80 and 100 % of which Azure writes to emails. It stops nothing. null: none."
  type = object({
    amount = number
    emails = list(string)
  })
  default = null

  validation {
    condition     = var.monthly_budget == null || try(var.monthly_budget.amount > 0 && length(var.monthly_budget.emails) > 0, false)
    error_message = "monthly_budget needs an amount above 0 and at least one address in emails."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = { app = "job-processor" }
}

variable "name" {
  description = "Name of the resource group and of the deployment."
  type        = string
  default     = "job-processor"
}

variable "location" {
  description = "Azure region in which the model is available."
  type        = string
  default     = "swedencentral"
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
  description = "Model to deploy. capacity is in thousands of tokens a minute."
  type = object({
    name     = optional(string, "gpt-4o-mini")
    version  = optional(string, "2024-07-18")
    sku      = optional(string, "GlobalStandard")
    capacity = optional(number, 30)
  })
  default = {}

  validation {
    condition     = var.model.capacity >= 1 && floor(var.model.capacity) == var.model.capacity
    error_message = "model.capacity must be a whole number of at least 1."
  }
}

variable "keys_enabled" {
  description = "Allow the account's keys. False: managed identities only (local authentication is disabled)."
  type        = bool
  default     = true
}

variable "allowed_addresses" {
  description = "Public IPv4 addresses that may call the account. Empty: anyone who is authenticated."
  type        = list(string)
  default     = []
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = { app = "job-processor" }
}

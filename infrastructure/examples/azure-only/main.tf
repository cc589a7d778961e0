# Only the model: the application runs somewhere else, for example on your own machine.
#   az login ; export ARM_SUBSCRIPTION_ID=… ; terraform init
#   terraform apply -var account_name=… -var 'model={name="gpt-5.6-luna",version="2026-07-09"}'

terraform {
  required_version = ">= 1.8"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 4.55"
    }
  }
}

variable "account_name" {
  description = "Name of the account: also its host name, so it must be unique in all of Azure."
  type        = string
}

variable "model" {
  description = "Name and version of the model, as az cognitiveservices model list --location swedencentral lists them."
  type = object({
    name    = string
    version = string
  })
}

variable "allowed_addresses" {
  description = "Public IPv4 addresses that may call the account. Empty: anyone who is authenticated."
  type        = list(string)
  default     = []
}

provider "azurerm" {
  features {}
}

module "azure" {
  source = "../../azure"

  account_name      = var.account_name
  model             = var.model
  allowed_addresses = var.allowed_addresses
}

output "azure_endpoint" {
  description = "Endpoint of the account."
  value       = module.azure.endpoint
}

output "azure_deployment" {
  description = "Name of the model's deployment."
  value       = module.azure.deployment
}

output "key_command" {
  description = "How to read the key; it is no output, so it does not appear on a screen or in a log."
  value       = "az cognitiveservices account keys list --ids ${module.azure.account_id} --query key1 --output tsv"
}

# A server without Azure: with n8n, another model, or the built-in mock.
#   export TF_VAR_hcloud_token=… ; terraform init ; terraform apply -var-file=…

terraform {
  required_version = ">= 1.8"

  required_providers {
    hcloud = {
      source  = "hetznercloud/hcloud"
      version = "~> 1.68"
    }
  }
}

variable "hcloud_token" {
  description = "Hetzner Cloud API token."
  type        = string
  sensitive   = true
}

variable "ssh_public_key" {
  description = "SSH public key of the administrator."
  type        = string
}

variable "ssh_allowed_cidrs" {
  description = "Networks that may reach SSH."
  type        = list(string)
}

variable "repository_url" {
  description = "Where the server clones the application from."
  type        = string
}

variable "repository_ref" {
  description = "Tag or commit to run."
  type        = string
}

variable "domain" {
  description = "Host name of the application."
  type        = string
  default     = ""
}

provider "hcloud" {
  token = var.hcloud_token
}

module "hetzner" {
  source = "../../hetzner"

  ssh_public_key    = var.ssh_public_key
  ssh_allowed_cidrs = var.ssh_allowed_cidrs
  repository_url    = var.repository_url
  repository_ref    = var.repository_ref
  domain            = var.domain
  profiles          = ["backup", "n8n"]
  server_type       = "cx33" # n8n needs 2 GB beside the stack
}

output "application_url" {
  description = "Where the application answers."
  value       = module.hetzner.application_url
}

output "ssh_command" {
  description = "Log in to the server."
  value       = module.hetzner.ssh_command
}

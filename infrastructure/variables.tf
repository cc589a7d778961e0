# Credentials: give them as TF_VAR_… in the environment, never in a file that is committed.
variable "hcloud_token" {
  description = "Hetzner Cloud API token (read and write). Best given as TF_VAR_hcloud_token."
  type        = string
  sensitive   = true
}

variable "azure_subscription_id" {
  description = "Azure subscription to create the model in. Sign in with `az login` or ARM_* variables."
  type        = string
  sensitive   = true
}

variable "webhook_secret" {
  description = "Shared secret of callbacks. Empty: each server generates its own at first boot (one server only)."
  type        = string
  default     = ""
  sensitive   = true
}

variable "mongodb_uri" {
  description = "URI of a MongoDB that you run elsewhere. Empty: the single server runs its own on the volume."
  type        = string
  default     = ""
  sensitive   = true
}

variable "name" {
  description = "Prefix of every resource's name."
  type        = string
  default     = "job-processor"
}

variable "repository_url" {
  description = "Where the servers clone this repository from, for example https://git.example.com/you/job-processor.git"
  type        = string
}

variable "repository_ref" {
  description = "Tag or commit to run. A branch works too, but then a rebuilt server may run something else."
  type        = string
}

variable "ssh_public_key" {
  description = "SSH public key of the administrator."
  type        = string
}

variable "ssh_allowed_cidrs" {
  description = "Networks that may reach SSH. There is no default on purpose."
  type        = list(string)
}

variable "domain" {
  description = "Host name of the application. Empty: the server's address, with a certificate of a private CA."
  type        = string
  default     = ""
}

variable "api_allowed_cidrs" {
  description = "Networks that may reach the API's own port 3000 directly. Empty: nobody; the page's port proxies the API."
  type        = list(string)
  default     = []
}

variable "location" {
  description = "Hetzner location."
  type        = string
  default     = "nbg1"
}

variable "server_type" {
  description = "Hetzner server type."
  type        = string
  default     = "cx23"
}

variable "app_count" {
  description = "Number of application servers. More than one needs mongodb_uri, webhook_secret and the load balancer."
  type        = number
  default     = 1
}

variable "load_balancer" {
  description = "Put a load balancer with a managed certificate in front (needs domain)."
  type        = bool
  default     = false
}

variable "azure_location" {
  description = "Azure region in which the model is available."
  type        = string
  default     = "swedencentral"
}

variable "azure_account_name" {
  description = "Name of the Azure OpenAI account: also its host name, so it must be unique in all of Azure."
  type        = string
}

variable "azure_model" {
  description = "Model to deploy."
  type = object({
    name     = optional(string, "gpt-4o-mini")
    version  = optional(string, "2024-07-18")
    sku      = optional(string, "GlobalStandard")
    capacity = optional(number, 30)
  })
  default = {}
}

variable "azure_keys_enabled" {
  description = "Allow the account's keys. False: identities only, and no key is sent to any server."
  type        = bool
  default     = true
}

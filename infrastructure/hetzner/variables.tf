variable "name" {
  description = "Prefix of every resource's name."
  type        = string
  default     = "job-processor"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,40}$", var.name))
    error_message = "name must start with a letter and hold 2 to 41 lower-case letters, digits and hyphens."
  }
}

variable "location" {
  description = "Hetzner location: nbg1, fsn1, hel1, ash, hil or sin."
  type        = string
  default     = "nbg1"

  validation {
    condition     = contains(["nbg1", "fsn1", "hel1", "ash", "hil", "sin"], var.location)
    error_message = "location must be one of nbg1, fsn1, hel1, ash, hil, sin."
  }
}

variable "server_type" {
  description = "Hetzner server type. The stack with its database needs at least 4 GB of memory."
  type        = string
  default     = "cx23"
}

variable "image" {
  description = "Operating system. cloud-init installs Docker from this image's own packages."
  type        = string
  default     = "ubuntu-24.04"
}

variable "app_count" {
  description = "Number of application servers."
  type        = number
  default     = 1

  validation {
    condition     = var.app_count >= 1 && var.app_count <= 50 && floor(var.app_count) == var.app_count
    error_message = "app_count must be a whole number from 1 to 50."
  }
}

variable "load_balancer" {
  description = "Put a load balancer with a managed certificate in front. Needs domain."
  type        = bool
  default     = false
}

variable "load_balancer_type" {
  description = "Hetzner load balancer type."
  type        = string
  default     = "lb11"
}

variable "domain" {
  description = "Host name of the application. Empty: the server's address, with a certificate of a private CA."
  type        = string
  default     = ""

  validation {
    condition     = var.domain == "" || can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "domain must be a plain host name such as jobs.example.com."
  }
}

variable "repository_url" {
  description = "Where the servers clone the application from."
  type        = string

  validation {
    condition     = can(regex("^https://[A-Za-z0-9.-]+(:[0-9]+)?/[A-Za-z0-9._~/-]+$", var.repository_url))
    error_message = "repository_url must be an https:// address without credentials in it."
  }
}

variable "repository_ref" {
  description = "Tag or commit to run."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9._/-]*$", var.repository_ref))
    error_message = "repository_ref must be a tag, branch or commit."
  }
}

variable "ssh_public_key" {
  description = "SSH public key of the administrator."
  type        = string

  validation {
    condition     = can(regex("^(ssh-ed25519|ecdsa-sha2-[a-z0-9-]+|sk-[a-z0-9-]+@openssh.com|ssh-rsa) \\S+", var.ssh_public_key))
    error_message = "ssh_public_key must be the content of a .pub file."
  }
}

variable "ssh_allowed_cidrs" {
  description = "Networks that may reach SSH."
  type        = list(string)

  validation {
    condition     = length(var.ssh_allowed_cidrs) > 0 && alltrue([for c in var.ssh_allowed_cidrs : can(cidrhost(c, 0))])
    error_message = "ssh_allowed_cidrs needs at least one network such as 203.0.113.7/32."
  }

  validation {
    condition     = alltrue([for c in var.ssh_allowed_cidrs : tonumber(split("/", c)[1]) > 0])
    error_message = "ssh_allowed_cidrs must not be the whole internet."
  }
}

variable "api_allowed_cidrs" {
  description = "Networks that may reach the API's own port 3000 directly. Empty: nobody."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for c in var.api_allowed_cidrs : can(cidrhost(c, 0)) && try(tonumber(split("/", c)[1]) > 0, false)])
    error_message = "api_allowed_cidrs must hold networks, and not the whole internet: port 3000 has no login of its own."
  }
}

variable "network_cidr" {
  description = "Range of the private network."
  type        = string
  default     = "10.20.0.0/16"

  validation {
    condition     = can(cidrsubnet(var.network_cidr, 8, 1))
    error_message = "network_cidr must be a network that can be divided, such as 10.20.0.0/16."
  }
}

variable "volume_size_gb" {
  description = "Size of the database's volume. It can grow later, never shrink."
  type        = number
  default     = 20

  validation {
    condition     = var.volume_size_gb >= 10 && var.volume_size_gb <= 10240
    error_message = "volume_size_gb must be from 10 to 10240."
  }
}

variable "server_backups" {
  description = "Hetzner's own daily image backups (20 % of the server's price). They leave out the volume."
  type        = bool
  default     = false
}

variable "protect" {
  description = "Refuse to delete or rebuild the volume, the addresses and the servers."
  type        = bool
  default     = true
}

variable "profiles" {
  description = "Compose profiles to start beside the application: backup, observability, n8n."
  type        = list(string)
  default     = ["backup"]

  validation {
    condition     = alltrue([for p in var.profiles : contains(["backup", "observability", "n8n"], p)])
    error_message = "profiles may hold backup, observability and n8n; tls is always on."
  }
}

variable "mongodb_uri" {
  description = "URI of a MongoDB that runs elsewhere. Empty: the server runs its own on the volume."
  type        = string
  default     = ""
  sensitive   = true

  validation {
    condition     = var.mongodb_uri == "" || can(regex("^mongodb(\\+srv)?://\\S+$", var.mongodb_uri))
    error_message = "mongodb_uri must start with mongodb:// or mongodb+srv://."
  }
}

variable "webhook_secret" {
  description = "Shared secret of callbacks. Empty: the server generates its own at first boot."
  type        = string
  default     = ""
  sensitive   = true

  validation {
    condition     = var.webhook_secret == "" || length(var.webhook_secret) >= 32
    error_message = "webhook_secret must have at least 32 characters."
  }
}

variable "azure_openai" {
  description = "Endpoint and deployment of Azure OpenAI; null without."
  type = object({
    endpoint   = string
    deployment = string
  })
  default = null
}

variable "azure_openai_api_key" {
  description = "Key of that account; empty without or where an identity is used."
  type        = string
  default     = ""
  sensitive   = true
}

variable "labels" {
  description = "Labels of every resource."
  type        = map(string)
  default     = { app = "job-processor" }
}

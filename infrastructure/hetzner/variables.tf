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
  description = "Hetzner location: nbg1, fsn1, hel1, ash, hil or sin. It cannot change later: the volume stays where it is."
  type        = string
  default     = "nbg1"

  validation {
    condition     = contains(["nbg1", "fsn1", "hel1", "ash", "hil", "sin"], var.location)
    error_message = "location must be one of nbg1, fsn1, hel1, ash, hil, sin."
  }
}

variable "server_type" {
  description = "Hetzner server type. The stack with its database needs 4 GB of memory; with profile n8n or observability 8 GB."
  type        = string
  default     = "cx23"
}

variable "image" {
  description = "Operating system. cloud-init installs Docker from this image's own packages. Used for new servers only."
  type        = string
  default     = "ubuntu-24.04"
}

variable "app_count" {
  description = "Number of application servers. More than one needs load_balancer, mongodb_uri and the shared secrets."
  type        = number
  default     = 1

  validation {
    condition     = var.app_count >= 1 && var.app_count <= 50 && floor(var.app_count) == var.app_count
    error_message = "app_count must be a whole number from 1 to 50."
  }
}

variable "load_balancer" {
  description = "Put a load balancer with a certificate in front. Needs domain, and dns_zone or load_balancer_certificate."
  type        = bool
  default     = false
}

variable "load_balancer_type" {
  description = "Hetzner load balancer type."
  type        = string
  default     = "lb11"
}

variable "load_balancer_certificate" {
  description = "Your own certificate (PEM, with its chain) and private key for the load balancer. null: Hetzner issues one, which it can only for a dns_zone of its own."
  type = object({
    certificate = string
    private_key = string
  })
  default   = null
  sensitive = true
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

variable "dns_zone" {
  description = "Zone at Hetzner's DNS that domain belongs to, such as example.com: the A record is made and kept right. Empty: you make it."
  type        = string
  default     = ""

  validation {
    condition     = var.dns_zone == "" || can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.dns_zone))
    error_message = "dns_zone must be a plain name such as example.com."
  }
}

variable "repository_url" {
  description = "Where the servers clone the compose files from (and build the images from, if there are no released ones)."
  type        = string

  validation {
    condition     = can(regex("^https://[A-Za-z0-9.-]+(:[0-9]+)?/[A-Za-z0-9._~/-]+$", var.repository_url))
    error_message = "repository_url must be an https:// address without credentials in it."
  }
}

variable "repository_ref" {
  description = "Release tag (vX.Y.Z: its images are pulled), or another tag or commit (its images are built on the server)."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9._/-]*$", var.repository_ref))
    error_message = "repository_ref must be a tag, branch or commit."
  }
}

variable "image_prefix" {
  description = "Registry and name of the released images, without -backend, -tools, -frontend. null: ghcr.io/OWNER/NAME for a repository at GitHub. Empty: build on the server."
  type        = string
  default     = null

  validation {
    condition     = var.image_prefix == null || can(regex("^([a-z0-9][a-z0-9._:/-]*[a-z0-9])?$", var.image_prefix))
    error_message = "image_prefix must be a registry and a name in lower case, such as ghcr.io/you/job-processor."
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
    condition     = alltrue([for c in var.ssh_allowed_cidrs : try(tonumber(split("/", c)[1]) >= 8, false)])
    error_message = "ssh_allowed_cidrs must not be the whole internet, nor a large part of it: /8 is the widest."
  }
}

variable "auth" {
  description = "keys: API keys, and sign-ins on the page. proxy: one password for everybody, which the server's Caddy asks for."
  type        = string
  default     = "keys"

  validation {
    condition     = contains(["keys", "proxy"], var.auth)
    error_message = "auth must be keys or proxy."
  }
}

variable "oidc" {
  description = "Identity provider with which people sign in (docs/sign-in.md): issuer and client_id as the provider names them; roles by value of role_claim, such as { jobs-admins = \"admin\" }. null: none."
  type = object({
    issuer       = string
    client_id    = string
    name         = optional(string, "")
    scopes       = optional(string, "")
    role_claim   = optional(string, "")
    roles        = optional(map(string), {})
    default_role = optional(string, "")
    audiences    = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.oidc == null ? true : can(regex("^https://[^\\s']+$", var.oidc.issuer))
    error_message = "oidc.issuer must be the https:// address that the provider calls itself."
  }

  validation {
    condition     = var.oidc == null ? true : alltrue([for role in values(var.oidc.roles) : contains(["viewer", "operator", "admin"], role)])
    error_message = "oidc.roles must lead to viewer, operator or admin."
  }

  validation {
    condition     = var.oidc == null ? true : alltrue([for value in concat(flatten([var.oidc.client_id, var.oidc.name, var.oidc.scopes, var.oidc.role_claim, var.oidc.default_role]), keys(var.oidc.roles), var.oidc.audiences) : can(regex("^[^'\n]*$", value))])
    error_message = "oidc must have values without line breaks and single quotes."
  }

  validation {
    condition     = var.oidc == null ? true : alltrue([for value in concat(keys(var.oidc.roles), var.oidc.audiences) : !strcontains(value, ",")])
    error_message = "oidc.roles and oidc.audiences must have values without commas."
  }
}

variable "oidc_client_secret" {
  description = "This server's secret at the identity provider. Empty: a public client."
  type        = string
  default     = ""
  sensitive   = true
}

variable "api_allowed_cidrs" {
  description = "With auth = \"proxy\": networks from which no password is asked, over HTTPS, for programs that use the API. Not with load_balancer. Empty: none."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for c in var.api_allowed_cidrs : can(cidrhost(c, 0)) && try(tonumber(split("/", c)[1]) >= 8, false)])
    error_message = "api_allowed_cidrs must hold networks, and not the whole internet nor a large part of it: no password is asked from them."
  }
}

variable "network_cidr" {
  description = "Range of the private network."
  type        = string
  default     = "10.20.0.0/16"

  validation {
    # The database servers are in the third part; the fiftieth server has the number 59 in the second.
    condition     = can(cidrhost(cidrsubnet(var.network_cidr, 8, 2), 59))
    error_message = "network_cidr must be an IPv4 network of /18 or larger, such as 10.20.0.0/16: each of its 256 parts must hold 50 servers."
  }
}

variable "data_volume" {
  description = "Keep the data of the first server on a volume. Terraform never destroys the volume, whatever changes (docs/cloud.md, Retire the volume)."
  type        = bool
  default     = true
}

variable "volume_size_gb" {
  description = "Size of the volume. It can grow later (then resize2fs on the server), never shrink."
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
  description = "Have Hetzner refuse to delete the volume, the addresses, the network and the load balancer. Servers store nothing, so they can be rebuilt."
  type        = bool
  default     = true
}

variable "profiles" {
  description = "Compose profiles to start beside the application: backup (on the first server), observability, n8n (one server only)."
  type        = list(string)
  default     = ["backup"]

  validation {
    condition     = alltrue([for p in var.profiles : contains(["backup", "observability", "n8n"], p)])
    error_message = "profiles may hold backup, observability and n8n; tls is always on."
  }
}

variable "settings" {
  description = "More lines for the stack's .env, by name, such as { RETENTION_DAYS = \"7\" }. docs/settings.md and infrastructure/containers/production.env.example list them. No secrets."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name, value in var.settings : can(regex("^[A-Z][A-Z0-9_]*$", name)) && can(regex("^[^'\n]*$", value))])
    error_message = "settings must have names such as RETENTION_DAYS, and values without line breaks and single quotes."
  }

  validation {
    condition     = length(setintersection(keys(var.settings), ["COMPOSE_FILE", "COMPOSE_PROFILES", "FLOWS_DIR", "IMAGE_PREFIX", "IMAGE_TAG", "OPERATOR_SECRETS_DIR", "SITE_ADDRESS", "SITE_HOST", "TLS_BIND_ADDRESS", "TLS_TRUSTED_PROXIES", "AUTH", "API_BIND_ADDRESS", "API_ALLOWED_CIDRS", "HTTP_PORT", "PUBLIC_URL", "AZURE_OPENAI_API_KEY_FILE", "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET_FILE", "OIDC_NAME", "OIDC_SCOPES", "OIDC_ROLE_CLAIM", "OIDC_ROLES", "OIDC_DEFAULT_ROLE", "OIDC_AUDIENCE"])) == 0
    error_message = "settings must not hold what other variables decide: auth, profiles, image_prefix, repository_ref, domain, load_balancer, api_allowed_cidrs, mongodb_uri, oidc, oidc_client_secret, azure_keys_enabled, azure_identity."
  }

  validation {
    condition     = alltrue([for name, value in var.settings : !endswith(name, "_FILE") || value != ""])
    error_message = "settings must not hold an empty …_FILE: it would hide the secret. Leave the line out."
  }
}

variable "operator_secrets" {
  description = "More secrets, by their file name in infrastructure/containers/operator-secrets/README.md, such as { \"alert-webhook-url\" = \"…\" }."
  type        = map(string)
  default     = {}
  sensitive   = true

  validation {
    condition     = alltrue([for name, value in var.operator_secrets : can(regex("^[a-z][a-z0-9.-]*$", name)) && value != ""])
    error_message = "operator_secrets must have names such as alert-webhook-url, and values that are not empty."
  }

  validation {
    condition     = length(setintersection(keys(var.operator_secrets), ["webhook-secret", "basic-auth-password", "mongodb-uri", "azure-openai-api-key", "oidc-client-secret"])) == 0
    error_message = "operator_secrets must not hold what has a variable of its own: webhook_secret, basic_auth_password, mongodb_uri, azure_openai_api_key, oidc_client_secret."
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

  validation {
    condition     = var.mongodb_uri == "" || startswith(var.mongodb_uri, "mongodb+srv://") || can(regex("[?&](tls|ssl)=true(&|$)", var.mongodb_uri)) || can(regex("^mongodb://([^@/]*@)?((10|127)\\.[0-9.]+|192\\.168\\.[0-9.]+|172\\.(1[6-9]|2[0-9]|3[01])\\.[0-9.]+)(:[0-9]+)?([,/].*)?$", var.mongodb_uri))
    error_message = "mongodb_uri must use TLS (mongodb+srv://, or tls=true in its options), unless the database is on a private network."
  }
}

variable "webhook_secret" {
  description = "Shared secret of callbacks. Empty: the server generates its own at first boot (one server only)."
  type        = string
  default     = ""
  sensitive   = true

  validation {
    condition     = var.webhook_secret == "" || length(var.webhook_secret) >= 32
    error_message = "webhook_secret must have at least 32 characters."
  }
}

variable "basic_auth_password" {
  description = "Password with auth = \"proxy\". Empty: the server generates its own at first boot (one server only)."
  type        = string
  default     = ""
  sensitive   = true

  validation {
    condition     = var.basic_auth_password == "" || length(var.basic_auth_password) >= 16
    error_message = "basic_auth_password must have at least 16 characters."
  }
}

variable "azure_openai" {
  description = "Endpoint and deployment of Azure OpenAI, which become the default flow; null: the default flow is the mock. options: more keys of the flow, such as { max_completion_tokens = 4000 }."
  type = object({
    endpoint   = string
    deployment = string
    options    = optional(any, {})
  })
  default = null
}

variable "azure_openai_api_key" {
  description = "Key of that account; empty without or where an identity is used."
  type        = string
  default     = ""
  sensitive   = true
}

variable "azure_identity" {
  description = "Service principal that may use the model, where the account's keys are off (role: Cognitive Services OpenAI User)."
  type = object({
    tenant_id     = string
    client_id     = string
    client_secret = string
  })
  default   = null
  sensitive = true

  validation {
    # They are lines of .env, in quotes.
    condition     = var.azure_identity == null ? true : alltrue([for value in values(var.azure_identity) : can(regex("^[^'\\s]+$", value))])
    error_message = "azure_identity needs a tenant_id, a client_id and a client_secret without white space and single quotes."
  }
}

variable "labels" {
  description = "Labels of every resource."
  type        = map(string)
  default     = { app = "job-processor" }
}

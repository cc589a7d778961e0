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
  description = "Shared secret of callbacks. Empty: the server generates its own at first boot (one server only)."
  type        = string
  default     = ""
  sensitive   = true
}

variable "basic_auth_password" {
  description = "Password with auth = \"proxy\". Empty: the server generates its own at first boot (one server only)."
  type        = string
  default     = ""
  sensitive   = true
}

variable "oidc_client_secret" {
  description = "This server's secret at the identity provider. Empty: a public client."
  type        = string
  default     = ""
  sensitive   = true
}

variable "mongodb_uri" {
  description = "URI of a MongoDB that runs elsewhere (with mongodb_cluster: terraform output -raw mongodb_uri). Empty: the single server runs its own on the volume."
  type        = string
  default     = ""
  sensitive   = true
}

variable "operator_secrets" {
  description = "More secrets, by their file name in infrastructure/containers/operator-secrets/README.md."
  type        = map(string)
  default     = {}
  sensitive   = true
}

# The servers.
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
  description = "Release tag (vX.Y.Z: its images are pulled), or another tag or commit (its images are built on the server)."
  type        = string
}

variable "image_prefix" {
  description = "Registry and name of the released images, without -backend, -tools, -frontend. null: ghcr.io/OWNER/NAME for a repository at GitHub. Empty: build on the server."
  type        = string
  default     = null
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

variable "dns_zone" {
  description = "Zone at Hetzner's DNS that domain belongs to: the A record is made and kept right. Empty: you make it."
  type        = string
  default     = ""
}

variable "auth" {
  description = "keys: API keys, and sign-ins on the page. proxy: one password for everybody, which the server's Caddy asks for."
  type        = string
  default     = "keys"
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
}

variable "api_allowed_cidrs" {
  description = "With auth = \"proxy\": networks from which no password is asked, over HTTPS, for programs that use the API. Not with load_balancer. Empty: none."
  type        = list(string)
  default     = []
}

variable "location" {
  description = "Hetzner location. It cannot change later: the volume stays where it is."
  type        = string
  default     = "nbg1"
}

variable "server_type" {
  description = "Hetzner server type; with profile n8n or observability one with 8 GB."
  type        = string
  default     = "cx23"
}

variable "image" {
  description = "Operating system of new servers."
  type        = string
  default     = "ubuntu-24.04"
}

variable "network_cidr" {
  description = "Range of the private network."
  type        = string
  default     = "10.20.0.0/16"
}

variable "data_volume" {
  description = "Keep the data of the first server on a volume. Terraform never destroys it."
  type        = bool
  default     = true
}

variable "volume_size_gb" {
  description = "Size of the volume. It can grow later (then resize2fs on the server), never shrink."
  type        = number
  default     = 20
}

variable "server_backups" {
  description = "Hetzner's own daily image backups (20 % of the server's price). They leave out the volume."
  type        = bool
  default     = false
}

variable "protect" {
  description = "Have Hetzner refuse to delete the volumes, the addresses, the network and the load balancer."
  type        = bool
  default     = true
}

variable "profiles" {
  description = "Compose profiles to start beside the application: backup, observability, n8n."
  type        = list(string)
  default     = ["backup"]
}

variable "settings" {
  description = "More lines for the stack's .env, by name, such as { RETENTION_DAYS = \"7\" }. No secrets."
  type        = map(string)
  default     = {}
}

# Several servers.
variable "app_count" {
  description = "Number of application servers. More than one needs load_balancer, mongodb_uri and webhook_secret; with auth = \"proxy\" basic_auth_password too."
  type        = number
  default     = 1
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
  description = "Your own certificate and private key (PEM) for the load balancer. null: Hetzner issues one, for a dns_zone of its own."
  type = object({
    certificate = string
    private_key = string
  })
  default   = null
  sensitive = true
}

variable "mongodb_cluster" {
  description = "Three database servers on the private network, as a replica set. null: none. Passwords: letters and digits, 32 or more (openssl rand -hex 32)."
  type = object({
    app_password   = string
    root_password  = string
    server_type    = optional(string, "cx33")
    volume_size_gb = optional(number, 20)
  })
  default   = null
  sensitive = true
}

# The model.
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
  description = "Model to deploy: name and version, as az cognitiveservices model list lists them for your region; capacity in thousands of tokens a minute."
  type = object({
    name        = string
    version     = string
    sku         = optional(string, "GlobalStandard")
    capacity    = optional(number, 30)
    upgrade     = optional(string, "OnceCurrentVersionExpired")
    used_before = optional(bool, false)
  })
}

variable "azure_flow_options" {
  description = "More keys of the flow `chat` (docs/azure-openai.md), such as { max_completion_tokens = 4000, reasoning_effort = \"low\" }."
  type        = any
  default     = {}
}

variable "azure_keys_enabled" {
  description = "Allow the account's keys. False needs azure_identity."
  type        = bool
  default     = true
}

variable "azure_identity" {
  description = "Service principal that may use the model, where the account's keys are off."
  type = object({
    tenant_id     = string
    client_id     = string
    client_secret = string
  })
  default   = null
  sensitive = true
}

variable "azure_monthly_budget" {
  description = "Amount at 80 and 100 % of which Azure writes to emails. It stops nothing. null: none."
  type = object({
    amount = number
    emails = list(string)
  })
  default = null
}

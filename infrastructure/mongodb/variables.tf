variable "name" {
  description = "Prefix of every resource's name."
  type        = string
  default     = "job-processor"
}

variable "location" {
  description = "Hetzner location; that of the private network."
  type        = string
  default     = "nbg1"
}

variable "server_type" {
  description = "Hetzner server type of each database server."
  type        = string
  default     = "cx33"
}

variable "image" {
  description = "Operating system. cloud-init installs Docker from this image's own packages."
  type        = string
  default     = "ubuntu-24.04"
}

variable "mongodb_image" {
  description = "Image of MongoDB. Change it on the servers too, one after the other (docs/cloud.md)."
  type        = string
  default     = "mongo:8.0.32"
}

variable "network_id" {
  description = "Id of the private network that the application's servers are in."
  type        = string
}

variable "network_cidr" {
  description = "Range of that network; the database servers get its third /24 (of a /16)."
  type        = string
}

variable "ssh_key_id" {
  description = "Id of the administrator's SSH key."
  type        = string
}

variable "ssh_allowed_cidrs" {
  description = "Networks that may reach SSH."
  type        = list(string)
}

variable "volume_size_gb" {
  description = "Size of each server's volume. It can grow later, never shrink."
  type        = number
  default     = 20
}

variable "protect" {
  description = "Have Hetzner refuse to delete the volumes."
  type        = bool
  default     = true
}

variable "app_password" {
  description = "Password of the application's account."
  type        = string
  sensitive   = true

  validation {
    condition     = can(regex("^[A-Za-z0-9]{32,}$", var.app_password))
    error_message = "app_password must be 32 or more letters and digits; openssl rand -hex 32 makes one."
  }
}

variable "root_password" {
  description = "Password of the administrator's account. The servers' own key is derived from it."
  type        = string
  sensitive   = true

  validation {
    condition     = can(regex("^[A-Za-z0-9]{32,}$", var.root_password)) && var.root_password != var.app_password
    error_message = "root_password must be 32 or more letters and digits, other than app_password; openssl rand -hex 32 makes one."
  }
}

variable "labels" {
  description = "Labels of every resource."
  type        = map(string)
  default     = { app = "job-processor" }
}

output "public_addresses" {
  description = "Public IPv4 addresses of the servers."
  value       = hcloud_primary_ip.app[*].ip_address
}

output "private_addresses" {
  description = "Addresses of the servers inside their network."
  value       = local.private_addresses
}

output "load_balancer_address" {
  description = "Public address of the load balancer; null without one."
  value       = one(hcloud_load_balancer.app[*].ipv4)
}

output "application_url" {
  description = "Where the application answers."
  value       = "https://${var.domain != "" ? var.domain : hcloud_primary_ip.app[0].ip_address}/"
}

output "ssh_command" {
  description = "Log in to the first server."
  value       = "ssh root@${hcloud_primary_ip.app[0].ip_address}"
}

output "network_id" {
  description = "Id of the private network, for servers beside these."
  value       = hcloud_network.this.id
}

output "network_cidr" {
  description = "Range of the private network."
  value       = hcloud_network.this.ip_range
}

output "ssh_key_id" {
  description = "Id of the administrator's key, for servers beside these."
  value       = hcloud_ssh_key.operator.id
}

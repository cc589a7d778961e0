output "server_addresses" {
  description = "Public IPv4 addresses of the servers."
  value       = module.hetzner.public_addresses
}

output "private_addresses" {
  description = "Addresses of the servers inside their network."
  value       = module.hetzner.private_addresses
}

output "load_balancer_address" {
  description = "Public address of the load balancer; null without one. Point the domain here."
  value       = module.hetzner.load_balancer_address
}

output "application_url" {
  description = "Where the application answers once the first boot is done (a few minutes)."
  value       = module.hetzner.application_url
}

output "ssh_command" {
  description = "Log in to the first server."
  value       = module.hetzner.ssh_command
}

output "azure_endpoint" {
  description = "Endpoint of the Azure OpenAI account."
  value       = module.azure.endpoint
}

output "azure_deployment" {
  description = "Name of the model's deployment."
  value       = module.azure.deployment
}

output "mongodb_uri" {
  description = "URI of the database servers' replica set, for TF_VAR_mongodb_uri; null without mongodb_cluster."
  value       = one(module.mongodb[*].uri)
  sensitive   = true
}

output "mongodb_ssh_commands" {
  description = "Log in to the database servers; empty without mongodb_cluster."
  value       = flatten(module.mongodb[*].ssh_commands)
}

output "uri" {
  description = "URI of the replica set, for the application's servers."
  value       = "mongodb://job_processor:${var.app_password}@${join(",", local.members)}/job_processor?replicaSet=rs0&w=majority"
  sensitive   = true
}

output "ssh_commands" {
  description = "Log in to the database servers."
  value       = [for server in hcloud_server.node : "ssh root@${server.ipv4_address}"]
}

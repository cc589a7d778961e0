output "endpoint" {
  description = "Endpoint of the account."
  value       = azurerm_cognitive_account.openai.endpoint
}

output "deployment" {
  description = "Name of the model's deployment."
  value       = azurerm_cognitive_deployment.model.name
}

output "account_id" {
  description = "Resource id of the account: the scope of a role assignment for an identity."
  value       = azurerm_cognitive_account.openai.id
}

output "api_key" {
  description = "Key of the account, for the module that hands it to the servers; empty when keys are off."
  value       = var.keys_enabled ? azurerm_cognitive_account.openai.primary_access_key : ""
  sensitive   = true
}

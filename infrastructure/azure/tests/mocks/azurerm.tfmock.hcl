mock_resource "azurerm_resource_group" { defaults = { id = "/subscriptions/0/resourceGroups/job-processor" } }
mock_resource "azurerm_cognitive_account" {
  defaults = {
    id                 = "/subscriptions/0/resourceGroups/job-processor/providers/Microsoft.CognitiveServices/accounts/example-jobs"
    endpoint           = "https://example-jobs.openai.azure.com/"
    primary_access_key = "not-a-real-key"
  }
}
mock_resource "azurerm_cognitive_deployment" { defaults = { id = "/subscriptions/0/deployments/model" } }

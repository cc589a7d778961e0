mock_provider "azurerm" {
  source = "./tests/mocks"
}

variables {
  account_name = "example-jobs"
  # Not a date, so that this test stays true.
  model = { name = "example-model", version = "test" }
}

run "account_is_an_openai_account_with_its_own_host_name" {
  command = plan

  assert {
    condition     = azurerm_cognitive_account.openai.kind == "OpenAI"
    error_message = "the account must be of kind OpenAI"
  }
  assert {
    condition     = azurerm_cognitive_account.openai.custom_subdomain_name == var.account_name
    error_message = "without its own host name the account takes no identities"
  }
  assert {
    condition     = azurerm_cognitive_deployment.model.version_upgrade_option == "OnceCurrentVersionExpired"
    error_message = "a version that retires must not leave the deployment answering 410"
  }
}

run "only_the_named_addresses_may_call" {
  command = plan

  variables {
    allowed_addresses = ["203.0.113.10"]
  }

  assert {
    condition     = azurerm_cognitive_account.openai.network_acls[0].default_action == "Deny"
    error_message = "with allowed addresses everyone else must be denied"
  }
  assert {
    condition     = azurerm_cognitive_account.openai.network_acls[0].ip_rules == tolist(["203.0.113.10"])
    error_message = "exactly the named addresses may call"
  }
}

run "no_key_leaves_the_module_when_keys_are_off" {
  command = apply

  variables {
    keys_enabled = false
  }

  assert {
    condition     = !azurerm_cognitive_account.openai.local_auth_enabled
    error_message = "the account must refuse keys"
  }
  assert {
    condition     = output.api_key == ""
    error_message = "no key may leave the module"
  }
}

run "account_name_must_be_a_host_name" {
  command = plan

  variables {
    account_name = "Not A Host"
  }

  expect_failures = [var.account_name]
}

run "capacity_must_be_whole" {
  command = plan

  variables {
    model = { name = "example-model", version = "test", capacity = 0.5 }
  }

  expect_failures = [var.model]
}

run "a_model_that_is_closed_to_new_customers_is_refused" {
  command = plan

  variables {
    model = { name = "gpt-4o-mini", version = "2024-07-18" }
  }

  expect_failures = [azurerm_cognitive_deployment.model]
}

run "unless_it_was_used_before" {
  command = plan

  variables {
    model = { name = "gpt-4o-mini", version = "2024-07-18", used_before = true }
  }

  assert {
    condition     = azurerm_cognitive_deployment.model.model[0].version == "2024-07-18"
    error_message = "the version asked for is deployed"
  }
}

run "a_budget_writes_to_somebody" {
  command = plan

  variables {
    monthly_budget = { amount = 50, emails = ["you@example.com"] }
  }

  assert {
    condition     = [for n in azurerm_consumption_budget_resource_group.this[0].notification : n.threshold] == [80, 100]
    error_message = "at 80 and at 100 %"
  }
}

run "a_budget_for_nobody_is_refused" {
  command = plan

  variables {
    monthly_budget = { amount = 50, emails = [] }
  }

  expect_failures = [var.monthly_budget]
}

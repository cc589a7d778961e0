provider "azurerm" {
  subscription_id = "00000000-0000-0000-0000-000000000000"

  features {}
}

variables {
  account_name = "example-jobs"
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
    condition     = azurerm_cognitive_deployment.model.version_upgrade_option == "NoAutoUpgrade"
    error_message = "the model must not change by itself"
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
    model = { capacity = 0.5 }
  }

  expect_failures = [var.model]
}

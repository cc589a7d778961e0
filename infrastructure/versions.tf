terraform {
  required_version = ">= 1.8"

  required_providers {
    hcloud = {
      source  = "hetznercloud/hcloud"
      version = "~> 1.68"
    }
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 4.55"
    }
  }
}

provider "hcloud" {
  token = var.hcloud_token
}

provider "azurerm" {
  subscription_id = var.azure_subscription_id

  features {}
}

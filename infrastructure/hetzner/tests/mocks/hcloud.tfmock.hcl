# What the cloud would give, where the modules use it: ids are numbers there.
mock_resource "hcloud_firewall" { defaults = { id = "101" } }
mock_resource "hcloud_load_balancer" { defaults = { id = "102", ipv4 = "192.0.2.200" } }
mock_resource "hcloud_managed_certificate" { defaults = { id = "103" } }
mock_resource "hcloud_network" { defaults = { id = "104" } }
mock_resource "hcloud_network_subnet" { defaults = { id = "104-10.20.1.0/24" } }
mock_resource "hcloud_placement_group" { defaults = { id = "105" } }
mock_resource "hcloud_primary_ip" { defaults = { id = "106", ip_address = "192.0.2.10" } }
mock_resource "hcloud_server" { defaults = { id = "107", ipv4_address = "192.0.2.10" } }
mock_resource "hcloud_ssh_key" { defaults = { id = "108" } }
mock_resource "hcloud_uploaded_certificate" { defaults = { id = "109" } }
mock_resource "hcloud_volume" { defaults = { id = "110" } }
mock_resource "hcloud_volume_attachment" { defaults = { id = "111" } }

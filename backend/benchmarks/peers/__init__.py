"""What people would build instead, measured in turns with the product: `make bench-peers`."""

"""The tests mirror the package; store_suite/ runs for every driver of the store."""

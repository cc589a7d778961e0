"""The specification of a store: one file per verb, every test run against every driver."""

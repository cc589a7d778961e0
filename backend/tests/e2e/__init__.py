"""The page in a real browser, against a real server. Needs Chromium, and the page built (`make build`)."""

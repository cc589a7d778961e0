"""Speed, measured as ratios against a peer or a limit in one run. Nothing here is asserted by a test."""

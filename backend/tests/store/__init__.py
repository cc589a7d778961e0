"""What is a driver's own: not verbs, but how it refuses, heals and hides secrets."""

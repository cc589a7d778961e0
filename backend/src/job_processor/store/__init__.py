"""The memory: one protocol (base), one driver per folder. Drivers never know each other."""

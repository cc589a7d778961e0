"""What must be survived: processes that die, disks that fail, clocks that jump, workers that come back."""

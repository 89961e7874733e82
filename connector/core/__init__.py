"""The decisions: pure functions over values and frames. No network, disk, clock, environment or Prefect."""

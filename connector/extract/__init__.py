"""Reading both systems: whole or selected, into memory or partitions, confirmed and validated."""

"""From what was read to the plan of a run, with what the store knows. Nothing is written in either system."""

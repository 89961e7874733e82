"""What people do at their desk: the mapping table, conflicts, suggestions, holds, history, and care of the store."""

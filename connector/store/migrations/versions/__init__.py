"""One module per revision. A released revision is never edited: stores in the world were made by it."""

"""The library behind the flows: two clients, a store, and the decisions. No Prefect inside."""

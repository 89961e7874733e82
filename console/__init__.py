"""The console: pages in the browser for the people who know the customers. Server-rendered; works without JavaScript."""

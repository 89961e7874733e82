"""The client of one webstore: WooCommerce REST API v3."""

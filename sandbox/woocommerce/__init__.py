"""WooCommerce, emulated: customers, webhooks, countries of wc/v3."""

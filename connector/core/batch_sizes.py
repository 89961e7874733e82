"""How many customers go into one request: the same for who plans, who sends, and who says how long it will take."""

from __future__ import annotations

__all__ = ["COMPANY", "WEBSTORE", "WEBSTORE_CREATES"]

# what a `/batch` request of WooCommerce may hold; a page of the list has no more, either
WEBSTORE = 100
# a shop hashes a password for each new account: 100 take it 8-10 s, on a slow host many times that. Smaller batches leave less
# in doubt when an answer is lost
WEBSTORE_CREATES = 50
# what Business Central takes in one `$batch`
COMPANY = 100

"""WooCommerce and Business Central, emulated over HTTP on this machine, for the demo and for the tests.

Imports nothing of the rest of the project: the connector meets it only through a socket, like the real systems.
"""

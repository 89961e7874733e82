"""What runs and in which order."""

from flows.home import know_a_home

know_a_home()  # before any module of this package imports Prefect

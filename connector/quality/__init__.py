"""Expectations of extracts, mapping table and plan, checked by Great Expectations; it is imported when it is first needed."""

from connector.quality.engine import prepare
from connector.quality.pieces import validate_pieces
from connector.quality.validating import validate

__all__ = ["prepare", "validate", "validate_pieces"]

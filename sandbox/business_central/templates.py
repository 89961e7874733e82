"""Configuration templates of "API Setup": values for what a POST did not send."""

from collections.abc import Iterable

from sandbox.business_central.body_reading import read_properties
from sandbox.business_central.entities import CUSTOMERS
from sandbox.business_central.rows import Values
from sandbox.business_central.settings import ConfigurationTemplate
from sandbox.business_central.validation import Draft


def apply_template(draft: Draft, sent: Values) -> None:
    """Apply the first template whose conditions the new customer meets; what was sent is restored afterwards."""
    template = _fitting(draft.settings.templates, draft.values)
    if template is None:
        return
    kept = {name: draft.values[name] for name in sent}
    values = read_properties(template.values, CUSTOMERS, draft.settings, is_new=True)
    for name, value in values.items():
        if name not in sent:
            draft.enter(name, value)
    draft.values.update(kept)


def _fitting(templates: Iterable[ConfigurationTemplate], values: Values) -> ConfigurationTemplate | None:
    for template in templates:
        if all(values[name] == value for name, value in template.conditions.items()):
            return template
    return None

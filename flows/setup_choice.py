"""The setup as a parameter of a flow: a block chosen in the form, or the name of a file or block typed in.

Prefect's form shows a field of a block's type as a list of the blocks with *Add*. The value that it sends is a reference,
`{"$ref": {"block_document_id": …}}`, which Prefect puts the block in place of when the run begins; what stands in the run's
parameters remains the reference, so no secret is in them
(https://docs.prefect.io/v3/concepts/blocks#use-existing-block-types).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from pydantic import GetCoreSchemaHandler, WithJsonSchema
from pydantic_core import core_schema

from flows.blocks import ConnectorSetup
from flows.setup_paths import is_file

__all__ = ["SetupChoice", "chosen_name", "is_reference", "is_there", "reference_to"]


class _Dropdown:
    """The list of the setup blocks. Both UIs need it as a definition of its own, whose title they show as the kind of the
    field; the block's whole schema, 35 KB in every deployment, would add nothing to it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        slug = ConnectorSetup.get_block_type_slug()
        # the server lets either the block itself or a reference pass, so that a reference must not fit the former
        shown = {"title": "Block", "type": "object", "block_type_slug": slug, "required": ["webstore_code"]}
        return core_schema.is_instance_schema(
            ConnectorSetup, ref="Block", metadata={"pydantic_js_functions": [lambda _schema, _handler: dict(shown)]}
        )


SetupChoice = (
    Annotated[ConnectorSetup, _Dropdown()]
    | Annotated[str, WithJsonSchema({"type": "string", "title": "File, or name of a block"})]
)


def is_reference(given: object) -> bool:
    """Whether a parameter refers to a block, as the form sends it."""
    return isinstance(given, Mapping) and "$ref" in given


def reference_to(name: str) -> dict[str, Any] | None:
    """What a form sends for the setup block of a name; None = there is no such block."""
    with get_client(sync_client=True) as client:
        try:
            document = client.read_block_document_by_name(name, ConnectorSetup.get_block_type_slug())
        except ObjectNotFound:
            return None
    return {"$ref": {"block_document_id": str(document.id)}}


def is_there(given: object, folder: Path) -> bool:
    """Whether there is the file or the block that a parameter means.

    Args:
        folder: what a file's relative name counts from.
    """
    if isinstance(given, str) and (is_file(given) or (folder / given).is_file()):
        return (folder / given).is_file()
    name = chosen_name(given)
    return bool(name.strip()) and reference_to(name) is not None


def chosen_name(given: object) -> str:
    """A setup's name as people know it, of whatever a parameter holds: a block, a reference to one, or a name.

    A reference that leads nowhere is shown as it is.
    """
    if isinstance(given, ConnectorSetup):
        return given._block_document_name or given.webstore_code
    if isinstance(given, Mapping) and "$ref" in given:
        reference = given["$ref"]
        wanted = reference.get("block_document_id", "") if isinstance(reference, Mapping) else reference
        if slug := reference.get("block_document_slug") if isinstance(reference, Mapping) else None:
            return str(slug).rpartition("/")[2]
        with get_client(sync_client=True) as client:
            try:
                return str(client.read_block_document(wanted, include_secrets=False).name)
            except (ObjectNotFound, ValueError):
                return f"block {wanted}"
    return str(given)

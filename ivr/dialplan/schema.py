"""JSON Schema of plans and of their tests, made from the same models that read them, for editors."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from ivr.dialplan.fields import NAME
from ivr.dialplan.model import Head
from ivr.dialplan.script import TestFile
from ivr.dialplan.steps import VERBS

_REFERENCE = "#/$defs/{model}"


def plan_schema() -> dict[str, Any]:
    """The schema of a plan's file."""
    generator = GenerateJsonSchema(ref_template=_REFERENCE)
    steps, definitions = generator.generate_definitions(
        [(verb, "validation", TypeAdapter(model).core_schema) for verb, model in VERBS.items()]
    )
    schema = Head.model_json_schema(ref_template=_REFERENCE)
    bare = [
        verb for verb, model in VERBS.items() if not any(field.is_required() for field in model.model_fields.values())
    ]
    one_step = [_step(verb, steps[(verb, "validation")]) for verb in VERBS]
    schema["properties"]["sections"] = {
        "description": "Sections by name; each is a list of steps that run from top to bottom.",
        "type": "object",
        "propertyNames": {"pattern": NAME},
        "additionalProperties": {
            "type": "array",
            "minItems": 1,
            "items": {"anyOf": [*one_step, {"enum": bare}]},
        },
    }
    schema["required"] = [*schema["required"], "sections"]
    schema["$defs"] = {**schema.get("$defs", {}), **definitions}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Dialplan"}


def _step(verb: str, schema: Any) -> dict[str, Any]:
    # An editor picks the branch by the verb, so each branch must demand its own.
    return {"allOf": [schema], "required": [verb]}


def tests_schema() -> dict[str, Any]:
    """The schema of a file of tests."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **TestFile.model_json_schema()}

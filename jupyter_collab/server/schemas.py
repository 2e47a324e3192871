"""What the bodies of requests must be like: as ``openapi.yaml`` says, which is what clients read, too."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from ..errors import ContentError

__all__ = ["check_body"]

FILE = "openapi.yaml"

OWN_WORDS = "x-refusal"
"""The key under which a schema has the sentence that refuses what is not like it, where it has one of its own."""

KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}

BOUNDS = {
    "minimum": "be at least {:,}",
    "maximum": "be at most {:,}",
    "minLength": "have at least {:,} characters",
    "maxLength": "have at most {:,} characters",
    "maxItems": "have at most {:,} items",
    "maxProperties": "have at most {:,} keys",
}

TYPE_OF_BODY = "application/json"


def check_body(operation_id: str, body: object) -> None:
    """Make sure that ``body`` is what the operation takes.

    Raises
    ------
    ContentError
        It is not; the message names the first thing that is wrong.
    """
    error = min(_validators()[operation_id].iter_errors(body), key=lambda error: len(error.absolute_path), default=None)
    if error is not None:
        raise ContentError(_refusal(error))


@cache
def _validators() -> Mapping[str, Draft202012Validator]:
    """What checks the JSON bodies of each operation, by its id."""
    specification = yaml.load((files(__package__) / FILE).read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # both are safe
    registry: Registry[Any] = Registry().with_resource(FILE, Resource.from_contents(specification, DRAFT202012))
    # What may be in a name or a title, names.py knows better than a pattern can say.
    validator = extend(Draft202012Validator, {"pattern": lambda *_: iter(())})  # type: ignore[no-untyped-call]
    return {
        operation: validator({"$ref": f"{FILE}#/{'/'.join(map(_escaped, steps))}"}, registry=registry)
        for operation, steps in _bodies(specification)
    }


def _bodies(specification: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The operations that take JSON, and where the specification has the schema of that."""
    for path, methods in specification["paths"].items():
        for method, operation in methods.items():
            if method != "parameters" and TYPE_OF_BODY in operation.get("requestBody", {}).get("content", {}):
                steps = ("paths", path, method, "requestBody", "content", TYPE_OF_BODY, "schema")
                yield operation["operationId"], steps


def _escaped(step: str) -> str:
    """A step of a JSON pointer."""
    return step.replace("~", "~0").replace("/", "~1")


def _refusal(error: ValidationError) -> str:
    """The error of a body, as a sentence that says what to send."""
    schema: Any = error.schema
    if error.validator == "oneOf" and OWN_WORDS in schema:
        return str(schema[OWN_WORDS])
    name = ".".join(map(str, error.absolute_path)) or "The body"
    wanted: Any = error.validator_value
    sent: Any = error.instance
    match error.validator:
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            return f"{name} must be {' or '.join(KINDS[kind] for kind in kinds)}."
        case "required":
            return f"Give {' and '.join(key for key in wanted if key not in sent)}."
        case "additionalProperties":
            known = schema["properties"]
            return f"There is no {_listed(sorted(sent.keys() - known.keys()))} here; give {_listed(known)}."
        case "minProperties":
            return f"Give {' or '.join(schema['properties'])}."
        case "enum":
            return f"{name} must be one of {_listed(wanted)}."
        case "minLength" if wanted == 1:
            return f"{name} must not be empty."
        case str(keyword) if keyword in BOUNDS:
            return f"{name} must {BOUNDS[keyword].format(wanted)}."
    return f"{name} is not as the specification of the API says."


def _listed(names: Iterable[object]) -> str:
    return ", ".join("null" if name is None else str(name) for name in names)

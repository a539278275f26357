# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""An OpenAPI or AsyncAPI document as tests look at it: references, schemas, operations, and whether a value fits."""
import sys

try:
    import jsonschema
except ImportError:  # another python3 than the system's
    sys.path.append("/usr/lib/python3/dist-packages")
    import jsonschema

METHODS = ("get", "post", "put", "patch", "delete")


def pointer(document, reference):
    at = document
    for part in reference[2:].split("/"):
        at = at[part.replace("~1", "/").replace("~0", "~")]
    return at


def references(value):
    """Every $ref below a value."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


class Operation:
    def __init__(self, description, path, method, raw):
        self.description, self.path, self.method, self.raw = description, path, method.upper(), raw
        self.id = raw["operationId"]
        self.parameters = [description.resolve(parameter) for parameter in raw.get("parameters", [])]
        self.responses = {status: description.resolve(response) for status, response in raw["responses"].items()}

    def body(self):
        """The media type object of the request's body, or None."""
        return self.description.resolve(self.raw.get("requestBody", {})).get("content", {}).get("application/json")

    def url(self, values=None):
        """The path with its examples filled in, or what values say."""
        path = self.path
        for parameter in self.parameters:
            if parameter["in"] == "path":
                value = (values or {}).get(parameter["name"], parameter["example"])
                path = path.replace("{" + parameter["name"] + "}", value)
        return path

    def fault(self, answer):
        """Why the answer is not as documented; empty when it is."""
        response = self.responses.get(str(answer.status))
        if response is None:
            return f"{answer.status} is not documented: {answer!r}"
        for name, header in response.get("headers", {}).items():
            value = answer.fields.get(name.lower())
            schema = self.description.resolve(header)["schema"]
            if value is not None:
                value = int(value) if schema["type"] == "integer" else value
                faults = self.description.faults(schema, value)
                if faults:
                    return f"{name}: {faults}"
        return self.body_fault(response.get("content", {}), answer)

    def body_fault(self, content, answer):
        if not content or not answer.body:
            return "" if bool(content) == bool(answer.body) else f"a body where there is none, or none: {answer!r}"
        kind = answer.fields.get("content-type", "").split(";")[0]
        if kind not in content:
            return f"{kind} is not documented: {answer!r}"
        value = answer.json if "json" in kind else answer.body.decode()
        faults = self.description.faults(content[kind]["schema"], value)
        return f"{faults} {answer!r}" if faults else ""


class Description:
    def __init__(self, document):
        self.document = document

    def resolve(self, value):
        while isinstance(value, dict) and isinstance(value.get("$ref"), str):
            value = pointer(self.document, value["$ref"])
        return value

    def lost(self):
        """References that lead nowhere."""
        found = []
        for reference in set(references(self.document)):
            try:
                pointer(self.document, reference)
            except (KeyError, IndexError, TypeError):
                found.append(reference)
        return found

    def faults(self, schema, value):
        """What is wrong with a value, as texts."""
        whole = {"components": self.document["components"], "allOf": [schema]}
        validator = jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker())
        return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
                for error in validator.iter_errors(value)]

    def schemas(self):
        return self.document["components"]["schemas"]

    def operations(self):
        return [Operation(self, path, method, raw) for path, item in self.document["paths"].items()
                for method, raw in item.items() if method in METHODS]


def schema_fault(schema):
    """Why it is no JSON Schema; empty when it is one."""
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        return error.message
    return ""


def structure_faults(schema, document):
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
            for error in jsonschema.Draft202012Validator(schema).iter_errors(document)]

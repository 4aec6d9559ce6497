"""Rewrites the schemas of the OpenAPI document to those that make good Python types.

- Limits are the server's to check, and a newer one may have others: they are left out.
- Alternatives of objects become one object with the members of all, so that `result.errors` needs no check of the class first, and
  an alternative that a newer server adds is read, too.
- What is no object, as a namespace, is written where it is used, because a class of its own would have to be unwrapped.
- An object that is written out where a component has the same schema refers to that component.
- What no operation refers to is left out.
"""

LIMITS = {
    *("maxLength", "minLength", "pattern", "maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum", "multipleOf"),
    *("maxItems", "minItems", "uniqueItems", "maxProperties", "minProperties", "propertyNames"),
    *("additionalProperties", "examples", "default", "discriminator"),
}
FORMATS = {"date-time", "date"}
PREFIX = "#/components/schemas/"


def simplify(document):
    """Returns a document of the simplified schemas alone."""
    given = document["components"]["schemas"]
    schemas = {name: rewritten(schema, given) for name, schema in given.items()}
    objects = {name: schema for name, schema in schemas.items() if is_object(schema)}
    known = {key(schema): name for name, schema in objects.items()}
    objects = {
        name: {
            **schema,
            "properties": {field: referring(value, known) for field, value in schema["properties"].items()},
        }
        for name, schema in objects.items()
    }
    roots = sorted(set(references(document["paths"])) & set(objects))
    needed = reachable(roots, objects)
    components = {"schemas": {name: objects[name] for name in sorted(needed)}}
    return {"openapi": "3.1.0", "info": document["info"], "paths": {}, "components": components}


def rewritten(schema, given):
    """A schema without limits, alternatives of objects and references to what is no object."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(PREFIX)
        target = given[name]
        return {"$ref": schema["$ref"]} if is_object(merged(target, given)) else rewritten(target, given)
    schema = merged(schema, given)
    result = {name: value for name, value in schema.items() if name not in LIMITS}
    if result.get("format") not in FORMATS:
        result.pop("format", None)
    if isinstance(schema.get("additionalProperties"), dict):
        result["additionalProperties"] = rewritten(schema["additionalProperties"], given)
    if "properties" in schema:
        result["properties"] = {name: rewritten(value, given) for name, value in schema["properties"].items()}
    if isinstance(schema.get("items"), dict):
        result["items"] = rewritten(schema["items"], given)
    for name in ("anyOf", "oneOf", "allOf"):
        if name in schema:
            result[name] = distinct(rewritten(part, given) for part in schema[name])
    return result


def merged(schema, given):
    """One object for alternatives of objects; anything else as it is."""
    parts = schema.get("anyOf") or schema.get("oneOf")
    if not parts:
        return schema
    parts = [resolved(part, given) for part in parts]
    if not all(is_object(part) for part in parts):
        return schema
    properties = {}
    for part in parts:
        for name, value in part["properties"].items():
            properties.setdefault(name, []).append(value)
    required = set.intersection(*(set(part.get("required", ())) for part in parts))
    own = {name: value for name, value in schema.items() if name not in ("anyOf", "oneOf", "discriminator")}
    joined = {name: alternatives(values) for name, values in sorted(properties.items())}
    return {**own, "type": "object", "properties": joined, "required": sorted(required)}


def resolved(schema, given):
    """The object that a reference or alternatives stand for."""
    return merged(given[schema["$ref"].removeprefix(PREFIX)] if "$ref" in schema else schema, given)


def alternatives(values):
    """The schema of a member that several objects have."""
    different = distinct(values)
    if len(different) == 1:
        return different[0]
    names = [value.get("enum") or [value["const"]] if {"enum", "const"} & set(value) else None for value in different]
    if all(names):
        return {"type": "string", "enum": [name for each in names for name in each]}
    return {"anyOf": distinct(part for value in different for part in value.get("anyOf", [value]))}


def distinct(values):
    """The values without repetitions."""
    found = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


def is_object(schema):
    """Whether a schema describes an object by its members."""
    return "properties" in schema


def key(schema):
    """What two descriptions of the same object have in common."""
    return repr(sorted((name, repr(value)) for name, value in schema["properties"].items()))


def referring(schema, known):
    """A schema that refers to components instead of repeating them."""
    if is_object(schema) and key(schema) in known:
        return {"$ref": PREFIX + known[key(schema)]}
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = {name: referring(value, known) for name, value in schema["properties"].items()}
    if isinstance(schema.get("items"), dict):
        result["items"] = referring(schema["items"], known)
    for name in ("anyOf", "oneOf", "allOf"):
        if name in schema:
            result[name] = [referring(part, known) for part in schema[name]]
    return result


def references(value):
    """The names of the components that a value refers to."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].rpartition("/")[2]
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from references(part)


def reachable(names, schemas):
    """The components that these refer to, directly or not."""
    found = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in schemas and name not in found:
            found.add(name)
            waiting += references(schemas[name])
    return found

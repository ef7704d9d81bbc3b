"""Render the API reference for people: one plain HTML page made from the API's own description (OpenAPI).

The page needs nothing from elsewhere (no script, no font, no picture) and works without a network.
"""

from __future__ import annotations

import json
from typing import Any

from jinja2 import Environment

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title><style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; color: #1b1f24;
  background: #fff }
code, pre { font: 14px/1.4 ui-monospace, monospace; background: #f2f4f7; border-radius: 3px }
code { padding: 0 .2em } pre { padding: .7rem; overflow: auto }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: .3rem .6rem;
  border-bottom: 1px solid #d0d7de } h3 { margin-top: 2.2rem; border-top: 1px solid #d0d7de; padding-top: 1rem }
a { color: #0b57a4 } .method { font-weight: 700 } :focus-visible { outline: 3px solid #b35900 }
</style></head><body>
<a href="#content">Skip to the content</a>
<header><h1>{{ title }}</h1>
<p>Version {{ version }}. Machine-readable: <a href="{{ base }}/openapi.json">openapi.json</a></p></header>
<nav aria-label="Addresses"><ul>{% for one in operations %}
<li><a href="#{{ one.anchor }}"><span class="method">{{ one.method }}</span> {{ one.path }}</a></li>
{% endfor %}</ul></nav>
<main id="content">
{% for part in description %}<p>{{ part }}</p>{% endfor %}
<h2>Addresses</h2>
{% for one in operations %}<section aria-labelledby="{{ one.anchor }}">
<h3 id="{{ one.anchor }}"><span class="method">{{ one.method }}</span> <code>{{ base }}{{ one.path }}</code></h3>
{% for part in one.description %}<p>{{ part }}</p>{% endfor %}
{% if one.parameters %}<table><caption>Parameters</caption><thead><tr><th scope="col">Name</th><th scope="col">In</th>
<th scope="col">Type</th><th scope="col">What</th></tr></thead><tbody>
{% for p in one.parameters %}<tr><td><code>{{ p.name }}</code></td><td>{{ p.place }}</td><td>{{ p.type }}</td>
<td>{{ p.description }}</td></tr>{% endfor %}</tbody></table>{% endif %}
{% if one.body %}<p>Body: {{ one.body }}</p>{% endif %}
{% if one.example %}<pre>{{ one.example }}</pre>{% endif %}
<table><caption>Answers</caption><thead><tr><th scope="col">Status</th><th scope="col">What</th>
<th scope="col">Shape</th></tr></thead><tbody>
{% for a in one.answers %}<tr><td>{{ a.status }}</td><td>{{ a.description }}</td><td>{{ a.shape }}</td></tr>{% endfor %}
</tbody></table></section>
{% endfor %}
<h2>Shapes</h2>
{% for shape in shapes %}<section aria-labelledby="shape-{{ shape.name }}">
<h3 id="shape-{{ shape.name }}">{{ shape.name }}</h3>
<p>{{ shape.description }}</p><table><caption>Members</caption><thead><tr><th scope="col">Name</th>
<th scope="col">Type</th><th scope="col">What</th></tr></thead><tbody>
{% for m in shape.members %}<tr><td><code>{{ m.name }}</code></td><td>{{ m.type }}</td><td>{{ m.description }}</td></tr>
{% endfor %}</tbody></table></section>{% endfor %}
</main></body></html>
"""


def render_reference(description: dict[str, Any], base: str) -> str:
    """Return the page of an OpenAPI description whose addresses are below `base`."""
    info = description["info"]
    template = Environment(autoescape=True).from_string(_PAGE)
    return template.render(
        title=info["title"],
        version=info["version"],
        description=info["description"].split("\n\n"),
        base=base,
        operations=[
            _operation(path, method, details)
            for path, methods in description["paths"].items()
            for method, details in methods.items()
        ],
        shapes=[
            {
                "name": name,
                "description": schema.get("description", ""),
                "members": [
                    {"name": member, "type": _type(details), "description": details.get("description", "")}
                    for member, details in schema.get("properties", {}).items()
                ],
            }
            for name, schema in sorted(description.get("components", {}).get("schemas", {}).items())
        ],
    )


def _operation(path: str, method: str, details: dict[str, Any]) -> dict[str, Any]:
    content = details.get("requestBody", {}).get("content", {})
    example = _example(content.get("application/json", {}).get("schema", {}))
    return {
        "anchor": details["operationId"],
        "method": method.upper(),
        "path": path,
        "description": details.get("description", details.get("summary", "")).split("\n\n"),
        "parameters": [
            {
                "name": p["name"],
                "place": p["in"],
                "type": _type(p.get("schema", {})),
                "description": p.get("description", ""),
            }
            for p in details.get("parameters", [])
        ],
        "body": ", ".join(f"{kind} ({_type(body.get('schema', {}))})" for kind, body in content.items()),
        "example": example,
        "answers": [
            {"status": status, "description": answer.get("description", ""), "shape": _shape(answer)}
            for status, answer in details["responses"].items()
        ],
    }


def _shape(answer: dict[str, Any]) -> str:
    return ", ".join(f"{kind}: {_type(body.get('schema', {}))}" for kind, body in answer.get("content", {}).items())


def _type(schema: dict[str, Any]) -> str:
    """Describe a schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " or ".join(_type(option) for option in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(json.dumps(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("type", "anything"))


def _example(schema: dict[str, Any]) -> str:
    examples = schema.get("examples") or ([schema["example"]] if "example" in schema else [])
    return json.dumps(examples[0], ensure_ascii=False, indent=2) if examples else ""

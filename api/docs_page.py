"""`/docs`: the OpenAPI document as one plain page, without a script and without any other host."""

from collections.abc import Mapping
from html import escape
from typing import Any

import msgspec

from api.problem_pages import html_page

_VERBS = ("get", "put", "post", "delete", "patch")


def docs_page(openapi: Mapping[str, Any]) -> str:
    """Return the page: every operation with its words, parameters, examples and answers."""
    info = openapi["info"]
    sections = [
        _operation(verb, path, item[verb])
        for path, item in sorted(openapi["paths"].items())
        for verb in _VERBS
        if verb in item
    ]
    head = (
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info.get('description', ''))}</p>"
        '<p>For machines: <a href="/openapi.json">/openapi.json</a>. '
        'Every error is explained under <a href="/problems/index">/problems/</a>.</p>'
    )
    return html_page(info["title"], head + "".join(sections))


def _operation(verb: str, path: str, operation: Mapping[str, Any]) -> str:
    lock = "" if operation.get("security") == [] else " <small>(bearer token)</small>"
    summary = (
        f"<summary><code>{verb.upper()} {escape(path)}</code> {escape(operation.get('summary', ''))}{lock}</summary>"
    )
    words = f"<p>{escape(operation.get('description', ''))}</p>"
    return f"<details>{summary}{words}{_parameters(operation)}{_examples(operation)}{_answers(operation)}</details>"


def _parameters(operation: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(item['name'])}</code></td><td>{escape(item['in'])}</td>"
        f"<td>{escape(item.get('description', ''))}</td></tr>"
        for item in operation.get("parameters", [])
    )
    return f"<table><tr><th>Parameter</th><th>In</th><th></th></tr>{rows}</table>" if rows else ""


def _examples(operation: Mapping[str, Any]) -> str:
    parts = []
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        for name, example in content.get("examples", {}).items():
            value = example.get("value", f"see {example.get('externalValue')}")
            text = value if isinstance(value, str) else msgspec.json.format(msgspec.json.encode(value)).decode()
            parts.append(f"<p>{escape(example.get('summary', name))} ({escape(media)})</p><pre>{escape(text)}</pre>")
    return "".join(parts)


def _answers(operation: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{escape(status)}</td><td>{escape(item.get('description', ''))}</td></tr>"
        for status, item in operation.get("responses", {}).items()
    )
    return f"<table><tr><th>Status</th><th>Answer</th></tr>{rows}</table>"

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from math import cos, sin
from typing import Any
from urllib.parse import urlencode

import httpx

from api.app import create_app
from api.examples import A_JOB, MIXED_PORTFOLIO, SPEC_PORTFOLIO
from api.parameter_set_schemas import DRAFT
from core.names import Role
from tests.integration.api.conftest import Api
from tests.integration.api.test_replay import Desk


def _examples(document: dict[str, Any]) -> Iterator[tuple[str, str, str, Any]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            for media, content in operation.get("requestBody", {}).get("content", {}).items():
                for example in content["examples"].values():
                    if "value" in example:  # files of bytes are elsewhere
                        yield method.upper(), _asked(path, operation, media), media, example["value"]


def _asked(path: str, operation: dict[str, Any], media: str) -> str:
    """Return the path with the query that the example of a file needs."""
    query = {one["name"]: one["example"] for one in operation.get("parameters", ()) if "example" in one}
    return f"{path}?{urlencode(query)}" if query and media != "application/json" else path


def _history() -> str:
    """Return closes of the example's symbols, long enough for a backtest, the latest before those of the example."""
    last = date(2025, 6, 25)
    rows = [
        f"{last - timedelta(days=1_700 - day)},{100 + 20 * sin(day / 9):.4f},{200 + 30 * cos(day / 7):.4f}"
        for day in range(1_701)
    ]
    return "\n".join(["Date,AAPL,TSLA", *rows])


def test_every_worked_example_works(api: Api) -> None:
    api = replace(api, settings=replace(api.settings, calculation_timeout=1.0))  # no worker takes what is queued
    examples = list(_examples(create_app(api.settings).openapi()))
    assert len(examples) >= 10

    async def talk(client: httpx.AsyncClient) -> None:
        await client.put("/api/v1/portfolios/book-1", json=MIXED_PORTFOLIO)
        await client.put("/api/v1/parameter-sets/ours", json=DRAFT, headers=api.as_(Role.RISK_MANAGER))
        stored = await client.post("/api/v1/prices/history", content=_history(), headers={"Content-Type": "text/csv"})
        assert stored.is_success, stored.text
        earlier = await client.post("/api/v1/jobs", json={"measure": "margin", "portfolio": SPEC_PORTFOLIO})
        earlier_id = earlier.json()["id"]
        await Desk(api, client).work(earlier_id)
        for method, template, media, value in examples:
            path = template.replace("{portfolio_id}", "book-1").replace("{name}", "ours")
            content = value.encode() if isinstance(value, str) else json.dumps(value).encode()
            content = content.replace(A_JOB.encode(), earlier_id.encode())
            answer = await client.request(method, path, content=content, headers={"Content-Type": media})
            assert answer.is_success, (method, path, answer.text)

    api.run(talk)


def test_every_body_has_an_example_and_every_operation_its_words(api: Api) -> None:
    document = create_app(api.settings).openapi()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation["summary"], path
            assert operation["description"], path
            assert "default" in operation["responses"]
            for content in operation.get("requestBody", {}).get("content", {}).values():
                assert content["examples"], (method, path)


def test_every_reference_leads_somewhere(api: Api) -> None:
    document = create_app(api.settings).openapi()

    def references(node: object) -> Iterator[str]:
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            for value in node.values():
                yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= known


def test_the_page_for_people_needs_no_other_host(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        page = await client.get("/docs", headers={"Authorization": ""})
        assert page.status_code == 200
        assert "/api/v1/collateral/margin/calculate" in page.text
        assert "http://" not in page.text
        assert "https://" not in page.text
        assert "<script" not in page.text
        problem = await client.get("/problems/invalid-input")
        assert "What to do" in problem.text
        assert (await client.get("/problems/none-such")).status_code == 404

    api.run(talk)

import re
from uuid import UUID

import httpx
import pytest
from fastapi.routing import APIRoute

from api.app import create_app
from api.auth import is_open
from core.names import Role
from tests.integration.api.conftest import Api

OPEN = {"/livez", "/readyz", "/health", "/api/v1/collateral/health", "/docs", "/openapi.json", "/problems/{code}"}


def _routes(api: Api) -> list[tuple[str, str]]:
    app = create_app(api.settings)
    paths = app.openapi()["paths"]
    return [(method.upper(), path) for path, item in paths.items() for method in item]


def test_the_open_routes_are_these_and_no_others(api: Api) -> None:
    assert {path for _, path in _routes(api) if is_open(path)} == OPEN


def test_every_route_is_in_the_openapi_document(api: Api) -> None:
    app = create_app(api.settings)
    known = set(_routes(api))

    def walk(routes: list[object]) -> set[tuple[str, str]]:
        return {(m, r.path) for r in routes if isinstance(r, APIRoute) for m in r.methods or ()}

    assert walk(list(app.routes)) <= known


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer x.y.z", "Basic b3BlcmF0b3I6eA==", "Bearer " + "a" * 5000],
)
def test_every_other_route_needs_a_token(api: Api, authorization: str) -> None:
    routes = _routes(api)

    async def talk(client: httpx.AsyncClient) -> None:
        for method, template in routes:
            path = re.sub(r"\{[^}]+\}", "index" if "problems" in template else "x", template)
            answer = await client.request(method, path, headers={"Authorization": authorization})
            if template in OPEN:
                assert answer.status_code in {200, 503}, (method, path)
                continue
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert answer.json()["type"] == "/problems/unauthorized"

    api.run(talk)


def test_an_unknown_path_does_not_tell_strangers_that_it_is_unknown(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        assert (await client.get("/api/v1/nothing", headers={"Authorization": ""})).status_code == 401
        answer = await client.get("/api/v1/nothing")
        assert answer.status_code == 404
        assert answer.json()["type"] == "/problems/not-found"
        wrong = await client.patch("/api/v1/jobs")
        assert wrong.status_code == 405
        assert wrong.headers["allow"] == "GET, HEAD, POST"
        assert wrong.headers["content-type"] == "application/problem+json"

    api.run(talk)


def test_an_expired_token_and_one_of_another_cluster_are_refused(api: Api) -> None:
    expired = api.token(Role.ADMIN, seconds=-1)

    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.get("/api/v1/jobs", headers={"Authorization": f"Bearer {expired}"})
        assert answer.status_code == 401
        assert "expired" in answer.json()["detail"]

    api.run(talk)


@pytest.mark.parametrize(
    ("role", "method", "path"),
    [
        (Role.VIEWER, "POST", "/api/v1/jobs"),
        (Role.VIEWER, "PUT", "/api/v1/portfolios/x"),
        (Role.AUDITOR, "POST", "/api/v1/jobs"),
        (Role.TRADER, "POST", "/api/v1/prices"),
        (Role.TRADER, "POST", "/api/v1/schedules"),
        (Role.TRADER, "GET", "/api/v1/audit"),
        (Role.RISK_MANAGER, "GET", "/api/v1/cluster"),
        (Role.OPERATOR, "GET", "/api/v1/tenants"),
    ],
)
def test_a_role_that_is_too_low_is_refused_before_the_body_is_read(
    api: Api, role: Role, method: str, path: str
) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.request(method, path, content=b"{", headers=api.as_(role))
        assert answer.status_code == 403
        assert answer.json()["remedy"]

    api.run(talk)


def test_a_drill_needs_an_operator(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post("/api/v1/jobs", json={"measure": "noop"})
        assert answer.status_code == 403

    api.run(talk, Role.TRADER)


def test_a_token_of_a_tenant_that_does_not_exist_is_refused(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        stranger = api.as_(Role.ADMIN, "nowhere")
        answer = await client.post("/api/v1/jobs", json={"measure": "noop"}, headers=stranger)
        assert answer.status_code == 403, answer.text
        assert answer.json()["type"] == "/problems/unknown-tenant"
        assert (await client.get("/api/v1/jobs", headers=stranger)).json()["items"] == []

    api.run(talk)


def test_every_answer_carries_an_id_and_the_security_headers(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        answer = await client.get(
            "/livez", headers={"X-Request-ID": "abc-123", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
        )
        assert answer.headers["x-request-id"] == "abc-123"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers
        unsafe = await client.get("/livez", headers={"X-Request-ID": "a b\t{}"})
        assert re.fullmatch(r"[0-9a-f]{32}", unsafe.headers["x-request-id"])

    api.run(talk)


def test_a_path_with_get_answers_head_too_and_a_stream_does_not(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        assert (await client.head("/livez")).status_code == 200
        assert (await client.head("/api/v1/portfolios/nobody")).status_code == 404
        refused = await client.head(f"/api/v1/jobs/{UUID(int=1)}/events")
        assert refused.status_code == 405
        assert refused.headers["allow"] == "GET"

    api.run(talk)

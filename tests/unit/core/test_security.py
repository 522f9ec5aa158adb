import json
import stat
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.clock import utcnow
from core.errors import PermissionDeniedError, TokenError
from core.names import Permission, Role
from core.security import (
    AUDIENCE,
    ISSUER,
    Principal,
    issue_token,
    load_private_key,
    load_public_key,
    make_keys,
    verify_token,
)

HOUR = timedelta(hours=1)


@pytest.fixture
def keys(tmp_path: Path):
    make_keys(tmp_path / "keys" / "private.pem", tmp_path / "keys" / "public.pem")
    return load_private_key(tmp_path / "keys" / "private.pem"), load_public_key(tmp_path / "keys" / "public.pem")


def _claims(**changes: object) -> dict[str, object]:
    now = utcnow()
    claims: dict[str, object] = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "tenant": "t", "role": "trader"}
    claims |= {"iat": now, "exp": now + HOUR}
    claims |= changes
    return {name: value for name, value in claims.items() if value is not None}


def test_keys_are_private_and_kept(tmp_path: Path):
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    make_keys(private, public)
    assert stat.S_IMODE(private.stat().st_mode) == stat.S_IMODE(public.stat().st_mode) == 0o600
    before = private.read_bytes()
    make_keys(private, public)
    assert private.read_bytes() == before


def test_a_token_names_its_bearer(keys):
    private, public = keys
    token = issue_token(private, tenant="acme", subject="ann", role=Role.RISK_MANAGER, lifetime=HOUR)
    assert verify_token(public, token) == Principal(tenant="acme", subject="ann", role=Role.RISK_MANAGER)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": None},
        {"iat": None},
        {"iss": None},
        {"aud": None},
        {"sub": None},
        {"tenant": None},
        {"role": None},
        {"exp": 1_000_000_000},
        {"iss": "somebody else"},
        {"aud": "another service"},
        {"role": "root"},
        {"tenant": ""},
        {"tenant": 7},
        {"tenant": "a\x00b"},
        {"sub": "trader\x1b[2J"},
        {"sub": "x" * 257},
    ],
    ids=str,
)
def test_a_token_with_wrong_claims_is_refused(keys, changes):
    private, public = keys
    with pytest.raises(TokenError):
        verify_token(public, jwt.encode(_claims(**changes), private, algorithm="EdDSA"))


def test_forged_tokens_are_refused(keys):
    private, public = keys
    good = issue_token(private, tenant="acme", subject="ann", role=Role.VIEWER, lifetime=HOUR)
    head, body, signature = good.split(".")
    claims = json.loads(urlsafe_b64decode(body + "=="))
    raised = urlsafe_b64encode(json.dumps({**claims, "role": "admin"}).encode()).decode().rstrip("=")
    none_head = urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    forged = [
        f"{head}.{raised}.{signature}",
        f"{none_head}.{raised}.",
        jwt.encode(_claims(), "secret-secret-secret-secret-secret", algorithm="HS256"),
        jwt.encode(_claims(), Ed25519PrivateKey.generate(), algorithm="EdDSA"),
        "",
        "a.b.c",
        good[:-4],
    ]
    for token in forged:
        with pytest.raises(TokenError):
            verify_token(public, token)


def _may(role: Role, permission: Permission) -> bool:
    try:
        Principal(tenant="t", subject="s", role=role).require(permission)
    except PermissionDeniedError:
        return False
    return True


def test_roles_grant_what_their_names_say():
    assert all(_may(role, Permission.READ) for role in Role)
    assert not _may(Role.VIEWER, Permission.SUBMIT)
    assert not _may(Role.AUDITOR, Permission.SUBMIT)
    assert _may(Role.AUDITOR, Permission.AUDIT)
    assert not _may(Role.TRADER, Permission.OPERATE)
    assert all(_may(Role.ADMIN, permission) for permission in Permission)


def test_a_refusal_names_the_roles_that_may():
    with pytest.raises(PermissionDeniedError, match="viewer") as caught:
        Principal(tenant="t", subject="s", role=Role.VIEWER).require(Permission.OPERATE)
    assert "operator" in caught.value.remedy
    assert "admin" in caught.value.remedy

"""Who is asking: EdDSA bearer tokens, principals, and what each role may do."""

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core.clock import utcnow
from core.errors import PermissionDeniedError, TokenError
from core.names import Permission, Role

ISSUER = "nautilus-collateral"
AUDIENCE = "nautilus-collateral-api"
DEFAULT_TENANT = "default"
_LONGEST = 256

_READ = frozenset({Permission.READ})
_TRADE = _READ | {Permission.SUBMIT}
_RISK = _TRADE | {Permission.MARKET, Permission.SCHEDULE, Permission.PROPOSE}
ROLE_GRANTS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _READ,
    Role.TRADER: _TRADE,
    Role.RISK_MANAGER: _RISK | {Permission.APPROVE},
    Role.OPERATOR: _RISK | {Permission.OPERATE},
    Role.AUDITOR: _READ | {Permission.AUDIT},
    Role.ADMIN: frozenset(Permission),
}


@dataclass(frozen=True, kw_only=True)
class Principal:
    """The bearer of a verified token: every row read or written is bound to its tenant."""

    tenant: str
    subject: str
    role: Role

    def require(self, permission: Permission) -> None:
        """Raise PermissionDeniedError unless the role grants the permission."""
        if permission not in ROLE_GRANTS[self.role]:
            able = ", ".join(role.value for role in Role if permission in ROLE_GRANTS[role])
            raise PermissionDeniedError(
                f"The role {self.role.value} may not {permission.value}.", remedy=f"Use a token of one of: {able}."
            )


def make_keys(private_path: Path, public_path: Path) -> None:
    """Write a new Ed25519 key pair, both files mode 0600; existing keys are kept."""
    if private_path.exists():
        return
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    private_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path, content in ((public_path, public), (private_path, private)):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)


def load_private_key(path: Path) -> Ed25519PrivateKey:
    """Read the signing key; only `collateral token` needs it."""
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TokenError(f"{path} holds no Ed25519 private key.")
    return key


def load_public_key(path: Path) -> Ed25519PublicKey:
    """Read the verifying key; all that the API needs."""
    key = serialization.load_pem_public_key(path.read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise TokenError(f"{path} holds no Ed25519 public key.")
    return key


def issue_token(key: Ed25519PrivateKey, *, tenant: str, subject: str, role: Role, lifetime: timedelta) -> str:
    """Return a signed bearer token for a tenant and a role, valid from now for `lifetime`."""
    now = utcnow()
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "tenant": tenant,
        "role": role.value,
        "iat": now,
        "exp": now + lifetime,
        "jti": uuid4().hex,
    }
    return jwt.encode(claims, key, algorithm="EdDSA")


def verify_token(key: Ed25519PublicKey, token: str) -> Principal:
    """Return the bearer of a token; raise TokenError whatever is wrong with it."""
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=["EdDSA"],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
        names = tenant, subject = claims["tenant"], claims["sub"]
        if not all(isinstance(name, str) and 0 < len(name) <= _LONGEST and name.isprintable() for name in names):
            raise TokenError
        return Principal(tenant=tenant, subject=subject, role=Role(claims["role"]))
    except jwt.ExpiredSignatureError as error:
        raise TokenError("The bearer token has expired.") from error
    except (jwt.PyJWTError, KeyError, ValueError, TypeError) as error:
        raise TokenError from error

import base64
import hashlib
import hmac
import json
import os
import time

from .config import settings

ITERATIONS = 20_000


def hash_password(password: str) -> str:
    salt = os.urandom(16)
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    return f"{salt.hex()}${digest.hex()}"


def verify_password(plain_password: str, hashed_password: str) -> bool:
    salt, digest = hashed_password.split("$")
    attempt = hashlib.pbkdf2_hmac("sha256", plain_password.encode(), bytes.fromhex(salt), ITERATIONS)
    return hmac.compare_digest(attempt.hex(), digest)


class InvalidToken(Exception):
    pass


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _sign(message: str) -> str:
    return _b64(hmac.new(settings.secret_key.encode(), message.encode(), "sha256").digest())


def encode(claims: dict) -> str:
    """A JWT (HS256); enough for us, no need for a library."""
    message = ".".join(
        _b64(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims)
    )
    return f"{message}.{_sign(message)}"


def decode(token: str) -> dict:
    message, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_sign(message), signature):
        raise InvalidToken("bad signature")
    claims = json.loads(_unb64(message.split(".")[1]))
    if claims["exp"] < time.time():
        raise InvalidToken("expired")
    return claims

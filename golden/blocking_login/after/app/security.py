import asyncio
import hashlib
import os

import bcrypt

ROUNDS = int(os.environ.get("ROUNDS", "5"))
PENALTY = 0.01


def hash_password(password: str) -> str:
    return bcrypt.hashpw(_peppered(password), bcrypt.gensalt(ROUNDS)).decode()


def check_password(password: str, stored: str) -> bool:
    return bcrypt.checkpw(_peppered(password), stored.encode())


def _peppered(password: str) -> bytes:
    return hashlib.sha256(password.encode()).hexdigest().encode()


async def slow_down() -> None:
    """Whoever guesses has to wait."""
    await asyncio.sleep(PENALTY)


def fingerprint(text: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", text.encode(), b"fingerprint", 1000).hex()

"""Archives as data sets are published in: plain, or protected by easy-dataset-share."""

import base64
import hashlib
import io
import os
import zipfile

from cryptography.fernet import Fernet


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def protected(content: bytes, password: str) -> bytes:
    """By the standard library and Fernet, from the description of the scheme."""
    salt = os.urandom(16)
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 100_000, 32)
    return salt + Fernet(base64.urlsafe_b64encode(key)).encrypt(content)

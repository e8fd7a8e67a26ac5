"""One file out of a zip archive, which may be protected.

The protection is that of easy-dataset-share, by which the field keeps its data sets from crawlers:
16 bytes of salt, then a Fernet token of the zip, under a key by PBKDF2. Its source:
https://github.com/Responsible-Dataset-Sharing/easy-dataset-share, version 0.5.0, `zipping.py`. It
wants a cryptography older than 42, so that this is the one part of it that we do ourselves. What it
calls canaries are files of their own in the archive, or a further key in a file's last row, and no
reader of ours asks for either.
"""

import base64
import io
import zipfile
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from mirrortest.errors import UserError, unknown

SALT_BYTES = 16
ITERATIONS = 100_000


def take(archive: Path, member: str, password: str | None, name: str) -> bytes:
    """The content of a member. Raises UserError for a wrong password or an unknown member."""
    content = archive.read_bytes()
    if password is not None:
        content = _decrypted(content, password, name)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            if member not in opened.namelist():
                raise unknown(f"{name}: member", member, opened.namelist())
            return opened.read(member)
    except zipfile.BadZipFile:
        raise UserError(
            f"{name}: what was fetched is no zip archive; if it is protected, state its `password`."
        ) from None


def _decrypted(content: bytes, password: str, name: str) -> bytes:
    derive = PBKDF2HMAC(SHA256(), length=32, salt=content[:SALT_BYTES], iterations=ITERATIONS)
    key = base64.urlsafe_b64encode(derive.derive(password.encode()))
    try:
        return Fernet(key).decrypt(content[SALT_BYTES:])
    except InvalidToken:
        raise UserError(
            f"{name}: the password does not open the archive; state the one that its authors "
            "publish, or none if it is a plain zip."
        ) from None

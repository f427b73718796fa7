"""Asks a camera which log-in it offers, where FFmpeg only says that it was refused.

FFmpeg answers Basic and Digest with MD5. It answers a camera that offers Digest with SHA-256
(RFC 7616) not at all, or takes that challenge for the last word when it follows the one with MD5.
"""

from __future__ import annotations

import re
import socket

_LIMIT = 16_384
_ALGORITHM = re.compile(rb'algorithm\s*=\s*"?([A-Za-z0-9-]+)', re.IGNORECASE)


def challenges_of(answer: bytes) -> list[bytes]:
    """Return the values of the WWW-Authenticate headers of an RTSP answer, in their order."""
    found = []
    for line in answer.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"www-authenticate":
            found.append(value.strip())
    return found


def ffmpeg_can_answer(challenges: list[bytes]) -> bool:
    """Say whether FFmpeg's HTTP authentication finds a challenge that it can answer.

    It keeps the strongest scheme and, within Digest, the parameters that came last
    (libavformat/httpauth.c).
    """
    digests = [value for value in challenges if value.lower().startswith(b"digest")]
    if digests:
        algorithm = _ALGORITHM.search(digests[-1])
        return algorithm is None or algorithm[1].lower() in (b"md5", b"md5-sess")
    return True


def refuses_every_scheme_we_speak(host: str, port: int, url: str, timeout_s: float) -> bool:
    """Ask once, without credentials, and read what the camera offers.

    False where it cannot be found out: the answer only makes an error clearer.
    """
    request = f"DESCRIBE {url} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n"
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as connection:
            connection.sendall(request.encode("utf-8", "replace"))
            answer = b""
            while b"\r\n\r\n" not in answer and len(answer) < _LIMIT:
                part = connection.recv(4096)
                if not part:
                    break
                answer += part
    except OSError:
        return False
    return not ffmpeg_can_answer(challenges_of(answer))

"""Fetches a model file over HTTPS, with a limit, into memory: nothing is half written anywhere."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import IO, Protocol

from camera_registry.base.errors import ConfigError, InvalidError, UnavailableError

_CHUNK = 1 << 18
_TIMEOUT_S = 30.0


class Opener(Protocol):
    """What opens a URL (``urllib.request.OpenerDirector``)."""

    def open(
        self, fullurl: str, data: None = None, timeout: float = ...
    ) -> http.client.HTTPResponse:
        """Return the open answer; raise OSError where there is none."""
        ...


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if not newurl.startswith("https://"):
            fp.close()
            raise urllib.error.URLError("it leads to an address without TLS")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def https_opener() -> Opener:
    """Return an opener that knows HTTPS only, through the proxy of the environment if it has one.

    There is no handler for http, ftp, file or data, wherever a redirection leads.
    """
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
        _OnlyHttps(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    opener.addheaders = [("User-Agent", "camhub")]
    return opener


def download(
    url: str,
    *,
    max_bytes: int,
    opener: Opener,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> bytes:
    """Return the file. ``progress`` gets bytes done and in all (0: not known) and may raise.

    Raises InvalidError for an address that is not HTTPS, ConfigError for a file that is larger than
    ``max_bytes``, UnavailableError where it cannot be fetched whole.
    """
    if not url.startswith("https://"):
        raise InvalidError("models are fetched over HTTPS only", code="model_url")
    parts: list[bytes] = []
    done = 0
    try:
        with opener.open(url, timeout=_TIMEOUT_S) as answer:
            total = _length(answer.headers.get("Content-Length"))
            if total > max_bytes:
                raise _too_large(max_bytes)
            while chunk := answer.read(_CHUNK):
                parts.append(chunk)
                done += len(chunk)
                if done > max_bytes:
                    raise _too_large(max_bytes)
                progress(done, total)
    except urllib.error.HTTPError as error:
        error.close()
        raise _unavailable(f"the server answers {error.code}") from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        raise _unavailable(str(reason)[:200]) from error
    if total and done != total:
        raise _unavailable(f"it broke off after {done} of {total} bytes")
    return b"".join(parts)


def _length(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0


def _too_large(max_bytes: int) -> ConfigError:
    return ConfigError(
        f"the model is larger than {max_bytes / 2**20:g} MiB",
        hint="it is not the file that the catalogue means",
        code="model_size",
    )


def _unavailable(why: str) -> UnavailableError:
    return UnavailableError(
        f"the model cannot be fetched: {why}",
        hint="try again, or fetch it elsewhere and use 'camhub models add'",
        code="model_download",
    )

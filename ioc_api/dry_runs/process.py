"""Runs the analysis of a dry run in a process of its own, and reads what it says.

The clip is a stranger's file: it is decoded where it can do no harm. The process bounds its own
memory, files and processor time, and ends when we let go of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog

from camera_registry.base.errors import CamhubError
from ioc_api.hosting.child import running

log = structlog.get_logger(__name__)

_LONGEST_LINE = 32 * 2**20


@dataclass(frozen=True, slots=True)
class ChildCommand:
    """How the child is started; the composition root knows its module."""

    module: str


async def run_child(
    command: ChildCommand,
    order: Mapping[str, Any],
    on_message: Callable[[dict[str, Any]], None],
    longest_s: float,
) -> None:
    """Run the child until it ends; each of its lines goes to ``on_message``.

    Raises CamhubError where it fails, takes too long or is killed by its own limits. Cancelling
    kills it.
    """
    async with running(command.module, order, longest_line=_LONGEST_LINE) as child:
        try:
            async with asyncio.timeout(longest_s):
                async for message in child.messages():
                    on_message(message)
                status = await child.end()
        except TimeoutError:
            raise CamhubError(
                f"the dry run took more than {longest_s:.0f} s",
                hint="take a shorter clip",
                code="dry_run_too_long",
            ) from None
        except (ValueError, msgspec.DecodeError, ConnectionError) as error:
            raise CamhubError(
                "the dry run said what cannot be read", code="dry_run_crashed"
            ) from error
    if status != 0:
        log.warning("dry_run_crashed", status=status, said=child.said)
        raise CamhubError(
            "the clip could not be worked through: the analysis ended in the middle of it",
            hint="the file may be damaged, or need too much memory",
            code="dry_run_crashed",
        )

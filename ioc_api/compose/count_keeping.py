"""What the rules of one camera counted, on its way to the spool."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from analytics.series import CountBatch, CountRecord, encode_counts
from camera_registry import subjects
from camera_registry.base.clock import Clock
from camera_registry.base.errors import StorageError
from camera_registry.base.ids import new_id
from ingest.spool import Spool

log = structlog.get_logger(__name__)


class CountKeeping:
    """Puts closed minutes into the spool, and keeps the open one beside them.

    The open minute has the id of the batch that will be its end: whichever of the two is sent, or
    both, the recorder writes them once. A worker that is killed loses what it counted in the last
    seconds and no more. Called by one thread at a time, that of the camera's analysis.
    """

    def __init__(self, spool: Spool, camera_id: str, clock: Clock) -> None:
        self._spool = spool
        self._camera_id = camera_id
        self._clock = clock
        self._id: str | None = None
        self._failing = False

    def closed(self, records: Sequence[CountRecord]) -> None:
        """Put minutes that are over into the spool; they are the end of what was kept open."""
        ident, self._id = self._id or new_id(self._clock.utc_us()), None
        try:
            self._spool.put(ident, *self._message(ident, records))
        except StorageError as error:
            log.error("counts_lost", camera=self._camera_id, reason=str(error))

    def open(self, records: Sequence[CountRecord]) -> None:
        """Keep all that was counted in minutes that are not over, in case that we are killed."""
        self._id = self._id or new_id(self._clock.utc_us())
        try:
            self._spool.keep_open(self._id, *self._message(self._id, records))
        except StorageError as error:
            if not self._failing:
                log.warning("open_counts_not_kept", camera=self._camera_id, reason=str(error))
            self._failing = True
        else:
            self._failing = False

    def _message(self, ident: str, records: Sequence[CountRecord]) -> tuple[str, bytes]:
        batch = CountBatch(ident, self._camera_id, tuple(records))
        return subjects.count(self._camera_id), encode_counts(batch)

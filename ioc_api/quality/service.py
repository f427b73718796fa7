"""The parts that keep quality, as the routes and the composition root hold them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ioc_api.quality.desk import QualityDesk
from ioc_api.quality.keeper import QualityKeeper
from ioc_api.quality.measuring import Measuring
from ioc_api.quality.uses import UseCounter


@dataclass(frozen=True, slots=True)
class QualityService:
    """``desk`` scores, ``keeper`` does so daily, ``uses`` counts, ``measuring`` follows probes."""

    desk: QualityDesk
    keeper: QualityKeeper
    uses: UseCounter
    measuring: Measuring

    async def run(self) -> None:
        """Keep quality for ever."""
        async with asyncio.TaskGroup() as group:
            for each in (self.keeper, self.uses, self.measuring):
                group.create_task(each.run())

"""Joins the two fields of an interlaced H.264 picture, which FFmpeg's parser gives out apart.

What follows takes an access unit for a picture: a keyframe decoded by itself, the gate that goes by
sizes, a clip that begins with one. Half a picture is none of these.
"""

from __future__ import annotations

from ingest.bitstream.access_unit import AccessUnit
from ingest.bitstream.parameter_sets import Field, PictureFormat, field_of


class FieldPairs:
    """Holds a first field back until its second one is there; whole pictures pass."""

    def __init__(self) -> None:
        self._waiting: tuple[AccessUnit, Field] | None = None

    @property
    def waiting(self) -> bool:
        """Whether a field is held back."""
        return self._waiting is not None

    def join(self, unit: AccessUnit, shape: PictureFormat) -> list[AccessUnit]:
        """Take the next unit of a stream of this ``shape`` and return what is whole by now.

        A field that found no partner is passed on, as a keyframe only if it is IDR: a viewer may
        come between the fields of a picture, and FFmpeg takes a second field of its own slices for
        a keyframe, which shows every other row of nothing.
        """
        found = field_of(unit.data, shape)
        waiting, self._waiting = self._waiting, None
        alone = [_by_itself(*waiting)] if waiting else []
        if found is None:
            return [*alone, unit]
        if waiting and _belong_together(waiting[1], found):
            # a second field that FFmpeg takes for a keyframe has been given parameter sets too
            second = unit.data.removeprefix(unit.info.extradata)
            return [waiting[0]._replace(data=waiting[0].data + second)]
        self._waiting = (unit, found)
        return alone


def _by_itself(unit: AccessUnit, field: Field) -> AccessUnit:
    return unit if field.idr else unit._replace(keyframe=False)


def _belong_together(first: Field, second: Field) -> bool:
    """Opposite fields of one frame number; of an IDR picture only the first field is IDR."""
    return first.frame_num == second.frame_num and first.bottom != second.bottom and not second.idr

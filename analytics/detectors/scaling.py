"""A model's input straight from the decoder's planes: one scaling, one pass over the pixels."""

from __future__ import annotations

import threading
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from analytics.model.letterbox import Placement, place
from analytics.model.manifest import ImageSpec

Tensor = NDArray[Any]


class Picture(Protocol):
    """A decoded frame as the scaling needs it (``ingest.decoder.DecodedFrame``)."""

    @property
    def width(self) -> int:
        """Pixels of the camera's picture."""
        ...

    @property
    def height(self) -> int:
        """Pixels of the camera's picture."""
        ...

    def rgb_planes(self, width: int, height: int) -> tuple[NDArray[np.uint8], ...]:
        """Red, green, blue, each scaled to (height, width)."""
        ...


class InputMaker:
    """Makes the input of one model. Callable from several threads; each has a buffer of its own.

    What a thread gets is overwritten by its next call: it has to be used up before.
    """

    def __init__(self, spec: ImageSpec, dtype: str) -> None:
        self._spec = spec
        self._dtype = np.dtype(dtype)
        order = 1 if spec.colours == "rgb" else -1
        self._order = slice(None, None, order)
        self._gains = [spec.scale / std for std in spec.std]
        self._shifts = [-mean / std for mean, std in zip(spec.mean, spec.std, strict=True)]
        self._plain = all(g == 1 for g in self._gains) and not any(self._shifts)
        self._local = threading.local()

    def __call__(self, picture: Picture) -> tuple[Tensor, Placement]:
        """Return the input, (1, 3, height, width) or (1, height, width, 3), and the placement."""
        spec = self._spec
        where = place((picture.width, picture.height), spec.size, spec.resize, spec.anchor)
        canvas = self._canvas(where)
        rows = slice(where.y, where.y + where.height)
        columns = slice(where.x, where.x + where.width)
        planes = picture.rgb_planes(where.width, where.height)[self._order]
        for channel, plane in enumerate(planes):
            self._fill(self._channel(canvas, channel)[rows, columns], plane, channel)
        return canvas, where

    def _fill(self, target: Tensor, plane: NDArray[np.uint8], channel: int) -> None:
        if self._plain:
            target[...] = plane
            return
        np.multiply(plane, self._dtype.type(self._gains[channel]), out=target)
        if self._shifts[channel]:
            target += self._dtype.type(self._shifts[channel])

    def _channel(self, canvas: Tensor, channel: int) -> Tensor:
        view: Tensor = (
            canvas[0, channel] if self._spec.layout == "NCHW" else canvas[0, :, :, channel]
        )
        return view

    def _canvas(self, where: Placement) -> Tensor:
        """The thread's buffer; its padding is painted anew only when the placement changes."""
        held: tuple[Placement, Tensor] | None = getattr(self._local, "held", None)
        if held is not None and held[0] == where:
            return held[1]
        width, height = self._spec.size
        shape = (1, 3, height, width) if self._spec.layout == "NCHW" else (1, height, width, 3)
        canvas: Tensor = np.empty(shape, self._dtype) if held is None else held[1]
        pad = np.full((1, 1), self._spec.pad, np.uint8)
        for channel in range(3):
            target = self._channel(canvas, channel)
            self._fill(target, np.broadcast_to(pad, target.shape), channel)
        self._local.held = (where, canvas)
        return canvas

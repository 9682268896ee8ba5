"""Where the panels of a picture are, in pixels.

Places are computed from constants: to measure all texts first took half of the time of a picture.
"""

from dataclasses import dataclass
from typing import Self

from app.pictures.content import Heat, Picture

PANEL_PX, TITLE_PX = 260, 32
#: Room around the axes of a panel: for the ticks and labels, and for the title above.
LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 72, 20, 26, 44
#: Room for the colours of a heat map, and how far from the axes and how wide they are.
BAR_ROOM_PX, BAR_GAP_PX, BAR_PX = 72, 10, 12

#: Left, bottom, width and height as shares of the picture.
Rectangle = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The size of a picture; all panels have axes of the same width, so that steps align."""

    width_px: int
    num_panels: int
    has_bar: bool

    @classmethod
    def of(cls, picture: Picture) -> Self:
        return cls(
            width_px=picture.width,
            num_panels=max(1, len(picture.panels)),
            has_bar=any(isinstance(panel, Heat) for panel in picture.panels),
        )

    @property
    def height_px(self) -> int:
        return PANEL_PX * self.num_panels + TITLE_PX

    def size_of_axes(self) -> tuple[int, int]:
        """Returns the width and the height of a panel's axes in pixels."""
        right_px = BAR_ROOM_PX if self.has_bar else RIGHT_PX
        return self.width_px - LEFT_PX - right_px, PANEL_PX - TOP_PX - BOTTOM_PX

    def place(self, row: int) -> Rectangle:
        """Returns where the axes of a panel are."""
        width_px, _ = self.size_of_axes()
        return self._rectangle(row, left_px=LEFT_PX, width_px=width_px)

    def bar_place(self, row: int) -> Rectangle:
        """Returns where the colours of a heat map are."""
        width_px, _ = self.size_of_axes()
        return self._rectangle(row, left_px=LEFT_PX + width_px + BAR_GAP_PX, width_px=BAR_PX)

    def _rectangle(self, row: int, *, left_px: int, width_px: int) -> Rectangle:
        _, tall_px = self.size_of_axes()
        bottom_px = PANEL_PX * (self.num_panels - 1 - row) + BOTTOM_PX
        return (
            left_px / self.width_px,
            bottom_px / self.height_px,
            width_px / self.width_px,
            tall_px / self.height_px,
        )

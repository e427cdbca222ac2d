"""The share of late departures over the day, as an SVG picture: one panel an airport."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from xml.etree import ElementTree as ET

from delays import HourSummary, Study

PANEL_WIDTH, PANEL_HEIGHT, PANEL_GAP = 280, 260, 28
LEFT, TOP, RIGHT, BOTTOM = 64, 122, 24, 104
TICK_HOURS = 3
TICK_SHARE = 0.1
AIRPORTS = {"EWR": "Newark (EWR)", "JFK": "Kennedy (JFK)", "LGA": "LaGuardia (LGA)"}
TITLE = "Late departures over the hours of the day"
NOTE = (
    "Bands: 95% confidence, each day one sample. Grey: the other airports. Cancelled flights are not counted."
)
SOURCE = "Data: US Bureau of Transportation Statistics."
INK, FAINT_INK, GREY, GRID = "#1b1f24", "#5b6470", "#c3c8ce", "#e6e9ed"
COLOURS = ("#0072b2", "#d55e00", "#00805f")  # colour-blind readers can tell these apart
CONFIDENCE_95 = 1.96  # standard errors to each side


@dataclass(frozen=True)
class Scale:
    """Turns hours of the day and shares into positions inside a panel; shares start at zero."""

    first_hour: int
    last_hour: int
    top_share: float

    def x(self, hour: float) -> float:
        """Return the distance from the left edge of the panel."""
        return round(PANEL_WIDTH * (hour - self.first_hour) / (self.last_hour - self.first_hour), 1)

    def y(self, share: float) -> float:
        """Return the distance from the top edge of the panel; a share off the scale stops at its end."""
        return round(PANEL_HEIGHT * (1 - min(max(share / self.top_share, 0.0), 1.0)), 1)

    def x_middle(self, row: HourSummary) -> float:
        """Return the position of the middle of an hour: its flights leave all through it."""
        return self.x(row.hour + 0.5)


def draw_delays(summaries: Sequence[HourSummary], study: Study) -> str:
    """Return an SVG document with a panel for each airport of `summaries`, in their order.

    All panels have the same scales; the other airports stand in grey behind the one that a panel shows.

    Raises:
        ValueError: There is nothing to draw.
    """
    if not summaries:
        raise ValueError("there is no hour to draw")
    airports = {code: list(rows) for code, rows in groupby(summaries, key=lambda row: row.airport)}
    scale = _scale_for(summaries)
    picture = _start_picture(panels=len(airports))
    _draw_heading(picture, study)
    for number, (code, rows) in enumerate(airports.items()):
        left = LEFT + number * (PANEL_WIDTH + PANEL_GAP)
        panel = _add(picture, "g", transform=f"translate({left} {TOP})")
        _draw_share_axis(panel, scale, has_labels=number == 0)
        _draw_hour_axis(panel, scale)
        for other in airports.values():
            _draw_line(panel, other, scale, stroke=GREY, stroke_width=1.2)
        colour = COLOURS[number % len(COLOURS)]
        _draw_band(panel, rows, scale, colour)
        _draw_line(panel, rows, scale, stroke=colour, stroke_width=2.5)
        _draw_dots(panel, rows, scale, colour)
        _write(panel, AIRPORTS.get(code, code), x=0, y=-14, fill=colour, font_size=16, font_weight="bold")
    _draw_notes(picture)
    ET.indent(picture)
    return ET.tostring(picture, encoding="unicode") + "\n"


def _scale_for(summaries: Sequence[HourSummary]) -> Scale:
    hours = [row.hour for row in summaries]
    top = max(row.late_share for row in summaries)
    return Scale(
        first_hour=min(hours) // TICK_HOURS * TICK_HOURS,
        last_hour=max(hours) // TICK_HOURS * TICK_HOURS + TICK_HOURS,
        top_share=min(TICK_SHARE * (math.floor(top / TICK_SHARE) + 1), 1.0),
    )


def _start_picture(panels: int) -> ET.Element:
    width = LEFT + panels * (PANEL_WIDTH + PANEL_GAP) - PANEL_GAP + RIGHT
    height = TOP + PANEL_HEIGHT + BOTTOM
    picture = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {width} {height}"})
    picture.set("font-family", "Helvetica, Arial, 'DejaVu Sans', sans-serif")
    _add(picture, "rect", width=width, height=height, fill="white")
    return picture


def _draw_heading(picture: ET.Element, study: Study) -> None:
    measure = f"Share of departures that left {study.late_after_minutes} minutes or more behind schedule"
    flights = f"{study.flights:,} scheduled flights, {study.first_day} to {study.last_day}"
    _write(picture, TITLE, x=LEFT, y=36, fill=INK, font_size=20, font_weight="bold")
    _write(picture, measure, x=LEFT, y=60, fill=INK, font_size=14)
    _label(picture, flights, x=LEFT, y=80)


def _draw_share_axis(panel: ET.Element, scale: Scale, *, has_labels: bool) -> None:
    for step in range(round(scale.top_share / TICK_SHARE) + 1):
        y = scale.y(step * TICK_SHARE)
        _add(panel, "line", x1=0, x2=PANEL_WIDTH, y1=y, y2=y, stroke=GRID if step else INK)
        if has_labels:
            _label(panel, f"{step * TICK_SHARE:.0%}", x=-10, y=y + 4, text_anchor="end")


def _draw_hour_axis(panel: ET.Element, scale: Scale) -> None:
    for hour in range(scale.first_hour, scale.last_hour + 1, TICK_HOURS):
        x = scale.x(hour)
        _add(panel, "line", x1=x, x2=x, y1=PANEL_HEIGHT, y2=PANEL_HEIGHT + 5, stroke=INK)
        _label(panel, str(hour), x=x, y=PANEL_HEIGHT + 20, text_anchor="middle")
    _label(panel, "scheduled hour", x=PANEL_WIDTH / 2, y=PANEL_HEIGHT + 40, text_anchor="middle")


def _draw_line(panel: ET.Element, rows: Sequence[HourSummary], scale: Scale, **style: object) -> None:
    points = [(scale.x_middle(row), scale.y(row.late_share)) for row in rows]
    _add(panel, "polyline", points=_join(points), fill="none", stroke_linejoin="round", **style)


def _draw_band(panel: ET.Element, rows: Sequence[HourSummary], scale: Scale, colour: str) -> None:
    upper = [
        (scale.x_middle(row), scale.y(row.late_share + CONFIDENCE_95 * row.late_share_error)) for row in rows
    ]
    lower = [
        (scale.x_middle(row), scale.y(row.late_share - CONFIDENCE_95 * row.late_share_error)) for row in rows
    ]
    _add(panel, "polygon", points=_join(upper + lower[::-1]), fill=colour, fill_opacity=0.18)


def _draw_dots(panel: ET.Element, rows: Sequence[HourSummary], scale: Scale, colour: str) -> None:
    for row in rows:
        _add(panel, "circle", cx=scale.x_middle(row), cy=scale.y(row.late_share), r=3, fill=colour)


def _draw_notes(picture: ET.Element) -> None:
    y = TOP + PANEL_HEIGHT + 70
    _label(picture, NOTE, x=LEFT, y=y)
    _label(picture, SOURCE, x=LEFT, y=y + 18)


def _join(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def _label(parent: ET.Element, text: str, **attributes: object) -> None:
    _write(parent, text, fill=FAINT_INK, font_size=12, **attributes)


def _write(parent: ET.Element, text: str, **attributes: object) -> None:
    _add(parent, "text", **attributes).text = text


def _add(parent: ET.Element, tag: str, **attributes: object) -> ET.Element:
    """Append an element; `font_size=12` becomes the attribute `font-size="12"`."""
    return ET.SubElement(
        parent, tag, {name.replace("_", "-"): str(value) for name, value in attributes.items()}
    )

"""The analysis of the flight delays, against figures worked out by hand."""

import math
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from delay_plot import draw_delays
from delays import (
    Flight,
    HourSummary,
    Study,
    late_share_between,
    share_error,
    summarize_hours,
    to_csv,
    to_markdown,
)
from flight_log import FlightLog

SVG = "{http://www.w3.org/2000/svg}"
HEADER = "date,airport,scheduled,delay_minutes\n"
STUDY = Study("2013-06-01", "2013-08-31", 86_995, 15)


def flights(airport, hour, delays_by_day):
    return [Flight(day, airport, hour, delay) for day, delays in delays_by_day.items() for delay in delays]


def summary(airport, hour, departed, late, error=0.0):
    return HourSummary(airport, hour, departed, 0, late, error, 0, 0)


def log_of(tmp_path, text):
    path = tmp_path / "flights.csv"
    path.write_text(text)
    return FlightLog(path)


def test_an_hour_is_summarized():
    """Counts, shares and percentiles of an hour are those of a calculation by hand."""
    group = flights("EWR", 9, {"2013-06-01": [-5, 0, 15, None], "2013-06-02": [14, 60]})
    assert summarize_hours(group, late_after_minutes=15) == [
        HourSummary(
            airport="EWR",
            hour=9,
            flights=6,
            cancelled=1,
            late=2,
            late_share_error=pytest.approx(0.08),  # residuals 1 - 0.4·3 and 1 - 0.4·2: √(0.08 · 2/1) / 5
            median_delay=14,
            p90_delay=60,
        )
    ]


def test_late_begins_at_the_given_minute():
    """A flight exactly as late as the limit is late; one a minute earlier is not."""
    group = flights("EWR", 9, {"2013-06-01": [29], "2013-06-02": [30]})
    assert [hour.late for hour in summarize_hours(group, late_after_minutes=30)] == [1]
    assert [hour.late for hour in summarize_hours(group, late_after_minutes=31)] == [0]


def test_nine_of_ten_departures_lie_at_or_below_the_90th_percentile():
    """Of ten departures it is the ninth, of eleven the tenth."""
    ten = flights("EWR", 9, {"2013-06-01": range(1, 11)})
    eleven = flights("EWR", 9, {"2013-06-01": range(1, 12)})
    assert summarize_hours(ten, 15)[0].p90_delay == 9
    assert summarize_hours(eleven, 15)[0].p90_delay == 10


def test_hours_come_in_order_and_only_where_something_left():
    """Summaries are ordered by airport and hour; an hour of which every flight was cancelled has none."""
    mixed = [
        Flight("2013-06-01", "LGA", 7, 0),
        Flight("2013-06-01", "EWR", 20, 0),
        Flight("2013-06-01", "EWR", 1, None),
        Flight("2013-06-01", "EWR", 6, 0),
    ]
    assert [(hour.airport, hour.hour) for hour in summarize_hours(mixed, 15)] == [
        ("EWR", 6),
        ("EWR", 20),
        ("LGA", 7),
    ]


def test_the_error_of_a_share_comes_from_the_spread_between_days():
    """Days that agree leave no error, days that differ do, and a single day tells nothing."""
    assert share_error([(1, 2), (1, 2), (2, 4)]) == 0
    assert share_error([(0, 10), (10, 10)]) == pytest.approx(0.5)  # √(2 · 5² · 2/1) / 20
    assert share_error([(3, 10)]) == math.inf


def test_a_share_over_hours_weighs_every_flight_alike():
    """The share over several hours is that of all their flights, the bounds included."""
    hours = [
        summary("EWR", 5, 10, 10),
        summary("EWR", 6, 90, 0),
        summary("JFK", 8, 100, 10),
        summary("EWR", 9, 5, 5),
    ]
    assert late_share_between(hours, 5, 8) == 0.1


def test_hours_without_flights_have_no_share():
    """A share of nothing is an error that names the hours."""
    with pytest.raises(ValueError, match=r"no flight left between 05:00 and 08:59"):
        late_share_between([summary("EWR", 9, 5, 5)], 5, 8)


def test_the_csv_table_has_a_line_for_each_hour():
    """Shares are percentages with one decimal, and whole medians have none."""
    rows = [
        HourSummary("EWR", 5, 278, 0, 25, 0.0163, -2.0, 14),
        HourSummary("LGA", 5, 78, 0, 6, 0.0296, -2.5, 6),
    ]
    assert to_csv(rows) == (
        "airport,hour,flights,cancelled,late,late_percent,late_percent_error,median_delay_minutes,p90_delay_minutes\n"
        "EWR,5,278,0,25,9.0,1.6,-2,14\n"
        "LGA,5,78,0,6,7.7,3.0,-2.5,6\n"
    )


def test_the_markdown_table_has_a_column_for_each_airport():
    """A cell is empty where an airport has no figure for an hour."""
    rows = [summary("EWR", 5, 10, 1), summary("EWR", 21, 10, 5), summary("JFK", 5, 4, 1)]
    assert to_markdown(rows) == (
        "| hour | EWR | JFK |\n| ---: | ---: | ---: |\n| 05 | 10 | 25 |\n| 21 | 50 |  |"
    )


def test_the_log_answers_from_the_file(tmp_path):
    """Count, period, airports and flights are those of the file; an empty delay is a cancelled flight."""
    text = f"{HEADER}2013-06-02,JFK,23:59,\n2013-06-01,EWR,05:15,-2\n2013-06-03,JFK,00:00,7\n"
    with log_of(tmp_path, text) as log:
        assert log.count() == 3
        assert log.period() == ("2013-06-01", "2013-06-03")
        assert log.airports() == ["EWR", "JFK"]
        assert log.flights_from("JFK") == [
            Flight("2013-06-02", "JFK", 23, None),
            Flight("2013-06-03", "JFK", 0, 7),
        ]


def test_an_airport_that_is_not_in_the_log_is_an_error(tmp_path):
    """The error names the airports that are there."""
    with (
        log_of(tmp_path, f"{HEADER}2013-06-01,EWR,05:15,-2\n") as log,
        pytest.raises(ValueError, match=r"no flight from BOS in the log: it holds EWR"),
    ):
        log.flights_from("BOS")


def test_a_file_without_flights_is_an_error(tmp_path):
    """A header alone is no log."""
    with pytest.raises(ValueError, match=r"flights\.csv: there are no flights in this file"):
        log_of(tmp_path, HEADER)


def test_a_file_with_other_columns_is_an_error(tmp_path):
    """The error names the file and the columns that it must have."""
    with pytest.raises(
        ValueError, match=r"flights\.csv: the first line must be date,airport,scheduled,delay_minutes"
    ):
        log_of(tmp_path, "day,airport\n")


@pytest.mark.parametrize(
    "line",
    [
        "2013-06-31,EWR,05:15,-2",
        "2013-06-01,EWR,25:15,-2",
        "2013-06-01,EWR,05:15,late",
        "2013-06-01,EWR,05:15",
        "2013-06-01,EWR,05:15,2,3",
    ],
)
def test_a_line_that_cannot_be_read_is_an_error_with_its_number(tmp_path, line):
    """A date or time that does not exist, a delay that is no number and a wrong number of fields are found by line."""
    with pytest.raises(
        ValueError, match=r"flights\.csv:3: expected date,airport,scheduled,delay_minutes, such as"
    ):
        log_of(tmp_path, f"{HEADER}2013-06-01,EWR,05:15,-2\n{line}\n")


def test_a_plot_has_a_panel_for_each_airport():
    """Each panel is named, and has a dot for each hour at the height of its share."""
    rows = [
        summary("EWR", 6, 100, 10, 0.02),
        summary("EWR", 7, 100, 20, 0.02),
        summary("XYZ", 6, 100, 40, 0.02),
    ]
    picture = ET.fromstring(draw_delays(rows, STUDY))
    panels = picture.findall(f"{SVG}g")
    assert [panel.findall(f"{SVG}text")[-1].text for panel in panels] == ["Newark (EWR)", "XYZ"]
    heights = [[float(dot.get("cy")) for dot in panel.iter(f"{SVG}circle")] for panel in panels]
    assert heights == [[208.0, 156.0], [52.0]]  # of 260 for the 50% that the scale ends with


def test_a_plot_says_what_it_shows():
    """The measure, the number of flights and the period stand in the picture."""
    texts = [
        text.text for text in ET.fromstring(draw_delays([summary("EWR", 6, 9, 3)], STUDY)).iter(f"{SVG}text")
    ]
    assert "Share of departures that left 15 minutes or more behind schedule" in texts
    assert "86,995 scheduled flights, 2013-06-01 to 2013-08-31" in texts


def test_a_plot_of_nothing_is_an_error():
    """Without an hour there is no scale."""
    with pytest.raises(ValueError, match=r"there is no hour to draw"):
        draw_delays([], STUDY)


def test_the_shipped_data_is_what_its_note_says():
    """The number of flights, the airports and the period are those of DATA.md."""
    folder = Path(__file__).parents[2] / "examples" / "flight_delays"
    with FlightLog(folder / "data" / "flights_summer_2013.csv") as log:
        assert log.count() == 86_995
        assert log.period() == ("2013-06-01", "2013-08-31")
        assert log.airports() == ["EWR", "JFK", "LGA"]
        assert "86,995 flights" in (folder / "DATA.md").read_text()

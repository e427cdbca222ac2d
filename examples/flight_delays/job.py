"""When should one fly from New York? A table and a plot of how many flights leave late, by airport and hour.

    runrack run examples/flight_delays/job.py -c examples/flight_delays/run.yaml

The analysis lies in the modules beside this one, which know nothing of runrack. This file says which steps there are, what
feeds what, what can be configured, and what a run leaves behind.
"""

from collections.abc import Iterator
from pathlib import Path

from delay_plot import draw_delays
from delays import HourSummary, Study, late_share_between, summarize_hours, to_csv, to_markdown
from flight_log import FlightLog

from runrack import (
    AssetMaterialization,
    Field,
    FileHandle,
    InitResourceContext,
    MetadataValue,
    job,
    op,
    resource,
)
from runrack.engine import OpExecutionContext
from runrack_local import local_file_manager

HERE = Path(__file__).parent
MORNING = (5, 8)  # first and last scheduled hour
EVENING = (18, 21)


@resource(
    config_schema={
        "path": Field(str, "data/flights_summer_2013.csv", description="CSV file; relative to this folder")
    }
)
def flight_log(context: InitResourceContext) -> Iterator[FlightLog]:
    """The flights, open for questions while the run lasts."""
    with FlightLog(HERE / context.resource_config["path"]) as log:
        yield log


@op(
    config_schema={
        "late_after_minutes": Field(int, 15, description="A departure this far behind its schedule is late")
    },
    required_resource_keys={"flight_log"},
)
def define_study(context: OpExecutionContext) -> Study:
    """Say which flights are looked at, and what counts as late."""
    log: FlightLog = context.resources.flight_log
    first_day, last_day = log.period()
    study = Study(first_day, last_day, log.count(), context.op_config["late_after_minutes"])
    context.log.info(f"{study.flights:,} flights from {', '.join(log.airports())}, {first_day} to {last_day}")
    return study


@op(required_resource_keys={"flight_log"})
def summarize_airport(context: OpExecutionContext, airport: str, study: Study) -> list[HourSummary]:
    """Summarize the flights of one airport, hour by hour."""
    flights = context.resources.flight_log.flights_from(airport)
    hours = summarize_hours(flights, study.late_after_minutes)
    context.log.info(f"{airport}: {len(flights):,} flights in {len(hours)} hours of the day")
    return hours


@op(
    config_schema={
        "min_departures": Field(
            int, 50, description="Hours with fewer departures say too little and are left out"
        )
    }
)
def compare_airports(
    context: OpExecutionContext, airports: list[list[HourSummary]], study: Study
) -> list[HourSummary]:
    """Bring the airports together, without the hours in which hardly anything leaves."""
    least = context.op_config["min_departures"]
    hours = [hour for airport in airports for hour in airport if hour.departed >= least]
    if not hours:
        raise ValueError("no hour has as many departures as min_departures asks for: lower it")
    left_out = study.flights - sum(hour.flights for hour in hours)
    context.log.info(
        f"{len(hours)} hours of {len(airports)} airports; flights left out with rare hours: {left_out}"
    )
    return hours


@op(required_resource_keys={"file_manager"})
def write_table(context: OpExecutionContext, hours: list[HourSummary]) -> FileHandle:
    """Write all figures as a CSV file."""
    table: FileHandle = context.resources.file_manager.write_data(to_csv(hours).encode(), ext="csv")
    context.log_event(
        AssetMaterialization(
            asset_key=["flight_delays", "table"],
            description="Late departures by airport and scheduled hour",
            metadata={
                "path": MetadataValue.path(table.path_desc),
                "rows": len(hours),
                "late_percent": MetadataValue.md(to_markdown(hours)),
            },
        )
    )
    return table


@op(required_resource_keys={"file_manager"})
def draw_plot(context: OpExecutionContext, hours: list[HourSummary], study: Study) -> FileHandle:
    """Draw the share of late departures over the day, a panel an airport."""
    plot: FileHandle = context.resources.file_manager.write_data(
        draw_delays(hours, study).encode(), ext="svg"
    )
    context.log_event(
        AssetMaterialization(
            asset_key=["flight_delays", "plot"],
            description="Late departures over the day",
            metadata={
                "path": MetadataValue.path(plot.path_desc),
                "late_percent_morning": round(100 * late_share_between(hours, *MORNING), 1),
                "late_percent_evening": round(100 * late_share_between(hours, *EVENING), 1),
            },
        )
    )
    return plot


@op(
    config_schema={
        "output_dir": Field(str, "report", description="Folder of the report; relative to this folder")
    },
    required_resource_keys={"file_manager"},
)
def publish_report(
    context: OpExecutionContext, table: FileHandle, plot: FileHandle, hours: list[HourSummary]
) -> str:
    """Put the newest table and plot where a person finds them, and say what they show."""
    folder = HERE / context.op_config["output_dir"]
    folder.mkdir(parents=True, exist_ok=True)
    files = {"late_departures.csv": table, "late_departures.svg": plot}
    for name, handle in files.items():
        (folder / name).write_bytes(context.resources.file_manager.read_data(handle))
        context.log.info(f"written: {folder / name}")
    morning, evening = late_share_between(hours, *MORNING), late_share_between(hours, *EVENING)
    answer = f"fly early: {morning:.0%} of the morning's flights leave late, {evening:.0%} of the evening's"
    context.log.info(answer)
    return answer


@job(
    resource_defs={"flight_log": flight_log, "file_manager": local_file_manager},
    tags={"topic": "flight_delays"},
    description="How many flights leave New York late, by airport and scheduled hour",
)
def flight_delays() -> None:
    """Fan out to a step an airport, and come together again for one table and one plot."""
    study = define_study()
    airports = [
        summarize_airport.alias("newark")("EWR", study),
        summarize_airport.alias("kennedy")("JFK", study),
        summarize_airport.alias("laguardia")("LGA", study),
    ]
    hours = compare_airports(airports, study)
    publish_report(write_table(hours), draw_plot(hours, study), hours)

"""The job on the flight delays, run as a user runs it."""

import csv
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from ruamel.yaml import YAML

from runrack import AssetKey, Instance
from runrack.definitions.loader import load_module
from runrack.errors import ConfigError

FOLDER = Path(__file__).parents[2] / "examples" / "flight_delays"


@pytest.fixture(scope="module")
def flight_delays():
    return load_module(str(FOLDER / "job.py")).flight_delays


@pytest.fixture(scope="module")
def instance():
    with Instance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def result(flight_delays, instance, report):
    run_config = YAML(typ="safe", pure=True).load(FOLDER / "run.yaml")
    run_config["ops"]["publish_report"]["config"]["output_dir"] = str(report)
    return flight_delays.execute_in_process(run_config=run_config, instance=instance)


def latest_metadata(instance, name):
    event = instance.get_latest_materialization_event(AssetKey(["flight_delays", name]))
    return {label: entry.value for label, entry in event.asset_materialization.metadata.items()}


def test_the_job_answers_its_question(result):
    """The run succeeds, and its answer is that of the shipped data."""
    assert result.success
    assert result.output_for_node("publish_report") == (
        "fly early: 10% of the morning's flights leave late, 46% of the evening's"
    )


def test_the_table_holds_every_hour_with_its_figures(result, report):
    """The table has 54 hours of three airports, and figures that were counted independently from the source of the data."""
    rows = list(csv.DictReader((report / "late_departures.csv").read_text().splitlines()))
    hours = {(row["airport"], row["hour"]): list(row.values())[2:] for row in rows}
    assert len(rows) == len(hours) == 54
    assert sum(int(row["flights"]) for row in rows) == 86_994  # one cancelled flight was alone in its hour
    assert hours["EWR", "6"] == ["2975", "36", "310", "10.5", "0.7", "-2", "16"]
    assert hours["JFK", "21"] == ["1311", "21", "674", "52.2", "3.1", "17", "118"]
    assert hours["LGA", "22"] == ["110", "22", "42", "47.7", "6.0", "8", "96"]


def test_the_plot_is_a_picture_of_three_airports(result, report):
    """The published plot is well-formed and has a panel for each airport."""
    picture = ET.parse(report / "late_departures.svg").getroot()
    assert len(picture.findall("{http://www.w3.org/2000/svg}g")) == 3


def test_the_airports_are_steps_of_their_own(result):
    """One op runs three times under names of its own, and each run reads one airport."""
    airports = {
        name: {hour.airport for hour in result.output_for_node(name)}
        for name in ("newark", "kennedy", "laguardia")
    }
    assert airports == {"newark": {"EWR"}, "kennedy": {"JFK"}, "laguardia": {"LGA"}}


def test_table_and_plot_are_assets(result, instance):
    """The instance knows what the run has made, where it lies, and the figures that a reader asks for first."""
    table = latest_metadata(instance, "table")
    plot = latest_metadata(instance, "plot")
    assert Path(table["path"]).read_text().startswith("airport,hour,flights")
    assert table["rows"] == 54
    assert "| 19 | 49 | 45 | 43 |" in table["late_percent"]
    assert plot.pop("path").endswith(".svg")
    assert plot == {"late_percent_morning": 10.1, "late_percent_evening": 45.7}


def test_what_is_late_can_be_configured(flight_delays, tmp_path):
    """With an hour as the limit fewer flights are late, and nothing else needs to be configured."""
    run_config = {
        "ops": {
            "define_study": {"config": {"late_after_minutes": 60}},
            "publish_report": {"config": {"output_dir": str(tmp_path)}},
        }
    }
    result = flight_delays.execute_in_process(run_config=run_config)
    assert result.output_for_node("publish_report") == (
        "fly early: 3% of the morning's flights leave late, 23% of the evening's"
    )


def test_an_option_that_does_not_exist_is_refused(flight_delays):
    """A misspelt option is found before anything runs, and the right name is offered."""
    with pytest.raises(ConfigError, match=r"late_after_minutes"):
        flight_delays.execute_in_process(
            run_config={"ops": {"define_study": {"config": {"late_after_minute": 60}}}}
        )


def test_a_limit_that_no_hour_reaches_is_an_error(flight_delays):
    """The error says which option to change."""
    run_config = {"ops": {"compare_airports": {"config": {"min_departures": 1_000_000}}}}
    with pytest.raises(
        Exception, match=r"no hour has as many departures as min_departures asks for: lower it"
    ):
        flight_delays.execute_in_process(run_config=run_config)

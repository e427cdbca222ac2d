"""The command `runrack` as a whole: the table of its commands, and what holds for every one of them."""

from __future__ import annotations

import errno
import os
from typing import Any

import click
from typing_extensions import override

from runrack.cli.lazy_group import LazyCommand, LazyGroup

DEBUG_VARIABLE = "RUNRACK_DEBUG"

WITHOUT_HOOKS = frozenset({"init", "plugins", "config", "completion", "explain"})
"""The commands for which no hook is called: they have to work where a plugin breaks everything else."""

_EPILOG = "Exit codes: 0 done, 1 failed, 2 the input was at fault, 130 interrupted."


class CommandLine(LazyGroup):
    """The command `runrack`."""

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if not (ctx.resilient_parsing or args[0] in WITHOUT_HOOKS or "--help" in args):
            from runrack.cli.installed_plugins import let_plugins_add_commands

            let_plugins_add_commands(self)
        return super().resolve_command(ctx, args)

    @override
    def invoke(self, ctx: click.Context) -> Any:
        is_debugging = ctx.params["debug"] or os.environ.get(DEBUG_VARIABLE, "0") not in {"", "0"}
        as_json = "--json" in ctx.args
        if os.environ.get("NO_COLOR"):
            ctx.color = False
        try:
            from runrack.cli.output.log_output import show_logs

            show_logs()
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.ClickException, SystemExit):
            raise
        except BaseException as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # click ends quietly when nobody reads any more
            from runrack.cli.failure import report_failure

            ctx.exit(report_failure(error, is_debugging=is_debugging, as_json=as_json))


def build_command_line() -> CommandLine:
    """Return the command `runrack`; none of its commands is imported yet."""
    return CommandLine(
        name="runrack",
        help="Run jobs and look at what they did.",
        epilog=_EPILOG,
        context_settings={"help_option_names": ["--help"], "max_content_width": 100},
        params=[
            click.Option(
                ["--version"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_print_version,
                help="Show the version and exit.",
            ),
            click.Option(["--debug"], is_flag=True, help="Show the traceback of an error."),
        ],
        members={
            "init": LazyCommand("init_home", "Make a runrack home with a commented runrack.yaml."),
            "run": LazyCommand("runs.run_job", "Run a job and show its progress."),
            "job": _group(
                "Look at the jobs of a file or module, and at their configuration.",
                {
                    "list": LazyCommand("job.list", "List the jobs of a file, module or location."),
                    "show": LazyCommand(
                        "job.show", "Show the steps of a job, what connects them, and its resources."
                    ),
                    "schema": LazyCommand(
                        "job.schema", "Print the JSON Schema of the run configuration of a job."
                    ),
                    "scaffold": LazyCommand("job.scaffold", "Print a run configuration to fill in."),
                },
            ),
            "runs": _group(
                "Submit runs, look at them, and delete them.",
                {
                    "submit": LazyCommand(
                        "runs.submit", "Submit a run to the run coordinator and print its id."
                    ),
                    "list": LazyCommand("runs.list", "List runs, newest first."),
                    "show": LazyCommand("runs.show", "Show one run with its steps."),
                    "cancel": LazyCommand("runs.cancel", "Cancel runs that wait or are in progress."),
                    "watch": LazyCommand("runs.watch", "Show the status of every run as it changes."),
                    "delete": LazyCommand(
                        "runs.delete", "Delete runs with their events and captured output."
                    ),
                },
            ),
            "queue": LazyCommand(
                "runs.queue", "Show the runs that wait to be launched, in their turn, and why they wait."
            ),
            "events": LazyCommand("runs.events", "Show the log of a run."),
            "logs": LazyCommand("runs.logs", "Show what the steps of a run wrote to stdout and stderr."),
            "schedule": _group(
                "Look at schedules, start and stop them.",
                {
                    "list": LazyCommand(
                        "schedule.list", "List schedules, whether they run, and when their next tick is."
                    ),
                    "start": LazyCommand("schedule.start", "Make a schedule run from now on."),
                    "stop": LazyCommand("schedule.stop", "Make a schedule not run."),
                    "reset": LazyCommand(
                        "schedule.reset", "Let a schedule run or not, as its code declares."
                    ),
                    "preview": LazyCommand(
                        "schedule.preview",
                        "Show when the next ticks of a schedule are, in its time zone and in UTC.",
                    ),
                    "ticks": LazyCommand(
                        "schedule.ticks", "Show when a schedule was asked, and what came of it."
                    ),
                    "test": LazyCommand(
                        "schedule.test", "Ask a schedule which runs it would make, and make none."
                    ),
                },
            ),
            "sensor": _group(
                "Look at sensors, start and stop them.",
                {
                    "list": LazyCommand(
                        "sensor.list", "List sensors, whether they run, and when they were asked last."
                    ),
                    "start": LazyCommand("sensor.start", "Make a sensor run."),
                    "stop": LazyCommand("sensor.stop", "Make a sensor not run."),
                    "reset": LazyCommand("sensor.reset", "Let a sensor run or not, as its code declares."),
                    "cursor": LazyCommand("sensor.cursor", "Show the bookmark of a sensor, or change it."),
                    "ticks": LazyCommand(
                        "sensor.ticks", "Show when a sensor was asked, and what came of it."
                    ),
                    "test": LazyCommand(
                        "sensor.test", "Ask a sensor which runs it would make, and make none."
                    ),
                },
            ),
            "backfill": _group(
                "Run many partitions of a job.",
                {
                    "start": LazyCommand(
                        "backfill.start", "Submit a run for each of many partitions of a job."
                    ),
                    "list": LazyCommand("backfill.list", "List backfills, those that began last first."),
                    "status": LazyCommand(
                        "backfill.status",
                        "Show how the runs of a backfill stand, and which partitions have failed.",
                    ),
                    "cancel": LazyCommand(
                        "backfill.cancel", "Cancel all runs of a backfill that have not ended."
                    ),
                },
            ),
            "daemon": _group(
                "Run the background work of the instance, and see how it gets on.",
                {
                    "run": LazyCommand(
                        "daemon.run",
                        "Run the background work: the queue, schedules and sensors, monitoring, retention.",
                    ),
                    "status": LazyCommand(
                        "daemon.status",
                        "Show how the loops of the daemon get on; exit with 1 unless all are well.",
                    ),
                },
            ),
            "asset": _group(
                "Look at assets, and forget what is known of them.",
                {
                    "list": LazyCommand("asset.list", "List assets with when they were last materialized."),
                    "show": LazyCommand(
                        "asset.show",
                        "Show one asset: its last materialization, and how it stands with its partitions.",
                    ),
                    "wipe": LazyCommand(
                        "asset.wipe", "Forget what is known of assets, or of some of their partitions."
                    ),
                },
            ),
            "plugins": _group(
                "See what is installed, and what is wrong with it.",
                {
                    "list": LazyCommand(
                        "plugins.list", "List the installed plugins; broken ones come first."
                    ),
                    "show": LazyCommand("plugins.show", "Show one plugin with its configuration."),
                    "why": LazyCommand(
                        "plugins.why", "Explain what became of a plugin or of a distribution."
                    ),
                    "doctor": LazyCommand("plugins.doctor", "Say what is wrong with the installed plugins."),
                    "verify": LazyCommand(
                        "plugins.verify", "Run the conformance suites against installed plugins."
                    ),
                    "new": LazyCommand(
                        "plugins.new",
                        "Make the project of a new plugin, which works and is tested from the start.",
                    ),
                    "manifest": LazyCommand(
                        "plugins.manifest", "Write the runrack_plugin.json of a plugin's package."
                    ),
                },
            ),
            "config": _group(
                "Check runrack.yaml and see what it comes to.",
                {
                    "check": LazyCommand("config.check", "Say what is wrong with runrack.yaml."),
                    "show": LazyCommand("config.show", "Show the configuration with its defaults."),
                    "schema": LazyCommand("config.schema", "Print the JSON Schema of runrack.yaml."),
                },
            ),
            "instance": _group(
                "See what this installation of runrack is made of.",
                {
                    "info": LazyCommand("instance.info", "Show the home and the parts of the instance."),
                    "home": LazyCommand("instance.home", "Print the folder of the instance."),
                },
            ),
            "storage": _group(
                "Look after the tables of the storage.",
                {
                    "status": LazyCommand("storage.status", "Show the version of the tables."),
                    "migrate": LazyCommand("storage.migrate", "Bring the tables to the needed version."),
                    "check": LazyCommand("storage.check", "Say whether what the storage keeps is whole."),
                    "copy": LazyCommand("storage.copy", "Copy all that a storage keeps to another one."),
                    "prune": LazyCommand(
                        "storage.prune", "Remove events and ticks that are older than runrack.yaml allows."
                    ),
                },
            ),
            "explain": LazyCommand("explain", "Print what an error code means and what to do about it."),
            "completion": LazyCommand("completion", "Print the script that completes commands in a shell."),
        },
    )


def _group(summary: str, members: dict[str, LazyCommand | click.Command]) -> LazyGroup:
    return LazyGroup(help=summary, short_help=summary, members=members)


def _print_version(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from runrack.cli.version import version_line

        click.echo(version_line())
        ctx.exit()

"""Answers to the questions that a code location is asked, from its definitions, in a copy of its process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from runrack.definitions.instigator import Answer as InstigatorAnswer
from runrack.definitions.schedule import ScheduleEvaluationContext
from runrack.definitions.sensor import SensorEvaluationContext
from runrack.definitions.time_zone import load_time_zone
from runrack.definitions.user_stack import user_error_info
from runrack.errors import RunrackError
from runrack.interfaces.part import InstanceServices
from runrack.interfaces.workspace import TickRequest, TickResult
from runrack.records.tick import InstigatorType
from runrack.workspace.loaded_code import LoadedCode
from runrack.workspace.message import PartitionAnswer, PartitionQuestion, TickAnswer, TickQuestion
from runrack.workspace.worker_instance import InstanceOpener


def answer_tick(code: LoadedCode, question: TickQuestion, instances: InstanceOpener) -> TickAnswer:
    """Return what a schedule or a sensor answers; an error of its code is part of the answer."""
    request = question.request
    is_schedule = request.instigator_type is InstigatorType.SCHEDULE
    if request.instigator_name not in (code.schedules if is_schedule else code.sensors):
        return TickAnswer(None)
    try:
        with _instance_of(request.instance_ref, instances) as instance:
            ask = _ask_schedule if is_schedule else _ask_sensor
            return TickAnswer(ask(code, request, instance))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the instance, or what the user's code may raise at will
        return TickAnswer(TickResult(error=user_error_info(error)))


def answer_partitions(
    code: LoadedCode, question: PartitionQuestion, instances: InstanceOpener
) -> PartitionAnswer:
    """Return the keys of a job's partitions."""
    job = code.jobs.get(question.job_name)
    if job is None:
        return PartitionAnswer()
    if job.partitions_def is None:
        return PartitionAnswer(())
    try:
        with _instance_of(question.instance_ref, instances) as instance:
            return PartitionAnswer(tuple(job.partitions_def.get_partition_keys(dynamic_partitions=instance)))
    except RunrackError as error:
        return PartitionAnswer(error=error.message)


def _ask_schedule(code: LoadedCode, request: TickRequest, instance: InstanceServices | None) -> TickResult:
    schedule = code.schedules[request.instigator_name]
    moment = datetime.fromtimestamp(request.timestamp, UTC).astimezone(
        load_time_zone(schedule.execution_timezone or "UTC")
    )
    return _result(schedule.evaluate(ScheduleEvaluationContext(moment, schedule.name, instance)))


def _ask_sensor(code: LoadedCode, request: TickRequest, instance: InstanceServices | None) -> TickResult:
    sensor = code.sensors[request.instigator_name]
    context = SensorEvaluationContext(
        sensor.name, request.cursor, request.last_run_key, request.last_tick_timestamp, instance
    )
    try:
        return _result(sensor.evaluate(context), context.cursor)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the user's code raises what it likes
        return TickResult(error=user_error_info(error), cursor=context.cursor)


def _result(answer: InstigatorAnswer, cursor: str | None = None) -> TickResult:
    requests, skip_reason = answer
    return TickResult(run_requests=requests, skip_reason=skip_reason, cursor=cursor)


@contextmanager
def _instance_of(
    instance_ref: Mapping[str, Any] | None, instances: InstanceOpener
) -> Iterator[InstanceServices | None]:
    if instance_ref is None:
        yield None
        return
    with instances.opened(instance_ref) as instance:
        yield instance

"""What a schedule or a sensor answers to one question, whatever its code does."""

from __future__ import annotations

from datetime import UTC, datetime

from runrack.definitions.definitions import Definitions
from runrack.definitions.error_boundary import user_code_error_boundary
from runrack.definitions.schedule import ScheduleEvaluationContext
from runrack.definitions.sensor import SensorEvaluationContext
from runrack.errors import UserCodeExecutionError
from runrack.interfaces.part import InstanceServices
from runrack.interfaces.workspace import TickRequest, TickResult
from runrack.records.error_info import error_info_from_exception
from runrack.records.tick import InstigatorType


def evaluate_tick(
    definitions: Definitions, request: TickRequest, instance: InstanceServices | None = None
) -> TickResult:
    """Return what the schedule or sensor that a request names answers.

    - What its code raises is the `error` of the answer.

    Args:
        definitions: Where it is found.
        request: The question.
        instance: What its function gets as `context.instance`.

    Raises:
        NotFoundError: There is no such schedule or sensor.
    """
    if request.instigator_type is InstigatorType.SCHEDULE:
        return _evaluate_schedule(definitions, request, instance)
    return _evaluate_sensor(definitions, request, instance)


def _evaluate_schedule(
    definitions: Definitions, request: TickRequest, instance: InstanceServices | None
) -> TickResult:
    schedule = definitions.get_schedule(request.instigator_name)
    due = datetime.fromtimestamp(request.timestamp, UTC)
    context = ScheduleEvaluationContext(due, schedule.name, instance)
    try:
        with user_code_error_boundary(
            UserCodeExecutionError, lambda: f"the function of schedule {schedule.name!r} raised"
        ):
            requests, reason = schedule.evaluate(context)
    except Exception as error:  # noqa: BLE001 - the user's code raises what it likes
        return TickResult(error=error_info_from_exception(error))
    return TickResult(run_requests=requests, skip_reason=reason)


def _evaluate_sensor(
    definitions: Definitions, request: TickRequest, instance: InstanceServices | None
) -> TickResult:
    sensor = definitions.get_sensor(request.instigator_name)
    context = SensorEvaluationContext(
        sensor.name, request.cursor, request.last_run_key, request.last_tick_timestamp, instance
    )
    try:
        with user_code_error_boundary(
            UserCodeExecutionError, lambda: f"the function of sensor {sensor.name!r} raised"
        ):
            requests, reason = sensor.evaluate(context)
    except Exception as error:  # noqa: BLE001 - the user's code raises what it likes
        # A sensor of run statuses goes on behind the run about which it failed; others are asked the same again.
        kept = context.cursor if sensor.is_of_run_status else request.cursor
        return TickResult(error=error_info_from_exception(error), cursor=kept)
    return TickResult(run_requests=requests, skip_reason=reason, cursor=context.cursor)

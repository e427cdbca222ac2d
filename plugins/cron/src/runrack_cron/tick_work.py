"""TickWork: asks a schedule or sensor, makes the runs that it wants, and writes down what became of the tick."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NamedTuple

from runrack.errors import LocationUnavailableError, NotFoundError
from runrack.interfaces.daemon_loop import DaemonContext
from runrack.interfaces.schedule_storage import ScheduleStorage
from runrack.interfaces.workspace import CodeLocation, TickRequest, TickResult
from runrack.records.error_info import SerializableErrorInfo, error_info_from_exception
from runrack.records.tick import InstigatorTick, TickData, TickStatus
from runrack_cron.run_maker import RunMaker
from runrack_cron.tick_lease import TickLease
from runrack_cron.tick_log import TickLog
from runrack_cron.tick_settings import TickSettings

_LOGGER = logging.getLogger("runrack.cron")

Finish = Callable[[TickResult], None]
"""Called with the answer once its runs are stored, before the tick ends."""


class _Runs(NamedTuple):
    ids: list[str]
    keys: list[str]
    known: int


class TickWork:
    """Works on claimed ticks for one daemon.

    Args:
        context: The daemon.
        settings: How.
    """

    def __init__(self, context: DaemonContext, settings: TickSettings) -> None:
        self._context = context
        self._settings = settings

    @property
    def storage(self) -> ScheduleStorage:
        """Where ticks are."""
        return self._context.instance.storage.schedule_storage

    def claim(self, tick: TickData, key: str) -> InstigatorTick | None:
        """Store a new tick for this daemon and return it; None when another daemon has it."""
        return self.storage.claim_tick(tick, key, self._context.owner, self._settings.lease_seconds)

    def take_over(self, tick: InstigatorTick) -> InstigatorTick | None:
        """Return a tick whose daemon died, for this daemon to work on; None when another has it."""
        return self.storage.take_over_tick(tick.tick_id, self._context.owner, self._settings.lease_seconds)

    def work_on(
        self, tick: InstigatorTick, location: CodeLocation, request: TickRequest, finish: Finish | None = None
    ) -> None:
        """Work on a tick that this daemon holds, to its end.

        - When the daemon dies meanwhile, or another has taken the tick, it ends there: no run is made twice.
        - While the code cannot be loaded, the tick is given back.
        """
        owner, seconds = self._context.owner, self._settings.lease_seconds
        log = TickLog(self._settings.get_logs_path(tick.tick_data.instigator_origin_id))
        with TickLease(self.storage, tick.tick_id, owner, seconds) as lease:
            try:
                result = location.evaluate_tick(request, self._settings.timeout_seconds)
            except LocationUnavailableError as error:
                log.write(tick, f"waits: {error.message}")
                self.storage.renew_tick(tick.tick_id, owner, 0)
                return
            except NotFoundError as error:
                result = TickResult(error=error_info_from_exception(error))
            if not lease.is_held():
                log.write(tick, "was taken over by another daemon")
                return
            done = self._end(tick, location, request, result, lease, finish)
        if done is not None:
            log.write(done, _summary(done.tick_data))
            self._context.report_progress()

    def _end(
        self,
        tick: InstigatorTick,
        location: CodeLocation,
        request: TickRequest,
        result: TickResult,
        lease: TickLease,
        finish: Finish | None,
    ) -> InstigatorTick | None:
        """Return the tick as it ended; None when another daemon has taken it."""
        if result.error is not None:
            return self._fail(tick, result, result.error, finish)
        try:
            runs = self._make_runs(tick, location, request, result, lease)
        except (NotFoundError, LocationUnavailableError) as error:
            return self._fail(tick, result, error_info_from_exception(error), None)
        if runs is None:
            return None
        if finish is not None:
            finish(result)
        return self._store(
            tick.with_data(
                status=TickStatus.SUCCESS if runs.ids else TickStatus.SKIPPED,
                skip_reason=None if runs.ids else _skip_reason(result, runs),
                run_ids=tuple(runs.ids),
                run_keys=tuple(runs.keys),
                cursor=result.cursor,
            )
        )

    def _make_runs(
        self,
        tick: InstigatorTick,
        location: CodeLocation,
        request: TickRequest,
        result: TickResult,
        lease: TickLease,
    ) -> _Runs | None:
        maker = RunMaker(self._context.instance, self._context.workspace, location, tick, request.cursor)
        runs = _Runs([], [], 0)
        for place, wanted in enumerate(result.run_requests):
            if lease.is_lost:
                return None
            run_id = maker.make_run(wanted, place)
            self._context.report_progress()
            if run_id is None:
                runs = runs._replace(known=runs.known + 1)
                continue
            runs.ids.append(run_id)
            if wanted.run_key is not None:
                runs.keys.append(wanted.run_key)
        return runs

    def _fail(
        self,
        tick: InstigatorTick,
        result: TickResult,
        error: SerializableErrorInfo,
        finish: Finish | None,
    ) -> InstigatorTick:
        """Give the tick back to be tried again, or end it, with its error."""
        count = tick.tick_data.failure_count + 1
        _LOGGER.warning(
            "tick %s of %s failed: %s", tick.tick_id, tick.tick_data.instigator_name, error.message.strip()
        )
        if count <= self._settings.max_retries:
            again = self.storage.update_tick(tick.with_data(failure_count=count))
            self.storage.renew_tick(tick.tick_id, self._context.owner, 0)
            return again
        if finish is not None:
            finish(result)
        return self._store(tick.with_data(status=TickStatus.FAILURE, error=error, failure_count=count))

    def _store(self, tick: InstigatorTick) -> InstigatorTick:
        return self.storage.update_tick(tick.with_data(end_timestamp=self._settings.now()))


def _skip_reason(result: TickResult, runs: _Runs) -> str | None:
    if runs.known:
        return f"all {runs.known} runs that were asked for were made by earlier ticks"
    return result.skip_reason


def _summary(tick: TickData) -> str:
    if tick.status is TickStatus.STARTED:
        return f"failed for the {tick.failure_count}. time and is tried again"
    if tick.error is not None:
        return f"FAILURE: {tick.error.to_string()}"
    if tick.status is TickStatus.SKIPPED:
        return f"SKIPPED: {tick.skip_reason or 'no run was asked for'}"
    return f"SUCCESS: {len(tick.run_ids)} runs: {' '.join(tick.run_ids)}"

"""RunMaker: stores the runs that a tick asks for, each once, and submits them."""

from __future__ import annotations

import logging
from uuid import UUID, uuid5

from runrack.errors import NotFoundError, RunAlreadyExistsError
from runrack.interfaces.part import InstanceServices
from runrack.interfaces.workspace import CodeLocation, JobInfo, Workspace
from runrack.records.run import RemoteJobOrigin, Run
from runrack.records.run_request import RunRequest
from runrack.records.run_status import RunStatus
from runrack.records.tags import CODE_LOCATION, PARTITION, SCHEDULE_NAME, SENSOR_NAME, TICK_ID
from runrack.records.tick import InstigatorTick, InstigatorType

_LOGGER = logging.getLogger("runrack.cron")
_NAMESPACE = UUID("c2a4c4c6-5b1f-4d60-9a3a-8f6a54a3b1d7")


class RunMaker:
    """Makes the runs of one tick.

    The id of a run is derived from its run key, or else from the tick and the request's place in it: a tick that is worked
    on a second time, because the first daemon died, finds the runs that were made already.

    Args:
        instance: Where runs are stored.
        workspace: Where their code is loaded from.
        location: The code location of the schedule or sensor.
        tick: The tick.
        cursor: The bookmark with which the sensor was asked.
    """

    def __init__(
        self,
        instance: InstanceServices,
        workspace: Workspace | None,
        location: CodeLocation,
        tick: InstigatorTick,
        cursor: str | None = None,
    ) -> None:
        self._instance = instance
        self._workspace = workspace
        self._location = location
        self._tick = tick
        self._cursor = cursor

    def make_run(self, request: RunRequest, place: int) -> str | None:
        """Return the id of the run that a request stands for; None when an earlier tick has made it.

        Args:
            request: The request.
            place: Its place among the requests of the tick.

        Raises:
            NotFoundError: The code location has no such job.
        """
        run = self._store(self._run(request, place))
        if run.status is RunStatus.NOT_STARTED:
            self._submit(run.run_id)
        return run.run_id if run.tags.get(TICK_ID) == str(self._tick.tick_id) else None

    def _run(self, request: RunRequest, place: int) -> Run:
        job = self._job(request)
        tick = self._tick.tick_data
        is_schedule = tick.instigator_type is InstigatorType.SCHEDULE
        partition = {} if request.partition_key is None else {PARTITION: request.partition_key}
        own = {
            SCHEDULE_NAME if is_schedule else SENSOR_NAME: tick.instigator_name,
            TICK_ID: str(self._tick.tick_id),
            CODE_LOCATION: self._location.name,
        }
        return Run(
            job_name=job.name,
            run_id=self._run_id(request, place),
            run_config=dict(request.run_config or {}),
            tags={**job.tags, **request.tags, **partition, **own},
            job_snapshot_id=self._instance.run_storage.add_snapshot(job.snapshot),
            remote_job_origin=RemoteJobOrigin(self._location.name, job.name),
            job_code_origin=job.code_origin,
        )

    def _job(self, request: RunRequest) -> JobInfo:
        job = self._location.get_contents().find_job(request.job_name or "")
        if job is None:
            raise NotFoundError(
                f"code location {self._location.name!r} has no job {request.job_name!r}, of which a run was asked for"
            )
        return job

    def _run_id(self, request: RunRequest, place: int) -> str:
        tick = self._tick.tick_data
        if request.run_key is not None:
            return str(uuid5(_NAMESPACE, f"{tick.selector_id}\0key\0{request.run_key}"))
        parts = (tick.selector_id, "tick", repr(tick.timestamp), str(self._tick.tick_id), self._cursor or "")
        return str(uuid5(_NAMESPACE, "\0".join((*parts, str(place)))))

    def _store(self, run: Run) -> Run:
        stored = self._instance.get_run_by_id(run.run_id)
        if stored is not None:
            return stored
        try:
            return self._instance.run_storage.add_run(run)
        except RunAlreadyExistsError:  # another was quicker
            return self._instance.get_run_by_id(run.run_id) or run

    def _submit(self, run_id: str) -> None:
        try:
            self._instance.submit_run(run_id, self._workspace)
        except Exception:  # the run has ended in FAILURE, with the error in its log
            _LOGGER.exception("run %s of tick %s could not be submitted", run_id, self._tick.tick_id)

"""What an instance answers about runs, and how runs come into being."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from runrack.errors import InvalidArgumentError, RunAlreadyExistsError, RunConflictError
from runrack.instance.instance_base import InstanceBase
from runrack.instance.plugin_sets import find_plugin_set
from runrack.records import tags as tag_names
from runrack.records.asset_key import AssetKey
from runrack.records.heartbeat import DaemonHeartbeat
from runrack.records.plugin_set import PluginSet
from runrack.records.run import JobCodeOrigin, RemoteJobOrigin, Run, RunRecord
from runrack.records.run_status import RunStatus
from runrack.records.runs_filter import RunsFilter
from runrack.records.snapshot import ExecutionPlanSnapshot, JobSnapshot
from runrack.records.stats import RunStats, StepStats


class RunMethods(InstanceBase):
    """Runs: made, found, tagged, deleted. What each method promises is written in `RunStorage`."""

    def create_run(
        self,
        *,
        job_name: str,
        run_id: str | None = None,
        run_config: Mapping[str, Any] | None = None,
        status: RunStatus = RunStatus.NOT_STARTED,
        tags: Mapping[str, Any] | None = None,
        root_run_id: str | None = None,
        parent_run_id: str | None = None,
        step_keys_to_execute: Sequence[str] | None = None,
        op_selection: Sequence[str] | None = None,
        resolved_op_selection: Collection[str] | None = None,
        asset_selection: Collection[AssetKey] | None = None,
        job_snapshot: JobSnapshot | None = None,
        execution_plan_snapshot: ExecutionPlanSnapshot | None = None,
        remote_job_origin: RemoteJobOrigin | None = None,
        job_code_origin: JobCodeOrigin | None = None,
    ) -> Run:
        """Store a new run, with the snapshots that it refers to, and return it.

        - Tag values that are no strings become their JSON text.
        - A run with a `remote_job_origin` gets the tag `runrack/code_location`; one that can only begin with a slot of a
          concurrency key gets the tag `runrack/first_concurrency_keys`.

        Raises:
            RunAlreadyExistsError: A run with this id is stored.
            InvalidArgumentError: `run_id` is no UUID; only one of root and parent is given; a plan snapshot comes without a
                job snapshot; assets and ops are selected at once; or a tag cannot be stored.
        """
        if execution_plan_snapshot is not None and job_snapshot is None:
            raise InvalidArgumentError("an execution_plan_snapshot needs the job_snapshot that it belongs to")
        if asset_selection is not None and (op_selection is not None or resolved_op_selection is not None):
            raise InvalidArgumentError("select assets or ops, not both")
        all_tags = _stored_tags(tags or {})
        if remote_job_origin is not None:
            all_tags[tag_names.CODE_LOCATION] = remote_job_origin.location_name
        is_whole_job = not (op_selection or resolved_op_selection or step_keys_to_execute)
        if job_snapshot is not None and is_whole_job and job_snapshot.first_concurrency_keys:
            first_keys = json.dumps(sorted(job_snapshot.first_concurrency_keys))
            all_tags[tag_names.FIRST_CONCURRENCY_KEYS] = first_keys
        runs, plugins = self.run_storage, self.plugin_set
        run = Run(
            job_name=job_name,
            run_id=_checked_run_id(run_id),
            run_config=dict(run_config or {}),
            status=status,
            tags=all_tags,
            root_run_id=root_run_id,
            parent_run_id=parent_run_id,
            step_keys_to_execute=None if step_keys_to_execute is None else tuple(step_keys_to_execute),
            op_selection=None if op_selection is None else tuple(op_selection),
            resolved_op_selection=None if resolved_op_selection is None else frozenset(resolved_op_selection),
            asset_selection=None if asset_selection is None else frozenset(asset_selection),
            job_snapshot_id=None if job_snapshot is None else runs.add_snapshot(job_snapshot),
            execution_plan_snapshot_id=(
                None if execution_plan_snapshot is None else runs.add_snapshot(execution_plan_snapshot)
            ),
            remote_job_origin=remote_job_origin,
            job_code_origin=job_code_origin,
            plugin_set_id=None if plugins is None else self._plugin_sets.add(plugins, runs),
        )
        return runs.add_run(run)

    def register_managed_run(self, run: Run) -> Run:
        """Store a run that something outside of runrack executes, and return it as stored.

        - Its status becomes MANAGED. An equal run that is stored already is returned.

        Raises:
            RunConflictError: A run with this id is stored and differs.
        """
        managed = run.with_status(RunStatus.MANAGED)
        try:
            return self.run_storage.add_run(managed)
        except RunAlreadyExistsError:
            stored = self.run_storage.get_run_by_id(run.run_id)
        if stored is None or stored.with_status(RunStatus.MANAGED) != managed:
            raise RunConflictError(run.run_id)
        return stored

    def add_run(self, run: Run) -> Run:
        """Store a run as it is. As `RunStorage.add_run`."""
        return self.run_storage.add_run(run)

    def get_plugin_set(self, plugin_set_id: str) -> PluginSet | None:
        """Return the plugins that runs were made with, by their `plugin_set_id`; None when they are not known."""
        return find_plugin_set(plugin_set_id, self.run_storage)

    def get_run_by_id(self, run_id: str) -> Run | None:
        """Return one run, or None."""
        return self.run_storage.get_run_by_id(run_id)

    def get_run_record_by_id(self, run_id: str) -> RunRecord | None:
        """Return the record of one run, or None."""
        return self.run_storage.get_run_record_by_id(run_id)

    def get_runs(
        self,
        filters: RunsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        ascending: bool = False,
    ) -> Sequence[Run]:
        """Return runs, newest first. As `RunStorage.get_run_records`."""
        return self.run_storage.get_runs(filters, cursor, limit, ascending)

    def get_run_records(
        self,
        filters: RunsFilter | None = None,
        limit: int | None = None,
        order_by: str | None = None,
        ascending: bool = False,
        cursor: str | None = None,
    ) -> Sequence[RunRecord]:
        """Return records of runs, newest first. As `RunStorage.get_run_records`."""
        return self.run_storage.get_run_records(filters, limit, order_by, ascending, cursor)

    def get_run_ids(
        self, filters: RunsFilter | None = None, cursor: str | None = None, limit: int | None = None
    ) -> Sequence[str]:
        """Return ids of runs, newest first. As `RunStorage.get_run_records`."""
        return self.run_storage.get_run_ids(filters, cursor, limit)

    def get_runs_count(self, filters: RunsFilter | None = None) -> int:
        """Return how many runs `filters` selects."""
        return self.run_storage.get_runs_count(filters)

    def has_run(self, run_id: str) -> bool:
        """Tell whether the run is stored."""
        return self.run_storage.has_run(run_id)

    def add_run_tags(self, run_id: str, new_tags: Mapping[str, str]) -> None:
        """Set tags of a run. As `RunStorage.add_run_tags`."""
        self.run_storage.add_run_tags(run_id, new_tags)

    def get_run_tags(
        self,
        tag_keys: Collection[str] | None = None,
        value_prefix: str | None = None,
        limit: int | None = None,
    ) -> Sequence[tuple[str, set[str]]]:
        """Return tag keys with the values that runs carry. As `RunStorage.get_run_tags`."""
        return self.run_storage.get_run_tags(tag_keys, value_prefix, limit)

    def get_run_tag_keys(self) -> Sequence[str]:
        """Return every tag key that some run carries, sorted."""
        return self.run_storage.get_run_tag_keys()

    def get_run_group(self, run_id: str) -> tuple[str, Sequence[Run]]:
        """Return the root's id and the runs of a group of retries. As `RunStorage.get_run_group`."""
        return self.run_storage.get_run_group(run_id)

    def get_run_stats(self, run_id: str) -> RunStats:
        """Return counts and times of a run; zeros and None when it is unknown."""
        return self.event_log_storage.get_stats_for_run(run_id)

    def get_run_step_stats(
        self, run_id: str, step_keys: Collection[str] | None = None
    ) -> Sequence[StepStats]:
        """Return what each step of a run came to. As `EventLog.get_step_stats_for_run`."""
        return self.event_log_storage.get_step_stats_for_run(run_id, step_keys)

    def delete_run(self, run_id: str) -> None:
        """Remove a run, its tags and its log at once; its captured output stays. An unknown run is no error."""
        self.storage.delete_run(run_id)

    def add_daemon_heartbeat(self, daemon_heartbeat: DaemonHeartbeat) -> None:
        """Store a sign of life. As `RunStorage.add_daemon_heartbeat`."""
        self.run_storage.add_daemon_heartbeat(daemon_heartbeat)

    def get_daemon_heartbeats(self) -> Mapping[str, DaemonHeartbeat]:
        """Return daemon type to its latest sign of life."""
        return self.run_storage.get_daemon_heartbeats()

    def wipe_daemon_heartbeats(self) -> None:
        """Remove all signs of life."""
        self.run_storage.wipe_daemon_heartbeats()


def _checked_run_id(run_id: str | None) -> str:
    if run_id is None:
        return str(uuid4())
    try:
        UUID(run_id)
    except (ValueError, AttributeError, TypeError):
        raise InvalidArgumentError("run_id is a UUID; leave it out to get a new one") from None
    return run_id


def _stored_tags(tags: Mapping[str, Any]) -> dict[str, str]:
    return {
        _checked_key(key): value if isinstance(value, str) else _json_text(key, value)
        for key, value in tags.items()
    }


def _checked_key(key: object) -> str:
    if not isinstance(key, str) or not key:
        raise InvalidArgumentError("the key of a tag is a string that is not empty")
    return key


def _json_text(key: str, value: Any) -> str:
    try:
        text = json.dumps(value)
    except (TypeError, ValueError):
        text = ""
    if not text or json.loads(text) != value:
        raise InvalidArgumentError(
            f"the value of tag {key!r} is neither a string nor anything that JSON can hold"
        )
    return text

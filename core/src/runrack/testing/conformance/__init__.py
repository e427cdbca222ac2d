"""The suites: what it means to implement an interface, as tests that an implementer inherits.

A plugin proves a storage right with one class in its tests. It says how to make an empty storage, and what the storage can do; an
ability that is not declared skips the tests that need it, by name::

    from functools import partial

    from runrack.testing.conformance.run_storage import RunStorageConformance
    from runrack.testing.conformance.suite import Ability

    class TestMyRunStorage(RunStorageConformance):
        abilities = frozenset({Ability.SURVIVES_REOPEN, Ability.SHARES_BETWEEN_PROCESSES})

        def make_storage(self, tmp_path):
            return MyRunStorage(tmp_path / "runs.db")

        def opener(self, storage):
            return partial(MyRunStorage, storage.path)

The suites are `RunStorageConformance`, `EventLogStorageConformance`, `ScheduleStorageConformance` and `StorageConformance`, each in
the module of the same name as its interface. Those of parts that are no storages have a method that makes the part instead::

    class TestMyRunLauncher(RunLauncherConformance):
        abilities = frozenset({Ability.RUNS_IN_BACKGROUND, Ability.TERMINATES_RUNS})

        def make_launcher(self):
            return MyRunLauncher()

`RunLauncherConformance` and `RunCoordinatorConformance` bring their instance, on files and in memory; that takes the distributions
`runrack-sqlite` and `runrack-local`, or `runrack-memory`, unless `make_instance` gives another.

`SchedulerConformance`, `ExecutorConformance`, `IOManagerConformance`, `ArtifactStorageConformance` and `HooksConformance` are made in
the same way, with `make_scheduler`, `make_executor`, `make_manager`, `make_artifact_storage` and the attribute `target`.
"""

"""The suites: what it means to implement an interface, as tests that an implementer inherits.

A plugin proves its storage right with one class for each interface::

    from runrack.testing.conformance.run_storage import RunStorageConformance

    class TestMyRunStorage(RunStorageConformance):
        abilities = frozenset({Ability.SURVIVES_REOPEN, Ability.SHARES_BETWEEN_PROCESSES})

        def make_storage(self, tmp_path):
            return MyRunStorage(tmp_path / "runs.db")

        def opener(self, storage):
            return partial(MyRunStorage, storage.path)
"""

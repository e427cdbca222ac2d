"""Artifact storages and IO managers that are wrong on purpose, each with the test that has to reject it.

Run by test_artifact_and_io_suites_reject.py.
"""

import itertools
import json
import os
import pickle
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from runrack.errors import UnstorableValueError, ValueNotFoundError
from runrack.interfaces.artifact_storage import ArtifactStorage
from runrack.interfaces.io_manager import IOManager
from runrack.records.safe_name import to_safe_name
from runrack.testing.conformance.artifact_storage import ArtifactStorageConformance
from runrack.testing.conformance.io_manager import IOManagerConformance
from runrack.testing.conformance.suite import Ability
from runrack_local import LocalArtifactStorage, LocalIOManager


class Unconfigured(ArtifactStorage):
    """A right one, without a configuration, from which wrong ones derive."""

    def __init__(self, base_dir):
        self._base = Path(base_dir).absolute()

    @property
    def base_dir(self):
        return str(self._base)

    @property
    def storage_dir(self):
        return str(self._base / "storage")

    @property
    def schedules_dir(self):
        return str(self._base / "schedules")

    def file_manager_dir(self, run_id):
        return str(Path(self.storage_dir, to_safe_name(run_id), "files"))


class AddsAFolder(Unconfigured):
    def __init__(self, base_dir):
        super().__init__(Path(base_dir, "runrack"))


class HasOneFolder(Unconfigured):
    schedules_dir = Unconfigured.storage_dir


class LiesOutside(Unconfigured):
    @property
    def schedules_dir(self):
        return f"{self._base}-schedules"


class MakesFolders(Unconfigured):
    def file_manager_dir(self, run_id):
        folder = Path(super().file_manager_dir(run_id))
        folder.mkdir(parents=True)
        return str(folder)


class LetsRunsOut(Unconfigured):
    def file_manager_dir(self, run_id):
        return f"{self.storage_dir}/{run_id}"


class MergesRuns(Unconfigured):
    def file_manager_dir(self, run_id):
        letters = "".join(letter if letter.isalnum() else "_" for letter in run_id)[:100]
        return str(Path(self.storage_dir, f"r{letters}"))


class MergesCases(Unconfigured):
    def file_manager_dir(self, run_id):
        return str(Path(self.storage_dir, run_id.encode("utf-8", "surrogatepass").hex()[:100], "files"))


class PutsRunsIntoRuns(Unconfigured):
    def file_manager_dir(self, run_id):
        return str(Path(self.storage_dir, *("r" + to_safe_name(part) for part in run_id.split("/"))))


class HasLongNames(Unconfigured):
    def file_manager_dir(self, run_id):
        return str(Path(self.storage_dir, run_id.encode("utf-8", "surrogatepass").hex() + "_"))


class NamesTheObject(Unconfigured):
    def file_manager_dir(self, run_id):
        return str(Path(self.storage_dir, f"{id(self)}-{to_safe_name(run_id)}"))


class CountsItself(Unconfigured):
    numbers = itertools.count()

    def __init__(self, base_dir):
        super().__init__(base_dir)
        self.number = next(self.numbers)

    @property
    def schedules_dir(self):
        return str(self._base / f"schedules-{self.number}")


class IsFixed(Unconfigured):
    @property
    def storage_dir(self):
        return "/srv/runrack/storage"


class StaysRelative(Unconfigured):
    def __init__(self, base_dir):
        self._base = Path(base_dir)


class IsMadeAbsoluteLate(Unconfigured):
    def __init__(self, base_dir):
        self._given = base_dir

    @property
    def _base(self):
        return Path(self._given).absolute()


class CannotBeConfigured(Unconfigured):
    pass


class LosesItsConfiguration(LocalArtifactStorage):
    @classmethod
    def from_config_value(cls, inst_data, config_value):
        return cls("/srv/runrack", inst_data)


class RemovesAll(Unconfigured):
    def dispose(self):
        for file in self._base.rglob("file"):
            file.unlink()


class DisposesOnce(Unconfigured):
    def dispose(self):
        del self._base


class Simple(IOManager):
    """A right one for most values, from which wrong ones derive."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def key(self, output):
        return output.identifier

    def path(self, output):
        return self.folder.joinpath(*(f"{to_safe_name(part)}_" for part in self.key(output)), "value")

    def write(self, path, obj):
        data = self.dump(obj)
        aside = path.with_name(f"{threading.get_ident()}.tmp")
        aside.write_bytes(data)
        aside.replace(path)

    def dump(self, obj):
        try:
            return pickle.dumps(obj)
        except TypeError as error:
            raise UnstorableValueError("no") from error

    def parse(self, data):
        return pickle.loads(data)

    def handle_output(self, context, obj):
        path = self.path(context)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.write(path, obj)

    def load_input(self, context):
        output = context.upstream_output
        try:
            return self.parse(self.path(output).read_bytes())
        except FileNotFoundError:
            raise ValueNotFoundError(f"step {output.step_key!r} gave none") from None


class KnowsJsonOnly(Simple):
    def dump(self, obj):
        return json.dumps(obj, default=str).encode()

    def parse(self, data):
        return json.loads(data)


class TakesNoneForNothing(Simple):
    def parse(self, data):
        found = super().parse(data)
        if found is None:
            raise ValueNotFoundError("nothing")
        return found


class CutsBigValues(Simple):
    def dump(self, obj):
        return super().dump(obj[:1_000_000] if isinstance(obj, bytes) else obj)


class GivesOnce(Simple):
    def load_input(self, context):
        found = super().load_input(context)
        self.path(context.upstream_output).unlink()
        return found


class KeepsTheFirst(Simple):
    def write(self, path, obj):
        if not path.exists():
            super().write(path, obj)


class JoinsNames(Simple):
    def key(self, output):
        return (".".join(output.identifier),)


class ForgetsTheMappingKey(Simple):
    def key(self, output):
        return output.identifier[:4]


class IgnoresTheRun(Simple):
    def key(self, output):
        return output.identifier[:1] + output.identifier[2:]


class IgnoresCase(Simple):
    def key(self, output):
        return tuple(part.lower() for part in output.identifier)


class UsesNamesAsTheyAre(Simple):
    def path(self, output):
        return Path(os.path.join(self.folder, *self.key(output), "value"))  # noqa: PTH118


class ForgetsThePartition(Simple):
    def key(self, output):
        return tuple(output.asset_key.path) if output.asset_key else output.identifier


class JoinsPaths(Simple):
    def key(self, output):
        return (
            ("/".join(output.asset_key.path), output.partition_key or "")
            if output.asset_key
            else output.identifier
        )


class BindsAssetsToRuns(Simple):
    def key(self, output):
        return (output.run_id, *output.identifier)


class RaisesWhatComes(Simple):
    def load_input(self, context):
        return self.parse(self.path(context.upstream_output).read_bytes())


class GivesNone(Simple):
    def load_input(self, context):
        path = self.path(context.upstream_output)
        return self.parse(path.read_bytes()) if path.exists() else None


class NamesNoStep(Simple):
    def load_input(self, context):
        try:
            return super().load_input(context)
        except ValueNotFoundError:
            raise ValueNotFoundError("there is no value") from None


class WritesInPlace(Simple):
    def write(self, path, obj):
        data = self.dump(obj)
        with path.open("wb", buffering=0) as file:
            file.write(data[: len(data) // 2])
            time.sleep(0.001)
            file.write(data[len(data) // 2 :])


class EmptiesFirst(Simple):
    def write(self, path, obj):
        path.write_bytes(b"")
        super().write(path, obj)


class RemembersThePath(Simple):
    def handle_output(self, context, obj):
        self.current = self.path(context)
        self.current.parent.mkdir(parents=True, exist_ok=True)
        time.sleep(0.001)
        self.write(self.current, obj)


class SaysTooMuch(Simple):
    def handle_output(self, context, obj):
        super().handle_output(context, obj)
        context.add_output_metadata({"manager": self})


class KeepsTheInstance(Simple):
    def handle_output(self, context, obj):
        vars(self).setdefault("seen", []).append(context.instance)
        super().handle_output(context, obj)


class KeepsValuesAtHome(LocalIOManager):
    """Only the process that gave a value finds it."""

    def handle_output(self, context, obj):
        super().handle_output(replace(context, run_id=f"{os.getpid()}"), obj)

    def load_input(self, context):
        output = replace(context.upstream_output, run_id=f"{os.getpid()}")
        return super().load_input(replace(context, upstream_output=output))


ARTIFACTS = (
    (AddsAFolder, "test_the_base_is_what_was_given"),
    (HasOneFolder, "test_folders_lie_below_the_base"),
    (LiesOutside, "test_folders_lie_below_the_base"),
    (MakesFolders, "test_nothing_is_made"),
    (LetsRunsOut, "test_each_run_has_its_folder"),
    (MergesRuns, "test_each_run_has_its_folder"),
    (MergesCases, "test_each_run_has_its_folder"),
    (PutsRunsIntoRuns, "test_no_folder_lies_in_that_of_another_run"),
    (HasLongNames, "test_folders_can_be_made"),
    (NamesTheObject, "test_the_answer_is_always_the_same"),
    (CountsItself, "test_the_answer_is_always_the_same"),
    (IsFixed, "test_two_bases_share_nothing"),
    (StaysRelative, "test_a_relative_base_is_fixed_at_once"),
    (IsMadeAbsoluteLate, "test_a_relative_base_is_fixed_at_once"),
    (CannotBeConfigured, "test_the_configuration_leads_back"),
    (LosesItsConfiguration, "test_the_configuration_leads_back"),
    (RemovesAll, "test_disposing_removes_nothing"),
    (DisposesOnce, "test_disposing_removes_nothing"),
)
MANAGERS = (
    (KnowsJsonOnly, "test_a_value_comes_back"),
    (TakesNoneForNothing, "test_a_value_comes_back"),
    (CutsBigValues, "test_a_big_value_comes_back"),
    (GivesOnce, "test_a_value_is_loaded_again_and_again"),
    (KeepsTheFirst, "test_a_new_value_replaces_the_old"),
    (JoinsNames, "test_no_two_outputs_share_a_value"),
    (ForgetsTheMappingKey, "test_no_two_outputs_share_a_value"),
    (IgnoresTheRun, "test_a_missing_value_is_not_found"),
    (IgnoresCase, "test_no_two_assets_share_a_value"),
    (UsesNamesAsTheyAre, "test_no_two_outputs_share_a_value"),
    (ForgetsThePartition, "test_no_two_assets_share_a_value"),
    (JoinsPaths, "test_no_two_assets_share_a_value"),
    (BindsAssetsToRuns, "test_an_asset_is_known_beyond_its_run"),
    (RaisesWhatComes, "test_a_missing_value_is_not_found"),
    (GivesNone, "test_a_missing_value_is_not_found"),
    (NamesNoStep, "test_a_missing_value_is_not_found"),
    (WritesInPlace, "test_a_reader_never_sees_half_a_value"),
    (EmptiesFirst, "test_a_value_that_cannot_be_kept_leaves_the_old_one"),
    (RemembersThePath, "test_threads_keep_values"),
    (SaysTooMuch, "test_a_run_passes_its_values"),
    (KeepsTheInstance, "test_the_instance_is_not_kept"),
    (KeepsValuesAtHome, "test_another_process_loads_the_value"),
)


def artifact_suite(kind, test_name):
    def make_artifact_storage(self, base_dir):
        return kind(base_dir)

    parts = {"rejected_by": test_name, "make_artifact_storage": make_artifact_storage}
    return type("Suite", (ArtifactStorageConformance,), parts)


def manager_suite(kind, test_name):
    def make_manager(self, tmp_path):
        return kind(str(tmp_path))

    def manager_opener(self, tmp_path):
        return partial(LocalIOManager, str(tmp_path))

    parts = {"rejected_by": test_name, "make_manager": make_manager, "manager_opener": manager_opener}
    abilities = {"abilities": frozenset({Ability.SHARES_BETWEEN_PROCESSES})}
    return type("Suite", (IOManagerConformance,), {**parts, **abilities})


globals().update({f"Wrong{kind.__name__}Artifacts": artifact_suite(kind, test) for kind, test in ARTIFACTS})
globals().update({f"Wrong{kind.__name__}Manager": manager_suite(kind, test) for kind, test in MANAGERS})

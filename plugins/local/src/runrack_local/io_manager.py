"""LocalIOManager: the values that steps give to each other, in files on this machine."""

import pickle
from typing import Any

from typing_extensions import override

from runrack.config.vocabulary import Field, StringSource
from runrack.definitions.resource import InitResourceContext, resource
from runrack.errors import UnstorableValueError, ValueNotFoundError, with_article
from runrack.interfaces.io_manager import InputContext, IOManager, OutputContext
from runrack.records.metadata import MetadataValue
from runrack.records.safe_name import MAX_NAME_BYTES, to_safe_name
from runrack_local.contained_folder import ContainedFolder

_PROTOCOL = 5
_SUFFIX = ".pickle"


class LocalIOManager(IOManager):
    """Keeps values as pickles, one file each, for their owner only.

    - The value of a step lies in `<run>/values/<step>.<output>.pickle`, that of an asset in `assets/<key>.pickle`, below
      the folder, under safe names. An asset has its newest value; of a partition, its newest. A folder for each step
      would cost as much as all else that is done with a small value.
    - A file appears with its whole content. A process that is killed meanwhile may leave a hidden one, which ends in `.tmp`.
    - A pickle is code. Whoever can write below the folder can run code in the runs that read from there.

    Args:
        base_dir: The folder; the storage folder of the instance when left out.
    """

    def __init__(self, base_dir: str | None = None) -> None:
        self._base_dir = base_dir
        self._folders: dict[str, ContainedFolder] = {}

    @override
    def handle_output(self, context: OutputContext, obj: Any) -> None:
        folder, names = self._place(context)
        context.add_output_metadata({"path": MetadataValue.path(folder.path_of(names))})
        with folder.new_file(names) as file:
            try:
                pickle.dump(obj, file, _PROTOCOL)
            except OSError:
                raise
            except Exception as error:
                raise UnstorableValueError(
                    f"output {context.name!r} of step {context.step_key!r} is {with_article(type(obj).__name__)} that cannot be"
                    f" pickled ({type(error).__name__}), so no other process could load it: give something that can be,"
                    " or name an IO manager that keeps it in another way (Out(io_manager_key=…))"
                ) from error

    @override
    def load_input(self, context: InputContext) -> Any:
        output = context.upstream_output
        folder, names = self._place(output)
        try:
            with folder.reading(names) as file:
                return pickle.load(file)  # noqa: S301 - values are the user's own objects; the folder is its owner's
        except FileNotFoundError:
            raise ValueNotFoundError(
                f"no value is kept for output {output.name!r} of step {output.step_key!r} of run {output.run_id}:"
                f" {folder.path_of(names)} does not exist. Execute that step again"
            ) from None

    def _place(self, output: OutputContext) -> tuple[ContainedFolder, list[str]]:
        base = self._base_dir or output.instance.artifact_storage.storage_dir
        folder = self._folders.get(base)
        if folder is None:
            folder = self._folders[base] = ContainedFolder(base)
        return folder, _names(output)


def _names(output: OutputContext) -> list[str]:
    """Return the way to the value's file. The dots in it stand in no safe name, so that no two values meet."""
    if output.asset_key is not None:
        *folders, name = map(to_safe_name, output.asset_key.path)
        return ["assets", *folders, *_last(name, "partitions", output.partition_key)]
    value = _joined(to_safe_name(output.step_key), to_safe_name(output.name))
    return [to_safe_name(output.run_id), "values", *_last(value, "mapped", output.mapping_key)]


def _joined(step_key: str, name: str) -> str:
    joined = f"{step_key}.{name}"
    return joined if len(joined) <= MAX_NAME_BYTES else to_safe_name(joined)


def _last(name: str, kind: str, part: str | None) -> list[str]:
    return [f"{name}{_SUFFIX}"] if part is None else [f"{name}.{kind}", f"{to_safe_name(part)}{_SUFFIX}"]


@resource(
    config_schema={
        "base_dir": Field(
            StringSource,
            is_required=False,
            description="Folder of the values; the instance's storage folder by default.",
            is_secret=False,
        )
    }
)
def local_io_manager(init_context: InitResourceContext) -> LocalIOManager:
    """Keeps the values that steps give to each other in a folder of this machine."""
    return LocalIOManager(init_context.resource_config.get("base_dir"))

"""The two examples of the file manager: a job that writes files in one op and reads them in the next.

One exists in two spellings, an older one with pipelines and solids and today's with jobs and ops. Both are the same flow, so
there is one form of it here: a pipeline is a job, a solid is an op, and what a mode held stands in `resource_defs`.
The second file holds "bar", which is what reading it has to give, as bytes and as text.
"""

import tempfile
from pathlib import Path

import pytest

from runrack import Instance, job, op
from runrack_local import local_file_manager


@op(required_resource_keys={"file_manager"})
def write_files(context):
    """Write one file from bytes and one from an open text file."""
    first = context.resources.file_manager.write_data(b"foo")
    with tempfile.NamedTemporaryFile("w+") as source:
        source.write("bar")
        source.seek(0)
        second = context.resources.file_manager.write(source, mode="w", ext=".txt")
    return (first, second)


@op(required_resource_keys={"file_manager"})
def read_files(context, file_handles):
    """Read the second file, as bytes and as text, and say where both lie."""
    first, second = file_handles
    assert context.resources.file_manager.read_data(second) == b"bar"
    stream = context.resources.file_manager.read(second, mode="r")
    assert stream.read() == "bar"
    stream.close()
    return [first.path, second.path]


@pytest.fixture
def instance():
    with Instance.local_temp() as instance:
        yield instance


def test_files_pass_from_op_to_op(instance):
    """The job succeeds, and its files lie in `storage/file_manager` of the instance."""

    @job(resource_defs={"file_manager": local_file_manager})
    def files_job():
        read_files(write_files())

    result = files_job.execute_in_process(instance=instance)
    assert result.success
    first, second = map(Path, result.output_for_node("read_files"))
    assert (first.read_bytes(), second.read_bytes()) == (b"foo", b"bar")
    assert (first.suffix, second.suffix) == ("", ".txt")
    expected = Path(instance.artifact_storage.storage_dir, "file_manager")
    assert (first.parent, second.parent) == (expected, expected)


def test_a_job_names_the_folder_of_its_files(instance, tmp_path):
    """With `configured`, the files land in the folder of the job's choice, which is made."""
    folder = tmp_path / "my" / "base" / "dir"

    @job(resource_defs={"file_manager": local_file_manager.configured({"base_dir": str(folder)})})
    def files_job():
        read_files(write_files())

    result = files_job.execute_in_process(instance=instance)
    assert result.success
    assert {Path(path).parent for path in result.output_for_node("read_files")} == {folder}
    assert len(list(folder.iterdir())) == 2

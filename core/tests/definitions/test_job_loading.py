"""Loading jobs from files and modules, and finding them again from another process."""

import subprocess
import sys
import textwrap

import pytest

from runrack.definitions.job import job
from runrack.definitions.job_target import load_job_target
from runrack.definitions.op import op
from runrack.definitions.reconstructable import ReconstructableJob, load_job, reconstructable
from runrack.errors import InvalidDefinitionError, LoadError

SOURCE = """
    from runrack.definitions.job import job
    from runrack.definitions.op import op

    @op
    def work(): return 1

    @job
    def first(): work()
"""


@op
def work(): ...


@job
def module_level():
    work()


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a file of jobs and return its path as text; what loading changes in `sys` is undone."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)

    def write_file(source, name="jobs_file.py"):
        path = tmp_path / name
        path.write_text(textwrap.dedent(source))
        return str(path)

    yield write_file
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", "") and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]


def test_the_only_job_of_a_file_needs_no_name(write):
    """`FILE` is enough when the file has one job; the origin names file and attribute."""
    path = write(SOURCE)
    loaded = load_job_target(path)
    assert loaded.get_definition().name == "first"
    assert (loaded.get_code_origin().file, loaded.get_code_origin().attribute) == (path, "first")


def test_a_job_is_named_by_attribute_or_by_its_name(write):
    """`FILE:JOB` takes either."""
    path = write(SOURCE + "\n    second = job(name='other')(lambda: work())\n")
    assert load_job_target(f"{path}:second").name == "other"
    assert load_job_target(f"{path}:other").get_code_origin().attribute == "second"
    assert load_job_target(f"{path}:first").name == "first"


def test_a_module_is_named_with_dots(write, monkeypatch, tmp_path):
    """`MODULE:JOB` imports the module."""
    write(SOURCE, "jobs_by_name.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    loaded = load_job_target("jobs_by_name:first")
    assert loaded.get_code_origin().module == "jobs_by_name"


def test_siblings_of_a_file_can_be_imported(write):
    """The folder of the file is on sys.path, as for `python FILE`."""
    write("LIMIT = 3", "sibling_of_jobs.py")
    path = write("import sibling_of_jobs" + textwrap.dedent(SOURCE), "jobs_with_sibling.py")
    assert load_job_target(path).name == "first"


def test_a_file_may_have_the_name_of_a_module(write):
    """A file named as a module that is loaded already is loaded beside it."""
    path = write(SOURCE, "textwrap.py")
    assert load_job_target(path).name == "first"
    assert sys.modules["textwrap"] is textwrap


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = (", r"jobs_file\.py:1: '\(' was never closed"),
        ("import absent_module", r"jobs_file\.py:1: ModuleNotFoundError: No module named 'absent_module'"),
        ("def f():\n    1 / 0\n\nf()", r"jobs_file\.py:2: ZeroDivisionError: division by zero"),
        ("import sys\nsys.exit(3)", r"jobs_file\.py:2: SystemExit: 3"),
        ("x = 1", "has no job: decorate a function with @job"),
    ],
)
def test_code_that_cannot_be_loaded_is_told_with_file_and_line(write, source, message):
    """The message begins with the place in the user's own code, and shows no frame of the framework."""
    with pytest.raises(LoadError, match=message) as caught:
        load_job_target(write(source))
    assert "loader.py" not in caught.value.message
    assert "importlib" not in caught.value.message


def test_a_definition_that_is_not_well_formed_is_told_with_its_place(write):
    """An error of runrack's own in the file is shown with file, line and its message."""
    source = SOURCE + "\n    work(1)\n    @job\n    def wrong(): work(1)\n"
    with pytest.raises(LoadError, match=r"op 'work' with 1 inputs; it takes no inputs"):
        load_job_target(write(source.replace("    work(1)\n    @job", "    @job")))


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("{path}:frist", "has no job 'frist'; did you mean 'first'. it has: first, second"),
        ("{path}", "has several jobs: first, second; name one: .*:first"),
        ("absent.py", "absent.py: there is no such file"),
        ("no_such_module:job", "there is no module 'no_such_module'"),
        ("no_such.module", "there is no module 'no_such.module'"),
    ],
)
def test_a_target_that_leads_nowhere_says_what_there_is(write, target, message):
    """A missing file, module or job is told with the names that are there."""
    path = write(SOURCE + "\n    @job\n    def second(): work()\n")
    with pytest.raises(LoadError, match=message):
        load_job_target(target.format(path=path))


def test_a_module_level_job_is_reconstructable():
    """reconstructable(job) finds the module and the name, and leads back to the same job."""
    found = reconstructable(module_level)
    assert isinstance(found, ReconstructableJob)
    assert found.get_code_origin().attribute == "module_level"
    assert found.get_definition() is module_level
    assert load_job(found.get_code_origin()) is module_level


def test_a_job_inside_of_a_function_is_not_reconstructable():
    """The message says where a job has to be defined."""

    @job
    def hidden():
        work()

    with pytest.raises(InvalidDefinitionError, match="define it at the top level of a module"):
        reconstructable(hidden)
    with pytest.raises(InvalidDefinitionError, match="takes a job, not a str"):
        reconstructable("module_level")


def test_another_process_loads_the_job_from_its_origin(write):
    """The origin of a file's job leads another interpreter to the same job."""
    origin = load_job_target(write(SOURCE)).get_code_origin()
    code = (
        "from runrack.definitions.reconstructable import load_job\n"
        "from runrack.records.run import JobCodeOrigin\n"
        f"print(load_job(JobCodeOrigin('first', 'first', file={origin.file!r})).name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "first\n"


def test_an_origin_whose_job_is_gone_is_told(write):
    """A name that has vanished, or is no job any more, is a LoadError."""
    origin = load_job_target(write(SOURCE)).get_code_origin()
    gone = type(origin)(origin.job_name, "frist", file=origin.file)
    with pytest.raises(LoadError, match="nothing named 'frist'; did you mean 'first'"):
        load_job(gone)
    with pytest.raises(LoadError, match=r"'work' in .* is no job"):
        load_job(type(origin)(origin.job_name, "work", file=origin.file))

"""Python's logging in runs: managed loggers become part of the log, and handlers take what a run says."""

import json
import logging
import threading

import pytest

from runrack.config.secret import forget_secrets, register_secret
from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.definitions.resource import resource
from runrack.engine import execute_job
from runrack.errors import ConfigError
from runrack.instance.instance import Instance

library = logging.getLogger("acme.library")


@op
def speak(context):
    library.info("from the library: %s", "detail")
    logging.getLogger("other").warning("from elsewhere")
    context.log.debug("from the op")


@job
def speaking():
    speak()


def messages(instance, run_id):
    """The plain messages of a run: level, step and text."""
    records = instance.get_records_for_run(run_id).records
    entries = [record.event_log_entry for record in records]
    return [(entry.level, entry.step_key, entry.message) for entry in entries if not entry.is_event]


def run(settings, definition=speaking):
    with Instance.ephemeral(settings={"python_logs": settings}) as instance:
        result = execute_job(definition, instance, raise_on_error=True)
        return messages(instance, result.run_id)


def test_nothing_is_managed_by_default():
    """Only `context.log` writes to the run's log, at every level."""
    assert run({}) == [(logging.DEBUG, "speak", "from the op")]


def test_managed_loggers_speak_for_the_step():
    """A managed logger, and those below it, write to the log of the step that is executed."""
    found = run({"managed_python_loggers": ["acme"], "python_log_level": "INFO"})
    assert found == [(logging.INFO, "speak", "from the library: detail")]


def test_the_root_logger_is_all_loggers_but_our_own():
    """Each message is stored once, `context.log`'s as well, though loggers hand them up to the root."""
    found = run({"managed_python_loggers": ["root", "acme.library"], "python_log_level": "DEBUG"})
    assert found == [
        (logging.INFO, "speak", "from the library: detail"),
        (logging.WARNING, "speak", "from elsewhere"),
        (logging.DEBUG, "speak", "from the op"),
    ]


def test_loggers_are_as_they_were_after_the_run():
    """Handlers and levels of managed loggers last for the run."""
    before = (list(library.handlers), library.level)
    run({"managed_python_loggers": ["acme.library"], "python_log_level": "DEBUG"})
    assert (library.handlers, library.level) == before


def test_a_resource_speaks_for_the_run():
    """What a managed logger says before the first step belongs to the run."""

    @resource
    def talkative(_):
        library.warning("set up")

    @op(required_resource_keys={"talkative"})
    def use():
        pass

    @job(resource_defs={"talkative": talkative})
    def using():
        use()

    assert run({"managed_python_loggers": ["acme"]}, using) == [(logging.WARNING, None, "set up")]


def test_threads_of_an_op_speak_for_it():
    """A thread that an op starts writes to the op's log, too."""

    @op
    def start():
        thread = threading.Thread(target=library.warning, args=("from a thread",))
        thread.start()
        thread.join()

    @job
    def starting():
        start()

    found = run({"managed_python_loggers": ["acme"]}, starting)
    assert found == [(logging.WARNING, "start", "from a thread")]


def test_runs_of_other_threads_are_not_mixed_up():
    """What one of two runs of a process logs is not in the log of the other."""
    settings = {"managed_python_loggers": ["acme"], "python_log_level": "INFO"}
    both_run = threading.Barrier(2)
    found = {}

    def run_one(name):
        @op
        def meet():
            both_run.wait(10)
            library.info("from %s", name)
            both_run.wait(10)

        @job
        def meeting():
            meet()

        found[name] = run(settings, meeting)

    threads = [threading.Thread(target=run_one, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {name: [(logging.INFO, "meet", f"from {name}")] for name in ("a", "b")}


HANDLERS = {
    "formatters": {"json": {"format": '{"name": "%(name)s", "text": "%(message)s"}'}},
    "handlers": {"file": {"class": "logging.FileHandler", "level": "INFO", "formatter": "json"}},
}


def handlers_into(path):
    handlers = {"file": {**HANDLERS["handlers"]["file"], "filename": str(path)}}
    return {**HANDLERS, "handlers": handlers}


def test_configured_handlers_take_what_a_run_says(tmp_path):
    """A handler as `logging.config.dictConfig` takes it gets the messages of managed loggers and of `context.log`."""

    @op
    def speak_up(context):
        library.info("from the library")
        context.log.info("from the op")
        context.log.debug("below the handler's level")

    @job
    def speaking_up():
        speak_up()

    path = tmp_path / "run.log"
    settings = {
        "managed_python_loggers": ["acme"],
        "python_log_level": "DEBUG",
        "handler_config": handlers_into(path),
    }
    run(settings, speaking_up)
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"name": "acme.library", "text": "from the library"},
        {"name": "runrack.run", "text": "from the op"},
    ]


def test_handlers_get_no_secrets(tmp_path):
    """The value of a secret is replaced in what handlers and the log get."""

    @op
    def tell():
        library.warning("password %s", "correct-horse")

    @job
    def telling():
        tell()

    path = tmp_path / "run.log"
    register_secret("correct-horse")
    try:
        found = run({"managed_python_loggers": ["acme"], "handler_config": handlers_into(path)}, telling)
    finally:
        forget_secrets()
    assert found == [(logging.WARNING, "tell", "password ***")]
    assert json.loads(path.read_text())["text"] == "password ***"


def test_a_handler_that_cannot_be_made_keeps_the_run_from_starting():
    """The error names the setting; the run fails before any step."""
    broken = {"handlers": {"none": {"class": "logging.NoSuchHandler"}}}
    with pytest.raises(ConfigError, match=r"python_logs\.handler_config"):
        run({"handler_config": broken})

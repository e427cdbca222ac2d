"""Every error that runrack raises: one family, sorted by the situation it describes.

The docstring of a class is its default message. An error carries what happened as attributes, says in its message
what happened, where, and what to do, and never holds a configuration value that could be a secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from runrack.config.problem import ConfigProblem

OriginalExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]
"""What `sys.exc_info()` gives inside an `except` block."""


class RunrackError(Exception):
    """Something went wrong in runrack."""

    code: str = "RR-X001"
    """The stable code of this kind of error: `runrack explain RR-X001` prints the page about it."""

    exit_code: ClassVar[int] = 1
    """What the command line exits with when this error ends a command: 2 where the input was at fault."""

    def __init__(self, message: str | None = None) -> None:
        self.message = message if message is not None else _first_paragraph(type(self).__doc__ or "")
        super().__init__(self.message)


class InvalidArgumentError(RunrackError, ValueError):
    """An argument has a wrong type or a value that is not allowed."""

    code = "RR-A101"
    exit_code = 2


class UnsafePathError(InvalidArgumentError):
    """The path leads out of the folder that it has to stay in."""

    code = "RR-A102"


class InvariantViolationError(RunrackError):
    """The request contradicts the state that it meets."""

    code = "RR-X002"


class InvalidDefinitionError(RunrackError):
    """A definition (op, job, resource, executor, asset) is not well formed."""

    code = "RR-D101"
    exit_code = 2


class InvalidInvocationError(RunrackError):
    """A definition was called in a way that it does not allow."""

    code = "RR-D102"
    exit_code = 2


class ResourceAccessError(InvalidInvocationError, AttributeError):
    """An op asked for a resource that it does not require."""

    code = "RR-D103"


class LoadError(RunrackError):
    """Python code named by the user (a file or a module) cannot be loaded, or holds no such job."""

    code = "RR-D104"
    exit_code = 2


class ConfigError(RunrackError):
    """The configuration does not satisfy its schema.

    Attributes:
        problems: What is wrong, in the order of the document; never a value.
        codes: The code of each kind of problem, once.
    """

    code = "RR-C100"
    exit_code = 2

    def __init__(
        self, message: str, problems: Sequence[ConfigProblem] = (), more_codes: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.problems = tuple(problems)
        self.codes = tuple(dict.fromkeys([*(problem.code for problem in problems), *more_codes])) or (
            self.code,
        )


class HomeError(ConfigError):
    """The runrack home ($RUNRACK_HOME) cannot be used."""

    code = "RR-C101"


class NotFoundError(RunrackError):
    """What was asked for does not exist."""

    code = "RR-R100"


class RunNotFoundError(NotFoundError):
    """No run with this id is stored."""

    code = "RR-R101"

    def __init__(self, run_id: str) -> None:
        super().__init__(f"no run with id {run_id!r} is stored. `runrack runs list` shows the runs that are")
        self.run_id = run_id


class SnapshotNotFoundError(NotFoundError):
    """A run refers to a snapshot that is not stored."""

    code = "RR-R102"

    def __init__(self, snapshot_id: str) -> None:
        super().__init__(f"no snapshot with id {snapshot_id!r} is stored: add the snapshot before the run")
        self.snapshot_id = snapshot_id


class LogNotFoundError(NotFoundError):
    """No compute log is stored under this key."""

    code = "RR-R103"


class ValueNotFoundError(NotFoundError):
    """No value is kept for this output."""

    code = "RR-R104"


class ConflictError(RunrackError):
    """Someone else already did this, or did something that excludes it."""

    code = "RR-R200"


class RunAlreadyExistsError(ConflictError):
    """A run with this id is stored already."""

    code = "RR-R201"

    def __init__(self, run_id: str) -> None:
        super().__init__(f"a run with id {run_id!r} is stored already: leave the id out to get a new one")
        self.run_id = run_id


class RunConflictError(ConflictError):
    """A stored run has this id but other fields."""

    code = "RR-R202"

    def __init__(self, run_id: str) -> None:
        super().__init__(f"a run with id {run_id!r} is stored already and differs from the one given")
        self.run_id = run_id


class StaleClaimError(ConflictError):
    """The claim on a run is no longer held: its lease ran out, another took the run, or the run ended."""

    code = "RR-R203"

    def __init__(self, run_id: str) -> None:
        super().__init__(
            f"the claim on run {run_id!r} is no longer held: its lease ran out, another took the run, or the run ended."
            " Stop working on the run: what you still report about it comes late"
        )
        self.run_id = run_id


class AlreadyExistsError(ConflictError):
    """A row with this key is stored already."""

    code = "RR-R204"


class PluginError(RunrackError):
    """A plugin cannot be used.

    Attributes:
        distribution: The distribution that declares the plugin, with its version, where it is known.
        fix: What to do about it.
        code: That of the reason, where there are several for this kind of error.
    """

    code = "RR-P100"
    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        distribution: str | None = None,
        fix: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message if fix is None else f"{message}\n  fix: {fix}")
        self.distribution = distribution
        self.fix = fix
        self.code = code or self.code


class PluginNotFoundError(PluginError):
    """No installed distribution declares a plugin of this name."""

    code = "RR-P101"


class PluginConflictError(PluginError):
    """Two distributions claim one plugin name."""

    code = "RR-P102"


class PluginBlockedError(PluginError):
    """The plugin is switched off by the operator's policy or by safe mode."""

    code = "RR-P103"


class PluginIncompatibleError(PluginError):
    """The plugin was made for another version of runrack's plugin interface."""

    code = "RR-P104"


class PluginLoadError(PluginError):
    """The plugin is installed but cannot be imported, or is not what it claims to be."""

    code = "RR-P105"


class HookRegistrationError(PluginError):
    """A plugin's hook implementation does not fit any hook that runrack calls."""

    code = "RR-P106"


class PluginSetError(PluginError):
    """This process has other plugins than the one that made the run, and the configuration does not allow that."""

    code = "RR-P107"


class StorageError(RunrackError):
    """A storage cannot do what it was asked."""

    code = "RR-S100"


class StorageUnavailableError(StorageError):
    """The database cannot be reached just now; nothing was changed, the same call may succeed later."""

    code = "RR-S101"


class SpoolFullError(StorageUnavailableError):
    """The storage is away, and no more events can wait for it on this machine's disk; nothing was changed."""

    code = "RR-S102"


class StorageOutcomeUnknownError(StorageError):
    """The database went away while it committed: all was changed or nothing. Look before you repeat the call."""

    code = "RR-S103"


class StorageAccessDeniedError(StorageError):
    """The store refuses the credentials, or does not allow this with them; nothing was changed."""

    code = "RR-S104"


class StorageFullError(StorageError):
    """The disk below the database is full; nothing was changed. Free some space: writing resumes by itself."""

    code = "RR-S105"


class StorageCorruptError(StorageError):
    """The database is damaged or is no runrack database."""

    code = "RR-S106"


class StorageVersionError(StorageError):
    """The database was written by another version of runrack and must be migrated first."""

    code = "RR-S107"


class UnsafeFilesystemError(StorageError):
    """The path lies on a network file system, on which SQLite loses data."""

    code = "RR-S108"
    exit_code = 2


class RecordDecodeError(StorageError):
    """A stored record cannot be read: it is damaged or not one of runrack's.

    Attributes:
        run_id: The run that the record belongs to, where it is known.
    """

    code = "RR-S109"

    def __init__(self, message: str, run_id: str | None = None) -> None:
        super().__init__(message)
        self.run_id = run_id


class UnmetExecutorRequirementsError(RunrackError):
    """The executor needs something that this job or this instance does not give."""

    code = "RR-D105"
    exit_code = 2


class LaunchFailedError(RunrackError):
    """The run launcher could not start the run."""

    code = "RR-R300"


class LocationUnavailableError(LaunchFailedError):
    """The code of a location cannot be loaded just now; what needs it waits.

    Attributes:
        location_name: Which code location.
        reason: Why, in one message.
    """

    code = "RR-R301"

    def __init__(self, location_name: str, reason: str) -> None:
        super().__init__(f"code location {location_name!r} is not available: {reason}")
        self.location_name = location_name
        self.reason = reason


class ExecutionInterruptedError(BaseException):
    """The execution was interrupted by a signal. Not an `Exception`, so that user code does not swallow it."""

    code: str = "RR-R302"


class StepProcessError(RunrackError):
    """The process of a step ended before the step did."""

    code = "RR-R303"


class RunFailedError(RunrackError):
    """The run ended in failure, and what ended it lies in another process: the run's log has it."""

    code = "RR-R304"


class UserCodeError(RunrackError):
    """The user's own code is at fault: base of what the error boundary produces and of `Failure`."""

    code = "RR-U100"


class RedactedUserCodeError(UserCodeError):
    """An error of the user's code whose text is kept out of the run's log. The message says how to find it."""

    code = "RR-U101"


class UserCodeExecutionError(UserCodeError):
    """An exception came out of the user's code.

    Attributes:
        user_exception: The exception, untouched.
        original_exc_info: `sys.exc_info()` of the moment, so that its own stack can be shown.
        is_user_code_error: Always true.
    """

    code = "RR-U102"

    is_user_code_error: ClassVar[bool] = True

    def __init__(
        self, message: str, *, user_exception: BaseException, original_exc_info: OriginalExcInfo
    ) -> None:
        if not isinstance(user_exception, Exception):
            raise InvalidArgumentError(
                f"user_exception must be an Exception, not {type(user_exception).__name__}"
            )
        if not isinstance(original_exc_info, tuple) or original_exc_info[0] is None:
            raise InvalidArgumentError(
                "original_exc_info must be what sys.exc_info() gave in the except block"
            )
        super().__init__(message)
        self.user_exception = user_exception
        self.original_exc_info = original_exc_info


class ExecutionStepExecutionError(UserCodeExecutionError):
    """An op raised while one of its steps was executed."""

    code = "RR-U103"

    def __init__(
        self,
        message: str,
        *,
        user_exception: BaseException,
        original_exc_info: OriginalExcInfo,
        step_key: str,
        op_name: str,
        op_def_name: str,
    ) -> None:
        super().__init__(message, user_exception=user_exception, original_exc_info=original_exc_info)
        self.step_key = step_key
        self.op_name = op_name
        self.op_def_name = op_def_name


class ResourceFunctionError(UserCodeExecutionError):
    """A resource raised while it was set up or torn down."""

    code = "RR-U104"


class HookExecutionError(UserCodeExecutionError):
    """A hook raised after a step."""

    code = "RR-U105"


class ConfigMappingError(UserCodeExecutionError):
    """The function given to `configured` raised."""

    code = "RR-U106"


class ExecutorCreationError(UserCodeExecutionError):
    """The function that creates an executor raised."""

    code = "RR-U107"


class TypeCheckError(UserCodeError):
    """A value does not have the type that the op's input or output declares."""

    code = "RR-U108"


class StepOutputError(UserCodeError):
    """An op did not give the outputs that it declares."""

    code = "RR-U109"


def with_article(name: str) -> str:
    """The name with its article, for a message: "an int", "a str"."""
    return f"an {name}" if name[:1].lower() in set("aeio") else f"a {name}"


def _first_paragraph(docstring: str) -> str:
    return " ".join(docstring.partition("\n\n")[0].split())


class UnstorableValueError(UserCodeError):
    """An op gave a value that its IO manager cannot keep."""

    code = "RR-U110"


class HandleOutputError(UserCodeExecutionError):
    """An IO manager raised while it kept a value."""

    code = "RR-U111"


class LoadInputError(UserCodeExecutionError):
    """An IO manager raised while it loaded a value."""

    code = "RR-U112"

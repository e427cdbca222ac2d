"""The border between the framework and the user's code."""

import logging
import traceback

import pytest

from runrack.definitions.error_boundary import user_code_error_boundary
from runrack.definitions.output import Failure
from runrack.definitions.user_stack import user_error_info
from runrack.errors import (
    ExecutionInterruptedError,
    ExecutionStepExecutionError,
    InvalidArgumentError,
    RedactedUserCodeError,
    ResourceFunctionError,
    RunrackError,
    StorageError,
    UserCodeExecutionError,
)


class LogCapture:
    """Notes when capturing begins and ends."""

    def __init__(self):
        self.calls = []

    def begin_python_log_capture(self):
        self.calls.append("begin")

    def end_python_log_capture(self):
        self.calls.append("end")


def fail():
    raise ValueError("the user's words")


def test_a_body_that_finishes_is_left_alone():
    """Nothing happens, and msg_fn is not called."""
    with user_code_error_boundary(ResourceFunctionError, lambda: pytest.fail("called")):
        value = 1
    assert value == 1


def test_an_exception_is_wrapped_with_message_cause_and_stack():
    """The given class is raised; it has the message, the exception as cause and attribute, and its stack."""
    with (
        pytest.raises(ResourceFunctionError, match=r"^it broke$") as caught,
        user_code_error_boundary(ResourceFunctionError, lambda: "it broke"),
    ):
        fail()
    error = caught.value
    assert isinstance(error.user_exception, ValueError)
    assert error.__cause__ is error.user_exception
    assert error.original_exc_info[:2] == (ValueError, error.user_exception)
    assert traceback.extract_tb(error.original_exc_info[2])[-1].name == "fail"
    assert error.is_user_code_error is True


@pytest.mark.parametrize("error_cls", [RunrackError, ValueError, "ResourceFunctionError", None])
def test_error_cls_is_a_kind_of_user_code_execution_error(error_cls):
    """Anything else is refused before the body runs."""
    with (
        pytest.raises(InvalidArgumentError, match="error_cls"),
        user_code_error_boundary(error_cls, lambda: ""),
    ):
        pytest.fail("the body ran")


def test_a_text_in_place_of_the_message_function_is_refused_with_the_remedy():
    """msg_fn is a function; a text gets an error that shows how to make one of it."""
    with (
        pytest.raises(InvalidArgumentError, match="pass a function, lambda: '…'"),
        user_code_error_boundary(ExecutionStepExecutionError, "Error occurred during step execution"),
    ):
        pytest.fail("the body ran")


def test_the_example_of_the_documentation_works_with_a_function():
    """A step's error carries the step key and the op's names."""
    with (
        pytest.raises(ExecutionStepExecutionError, match="Error occurred") as caught,
        user_code_error_boundary(
            ExecutionStepExecutionError,
            lambda: "Error occurred during step execution",
            step_key="a",
            op_name="a",
            op_def_name="b",
        ),
    ):
        fail()
    assert (caught.value.step_key, caught.value.op_name, caught.value.op_def_name) == ("a", "a", "b")


@pytest.mark.parametrize("raises", [False, True])
def test_python_logging_is_captured_around_the_body(raises):
    """The log manager begins before and ends after the body, also when it raises."""
    capture = LogCapture()
    try:
        with user_code_error_boundary(ResourceFunctionError, lambda: "", log_manager=capture):
            capture.calls.append("body")
            if raises:
                fail()
    except ResourceFunctionError:
        capture.calls.append("raised")
    assert capture.calls == ["begin", "body", "end", *(["raised"] if raises else [])]


@pytest.mark.parametrize(
    "error", [StorageError("full"), Failure("no data"), KeyboardInterrupt(), SystemExit(3), GeneratorExit()]
)
def test_errors_of_the_framework_and_interruptions_pass_unchanged(error):
    """An error of runrack's family, and what is no Exception, is not wrapped."""
    with (
        pytest.raises(type(error)) as caught,
        user_code_error_boundary(ResourceFunctionError, lambda: ""),
    ):
        raise error
    assert caught.value is error


def test_a_user_error_needs_the_exception_and_its_info():
    """UserCodeExecutionError refuses to be made without the exception it is about."""
    with pytest.raises(InvalidArgumentError, match="user_exception"):
        UserCodeExecutionError("x", user_exception=None, original_exc_info=(ValueError, ValueError(), None))
    with pytest.raises(InvalidArgumentError, match="original_exc_info"):
        UserCodeExecutionError("x", user_exception=ValueError(), original_exc_info=(None, None, None))


def test_only_the_users_part_of_the_stack_is_kept_as_data():
    """The framework's frames are left out: the wrapper has no stack, its cause begins in the user's code."""
    with (
        pytest.raises(ResourceFunctionError) as caught,
        user_code_error_boundary(ResourceFunctionError, lambda: "it broke"),
    ):
        fail()
    info = user_error_info(caught.value)
    assert info.message == "runrack.errors.ResourceFunctionError: it broke\n"
    assert info.stack == ()
    assert info.cause.message == "ValueError: the user's words\n"
    assert len(info.cause.stack) == 2
    assert "error_boundary.py" not in info.cause.stack[0].replace("test_error_boundary.py", "")


class TestRedaction:
    """With RUNRACK_REDACT_USER_CODE_ERRORS set."""

    @pytest.fixture(autouse=True, params=["1", "true", "T"])
    def _redact(self, request, monkeypatch):
        monkeypatch.setenv("RUNRACK_REDACT_USER_CODE_ERRORS", request.param)

    def wrapped(self):
        with (
            pytest.raises(ResourceFunctionError) as caught,
            user_code_error_boundary(ResourceFunctionError, lambda: "it broke"),
        ):
            fail()
        return caught.value

    def test_nothing_of_the_users_error_is_left(self):
        """Message, class and stack of the user's error appear in no text that can be made of the new one."""
        error = self.wrapped()
        assert isinstance(error.user_exception, RedactedUserCodeError)
        for text in (
            user_error_info(error).to_string(),
            "".join(traceback.format_exception(error.user_exception)),
            str(error.__context__),
        ):
            assert "user's words" not in text
            assert "ValueError" not in text
            assert "in fail" not in text

    def test_the_full_error_is_in_the_log_under_the_id(self, caplog):
        """The logger runrack.redacted_errors gets the exception in full, with the id that the message names."""
        error = self.wrapped()
        (record,) = caplog.records
        assert (record.name, record.levelno) == ("runrack.redacted_errors", logging.ERROR)
        assert record.exc_info[0] is ValueError
        assert record.args[0] in str(error.user_exception)

    def test_the_logger_can_be_chosen(self, caplog, monkeypatch):
        """RUNRACK_REDACTED_ERROR_LOGGER_NAME names the logger."""
        monkeypatch.setenv("RUNRACK_REDACTED_ERROR_LOGGER_NAME", "vault")
        self.wrapped()
        assert [record.name for record in caplog.records] == ["vault"]

    def test_nested_boundaries_keep_one_id(self, caplog):
        """What the inner boundary redacted passes the outer one unchanged."""
        with (
            pytest.raises(ResourceFunctionError),
            user_code_error_boundary(ExecutionStepExecutionError, lambda: "outer"),
            user_code_error_boundary(ResourceFunctionError, lambda: "inner"),
        ):
            fail()
        assert len(caplog.records) == 1

    @pytest.mark.parametrize(
        "error", [Failure("told on purpose"), KeyboardInterrupt(), ExecutionInterruptedError("stop")]
    )
    def test_failures_and_interruptions_keep_their_class_and_lose_their_stack(self, error):
        """What the user says on purpose stays; the stack and the causes go."""
        error.__cause__ = ValueError("the user's words")

        def raise_it():
            raise error

        with (
            pytest.raises(type(error)) as caught,
            user_code_error_boundary(ResourceFunctionError, lambda: ""),
        ):
            raise_it()
        assert caught.value is error
        text = "".join(traceback.format_exception(error))
        assert "raise_it" not in [frame.name for frame in traceback.extract_tb(error.__traceback__)]
        assert "user's words" not in text


def test_without_the_variable_nothing_is_redacted(monkeypatch):
    """Any other value of the variable leaves errors as they are."""
    monkeypatch.setenv("RUNRACK_REDACT_USER_CODE_ERRORS", "0")
    with (
        pytest.raises(ResourceFunctionError) as caught,
        user_code_error_boundary(ResourceFunctionError, lambda: ""),
    ):
        fail()
    assert isinstance(caught.value.user_exception, ValueError)

"""Loading: each way in which a plugin can fail has its own message, which names plugin, cause and fix."""

import pytest

from runrack.config.secret import register_secret
from runrack.errors import PluginLoadError
from runrack.host.discovery import discover
from runrack.host.policy import PluginPolicy
from runrack.host.registry import PluginRegistry
from runrack.testing.plugins import BROKEN_KINDS, broken_distribution, fake_distribution


def failure(site, name, slot="run_storage"):
    registry = PluginRegistry(discover([str(site)], "no index"), PluginPolicy())
    with pytest.raises(PluginLoadError) as caught:
        registry.load_plugin(slot, name)
    return caught.value


def plugin(site, value="acme:Thing", slot="run_storage", **modules):
    fake_distribution(
        site,
        "acme",
        "1.4.2",
        entry_points={f"runrack.{slot}": {"thing": value}},
        modules={f"{name}.py": source for name, source in modules.items()},
    )


EXPECTED = {
    "missing_dependency": (
        "the distribution is installed but its dependency 'surely_not_installed' is missing (ModuleNotFoundError)",
        "pip install 'broken-missing-dependency[driver]'",
    ),
    "missing_attribute": (
        "'broken_missing_attribute' has no attribute 'Broken' (AttributeError); did you mean 'Brokne'?",
        "pip install --upgrade broken-missing-attribute, or report it to its author",
    ),
    "raising": (
        "module 'broken_raising' raised while it was imported: RuntimeError: the import of this plugin raises",
        "pip install --upgrade broken-raising, or report it to its author",
    ),
    "wrong_class": (
        "Broken does not derive from runrack.interfaces.run_storage.RunStorage",
        "name a class that derives from RunStorage",
    ),
    "sys_exit": (
        "module 'broken_sys_exit' called sys.exit() while it was imported (SystemExit)",
        "pip install --upgrade broken-sys-exit, or report it to its author",
    ),
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_each_kind_of_failure_is_told_apart(site, kind):
    """The message names slot, plugin, distribution, version, cause class, entry point and file; the fix what to do."""
    folder = broken_distribution(site, kind)
    reason, fix = EXPECTED[kind]
    distribution = f"broken-{kind.replace('_', '-')} 6.6"
    error = failure(site, kind)

    assert error.message == (
        f"the run_storage plugin '{kind}' of {distribution} cannot be used: {reason}\n"
        f"  declared by [runrack.run_storage] {kind} = broken_{kind}:Broken in {folder / 'entry_points.txt'}\n"
        f"  fix: {fix}"
    )
    assert (error.distribution, error.fix) == (distribution, fix)


def test_a_syntax_error_hints_at_the_python_version(site):
    """A file that does not parse is named with its line, this Python, and the Python that the distribution needs."""
    broken_distribution(site, "syntax_error")
    error = failure(site, "syntax_error")

    assert f"{site / 'broken_syntax_error' / '__init__.py'}:1 is not valid in Python 3." in error.message
    assert "(SyntaxError); the distribution needs Python >=3.99" in error.message


@pytest.mark.parametrize("kind", sorted(set(BROKEN_KINDS) - {"missing_attribute", "wrong_class"}))
def test_the_original_error_is_the_cause(site, kind):
    """Whoever debugs a plugin finds the original exception behind the message."""
    broken_distribution(site, kind)
    causes = {
        "missing_dependency": ModuleNotFoundError,
        "syntax_error": SyntaxError,
        "raising": RuntimeError,
        "sys_exit": SystemExit,
    }

    assert type(failure(site, kind).__cause__) is causes[kind]


def test_a_dependency_without_an_extra_is_named_itself(site):
    """When no extra brings the missing module in, the fix installs it by its own name."""
    plugin(site, acme="import lxml_not_there.etree")

    assert failure(site, "thing").fix == "pip install lxml_not_there"


def test_an_installed_dependency_that_lacks_a_module_is_not_called_missing(site):
    """A dependency of another version is there, but not what the plugin wants of it."""
    plugin(site, acme="import json.surely_not_there")
    found = failure(site, "thing")

    assert (
        "cannot import what it needs: ModuleNotFoundError: No module named 'json.surely_not_there'"
        in found.message
    )
    assert found.fix == "install versions that fit together: pip check names those that do not"


@pytest.mark.parametrize(
    ("value", "missing"), [("acme.runs:Thing", "acme.runs"), ("nothing.at_all:T", "nothing")]
)
def test_a_declared_module_that_does_not_exist_is_a_packaging_bug(site, value, missing):
    """The distribution's own module missing is another fault than a missing dependency."""
    plugin(site, value, **{"acme/__init__": ""})
    error = failure(site, "thing")

    assert f"its module '{missing}' does not exist (ModuleNotFoundError)" in error.message
    assert error.fix == "pip install --force-reinstall acme"


def test_an_import_that_does_not_fit_is_told(site):
    """A name missing in another package points at versions that do not fit together."""
    plugin(site, acme="from json import surely_not_there")
    error = failure(site, "thing")

    assert "module 'acme' cannot import what it needs: ImportError: cannot import name" in error.message


def test_a_lazy_module_that_fails_late_is_told(site):
    """An import that fails when the attribute is asked for is explained like any other."""
    plugin(site, acme="def __getattr__(name):\n    import surely_not_there\n")

    assert "its dependency 'surely_not_there' is missing" in failure(site, "thing").message


def test_a_nested_attribute_is_found_or_told(site):
    """The object may lie inside a class; the missing link is named."""
    plugin(site, "acme:Outer.Innr", acme="class Outer:\n    class Inner: pass\n")

    assert (
        "'Outer' has no attribute 'Innr' (AttributeError); did you mean 'Inner'?"
        in failure(site, "thing").message
    )


def test_methods_left_abstract_are_listed(site):
    """An unfinished class is refused when it is loaded, with the names of what is missing."""
    source = "from runrack.interfaces.artifact_storage import ArtifactStorage\nclass Thing(ArtifactStorage): pass\n"
    plugin(site, slot="artifact_storage", acme=source)
    from runrack.interfaces.artifact_storage import ArtifactStorage

    unwritten = ", ".join(sorted(ArtifactStorage.__abstractmethods__))
    error = failure(site, "thing", "artifact_storage")
    assert f"Thing leaves methods of ArtifactStorage unwritten: {unwritten}" in error.message


@pytest.mark.parametrize(
    ("module", "interface", "fix"),
    [
        ("event_log_storage", "EventLogStorage", "put it under `event_log_storage:`"),
        ("compute_log_manager", "ComputeLogManager", "put it under `compute_logs:`"),
        ("artifact_storage", "ArtifactStorage", "put it under `local_artifact_storage:`"),
        ("file_manager", "FileManager", "declare it in the entry-point group runrack.file_manager"),
    ],
)
def test_a_class_of_another_slot_is_sent_there(site, module, interface, fix):
    """A class that implements another interface is told apart, and the fix names the key that it belongs under."""
    plugin(
        site, acme=f"from runrack.interfaces.{module} import {interface}\nclass Thing({interface}): pass\n"
    )
    error = failure(site, "thing")

    article = "an" if interface[0] in "AE" else "a"
    assert f"Thing is {article} {interface}, not a RunStorage" in error.message
    assert error.fix == fix


def test_an_object_that_is_no_class_is_told(site):
    """A function where a class is wanted is named as what it is."""
    plugin(site, acme="def Thing(): pass\n")

    assert "Thing is no class, where a RunStorage is wanted" in failure(site, "thing").message


def test_an_interrupt_is_no_failure_of_a_plugin(site):
    """Ctrl-C during an import ends the program."""
    plugin(site, acme="raise KeyboardInterrupt\n")
    registry = PluginRegistry(discover([str(site)], "no index"), PluginPolicy())

    with pytest.raises(KeyboardInterrupt):
        registry.load_plugin("run_storage", "thing")


def test_a_secret_in_the_error_of_a_plugin_is_hidden(site):
    """The message of another's exception goes through redaction and is kept short."""
    register_secret("hunter2-canary")
    plugin(site, acme="raise ValueError('bad url: hunter2-canary ' + 'x' * 1000)\n")
    message = failure(site, "thing").message

    assert "hunter2-canary" not in message
    assert "ValueError: bad url: ***" in message
    assert len(message.splitlines()[0]) < 400


@pytest.mark.parametrize(
    ("module", "class_name", "message", "fix"),
    [
        (
            "acme",
            "Thig",
            "'acme' has no attribute 'Thig' (AttributeError); did you mean 'Thing'?",
            "correct `class:`",
        ),
        (
            "surely_not_there.runs",
            "Thing",
            "no module named 'surely_not_there' is installed (ModuleNotFoundError)",
            "install the distribution that provides it, or correct `module:`",
        ),
        (
            "package.stroage",
            "Thing",
            "package 'package' has no module 'stroage' (ModuleNotFoundError)",
            "correct `module:`: did you mean package.storage?",
        ),
        (
            "needy",
            "Thing",
            "module 'needy' is installed but its dependency 'surely_not_there' is missing (ModuleNotFoundError)",
            "pip install surely_not_there",
        ),
    ],
)
def test_the_class_form_is_diagnosed_for_the_operator(site, module, class_name, message, fix):
    """What the operator wrote under `module:` and `class:` is corrected in the operator's terms."""
    (site / "package").mkdir()
    for name, source in {
        "acme.py": "class Thing: pass\n",
        "needy.py": "import surely_not_there\n",
        "package/__init__.py": "",
        "package/storage.py": "",
    }.items():
        (site / name).write_text(source)
    registry = PluginRegistry(discover([str(site)], "no index"), PluginPolicy())

    with pytest.raises(PluginLoadError) as caught:
        registry.load_class(module, class_name, object)
    assert caught.value.message == (
        f"module: {module}, class: {class_name} cannot be used: {message}\n  fix: {fix}"
    )

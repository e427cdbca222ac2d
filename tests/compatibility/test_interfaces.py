"""What plugins build on is what `interfaces.json` says, or its version was raised.

`python tests/compatibility/test_interfaces.py` writes the file anew, once the versions in `runrack.host.slots` say enough.
"""

import importlib
import inspect
import json
import pkgutil
import sys
from pathlib import Path

import pytest

import runrack.interfaces
from runrack import hookspecs
from runrack.host.configurable import ConfigurableClass
from runrack.host.slots import HOOKS_SLOT, PLUGIN_API, SLOTS
from runrack.interfaces.executor import Executor
from runrack.interfaces.part import InstancePart, InstanceServices

FILE = Path(__file__).with_name("interfaces.json")
COMMON = "plugin_api"
NOTHING = {"version": [0, 0], "abstract": {}, "given": {}, "served": {}}


def parameters(function):
    """The parameters of a function but `self`: `name`, `name=` with a default, `*` before those given by name only."""
    described = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not {"*", "*args"} & set(described):
            described.append("*")
        star = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        described.append(star + parameter.name + ("" if parameter.default is parameter.empty else "="))
    return [text for text in described if text not in {"self", "cls"}]


def members(owner, prefix=""):
    """Public method to its parameters; a property has the parameter `property`."""
    found = {}
    for name in dir(owner):
        member = inspect.getattr_static(owner, name)
        if name.startswith("_") or name == "register":
            continue
        if isinstance(member, property):
            found[prefix + name] = ["property"]
        elif callable(getattr(owner, name)):
            found[prefix + name] = parameters(getattr(member, "__func__", member))
    return found


def interface(owner, version):
    """What a plugin for a slot has to write, and what it is given."""
    everything = members(owner)
    abstract = {name: found for name, found in everything.items() if name in owner.__abstractmethods__}
    given = {name: found for name, found in everything.items() if name not in abstract}
    return {**NOTHING, "version": list(version), "abstract": abstract, "given": given}


def abilities():
    """The methods of every optional ability; one more in an ability takes it from those who have it."""
    modules = pkgutil.iter_modules(runrack.interfaces.__path__, "runrack.interfaces.")
    owners = {
        name: found
        for module in modules
        for name, found in vars(importlib.import_module(module.name)).items()
        if name.startswith("Supports")
    }
    return {name: ["has", *sorted(members(owner))] for name, owner in owners.items()} | {
        method: found
        for name, owner in owners.items()
        for method, found in members(owner, f"{name}.").items()
    }


def describe():
    """All that plugins build on, by slot; what all of them share stands under `plugin_api`."""
    owners = {slot.name: slot.load_interface() for slot in SLOTS.values()} | {"executor": Executor}
    slots = {name: interface(owner, SLOTS[name].api) for name, owner in owners.items() if owner is not None}
    hooks = {
        name: parameters(found)
        for name, found in vars(hookspecs).items()
        if getattr(found, f"{hookspecs.PROJECT}_spec", None) is not None
    }
    common = interface(ConfigurableClass, (PLUGIN_API, 0))
    common["given"] |= members(InstancePart, "InstancePart.") | abilities()
    common["served"] = members(InstanceServices, "InstanceServices.")
    return {
        **slots,
        HOOKS_SLOT: {**NOTHING, "version": list(SLOTS[HOOKS_SLOT].api), "served": hooks},
        COMMON: common,
    }


def still_serves(old, new):
    """Tell whether what the host gives by these names has all that it had, and asks for nothing more."""
    return [text for text in new if text in old] == old and all(
        text.endswith("=") or text == "*" for text in new if text not in old
    )


def breaks(old, new, *, is_hook):
    """What a plugin that was made for the old version of an interface does not survive."""
    found = [f"{name} is new and abstract" for name in new["abstract"] if name not in old["abstract"]]
    for kind in ("abstract", "given", "served"):
        for name, before in old[kind].items():
            after = {**new["given"], **new[kind]}.get(name)
            if after is None and name not in new["abstract"]:
                found.append(f"{name} is gone")
            elif after is None or after == before:
                continue
            elif kind != "served" or not (
                (is_hook and set(before) <= set(after)) or still_serves(before, after)
            ):
                found.append(f"{name}({', '.join(before)}) is now {name}({', '.join(after)})")
    return sorted(set(found))


def problems(old, new):
    """A line for each interface whose version says less than what became of it."""
    lines = []
    for slot in sorted({*old, *new}):
        before, after = old.get(slot, NOTHING), new.get(slot, NOTHING)
        broken = breaks(before, after, is_hook=slot == HOOKS_SLOT)
        major, minor = before["version"]
        if broken and after["version"][0] <= major and slot in old:
            lines.append(
                f"{slot} breaks plugins for {major}.{minor}, so mend it or raise its major: {'; '.join(broken)}"
            )
            continue
        is_same = {**before, "version": 0} == {**after, "version": 0}
        if not is_same and slot != COMMON and after["version"] <= before["version"]:
            lines.append(f"{slot} is no longer that of {major}.{minor}: raise its minor")
    return lines


@pytest.fixture
def base():
    """One interface in version 1.3."""
    return {
        "abstract": {"get": ["key"]},
        "given": {"get_all": ["keys"], "wipe": []},
        "served": {},
        "version": [1, 3],
    }


def test_what_plugins_build_on_is_what_its_version_says():
    """No interface differs from `interfaces.json`: raise the version that is named, then write the file anew."""
    stored, current = json.loads(FILE.read_text()), json.loads(json.dumps(describe()))
    assert problems(stored, current) == []
    assert stored == current, (
        f"the versions say enough; now: python tests/compatibility/{Path(__file__).name}"
    )


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"abstract": {"get": ["key"], "put": ["key"]}}, "put is new and abstract"),
        ({"abstract": {}}, "get is gone"),
        ({"abstract": {"get": ["key", "limit="]}}, "get(key) is now get(key, limit=)"),
        ({"given": {"get_all": ["names"], "wipe": []}}, "get_all(keys) is now get_all(names)"),
    ],
)
def test_what_breaks_plugins_wants_another_major(base, change, what):
    """A plugin does not survive a new abstract method, one that is gone, or a call that it does not take."""
    (line,) = problems({"x": base}, {"x": {**base, **change, "version": [1, 4]}})
    assert line == f"x breaks plugins for 1.3, so mend it or raise its major: {what}"
    assert problems({"x": base}, {"x": {**base, **change, "version": [2, 0]}}) == []


def test_an_addition_wants_another_minor(base):
    """A plugin survives a method that it is given, and one that it need not write any more."""
    for change in (
        {"given": {**base["given"], "has": ["key"]}},
        {"abstract": {}, "given": {**base["given"], **base["abstract"]}},
    ):
        assert problems({"x": base}, {"x": {**base, **change}}) == [
            "x is no longer that of 1.3: raise its minor"
        ]
        assert problems({"x": base}, {"x": {**base, **change, "version": [1, 4]}}) == []


def test_what_the_host_serves_may_take_more():
    """A service may get optional parameters and a hook more arguments; a service that wants more breaks its callers."""
    before = {**NOTHING, "version": [1, 0], "served": {"run": ["job"]}}
    optional = {**before, "version": [1, 1], "served": {"run": ["job", "tags="]}}
    required = {**before, "version": [1, 1], "served": {"run": ["job", "tags"]}}
    assert problems({"x": before}, {"x": optional}) == []
    assert problems({"hooks": before}, {"hooks": required}) == []
    assert problems({"x": before}, {"x": required}) == [
        "x breaks plugins for 1.0, so mend it or raise its major: run(job) is now run(job, tags)"
    ]


if __name__ == "__main__":
    found = problems(json.loads(FILE.read_text()) if FILE.exists() else {}, describe())
    if found:
        sys.exit("\n".join(found))
    FILE.write_text(json.dumps(describe(), indent=1) + "\n")

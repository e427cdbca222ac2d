"""How `workspace:` of `runrack.yaml` names code locations."""

from __future__ import annotations

from runrack.config.vocabulary import Field, Selector

_COMMON = {
    "location_name": Field(
        str, is_required=False, description="Its name; that of the file or module by default"
    ),
    "attribute": Field(
        str, is_required=False, description="The name in it that holds the definitions; all names by default"
    ),
    "working_directory": Field(
        str,
        is_required=False,
        description="The folder to work in and to import from; that of runrack.yaml by default",
    ),
    "executable_path": Field(
        str,
        is_required=False,
        description="The interpreter, as one of a virtual environment; the caller's by default",
    ),
}

WORKSPACE_FIELD = Field(
    [
        Selector(
            {
                "python_file": Field(
                    {"path": Field(str, description="The Python file"), **_COMMON},
                    description="Code in a file",
                ),
                "python_module": Field(
                    {"module": Field(str, description="The module"), **_COMMON},
                    description="Code in a module that can be imported",
                ),
                "package": Field(
                    {"name": Field(str, description="The package"), **_COMMON},
                    description="Code in all modules of a package",
                ),
            }
        )
    ],
    is_required=False,
    description="Where the code of jobs, schedules and sensors is loaded from",
)
"""What `workspace` of `runrack.yaml`, and a file given with `-w`, may hold."""

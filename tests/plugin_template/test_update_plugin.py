"""A project that was made by an earlier template takes what changed since, and keeps what its author has written."""

import shutil

import pytest

from runrack.cli.plugins.project import TEMPLATE, render
from runrack.cli.plugins.project_update import FileChange, update_project
from runrack.errors import InvalidArgumentError, PluginError

HOOKS = "src/acme_pg/hooks.py"


def changed(template, file, old, new):
    """Replace text in a file of a template."""
    (path,) = template.glob(file)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.fixture
def newer(tmp_path):
    """A template that is newer than the one that ships, which it holds as the previous one."""
    template = tmp_path / "template"
    shutil.copytree(TEMPLATE.resolve(), template)
    shutil.copytree(TEMPLATE.resolve(), template / "previous" / "1")
    changed(template, "copier.yml", 'default: "1"', 'default: "2"')
    changed(template, "template/src/*/hooks.py.jinja", '_LOGGER.info("step %s', '_LOGGER.debug("step %s')
    changed(template, "template/.gitignore", "dist/\n", "dist/\nbuild/\n")
    (template / "template" / "SECURITY.md").write_text("Tell us first.\n")
    (template / "template" / "CHANGELOG.md.jinja").unlink()
    return template


@pytest.fixture
def project(tmp_path):
    """A project that was made by the template that ships."""
    folder = tmp_path / "acme-pg"
    render(TEMPLATE, folder, {"project_name": "acme-pg", "kinds": ["hooks"]})
    return folder


def told(update):
    """File to what became of it."""
    return {str(change.file): change.what for change in update.changes}


def test_an_untouched_project_becomes_what_the_template_makes(project, newer, tmp_path):
    """What was not edited is updated, added and removed; the result is what the newer template makes."""
    assert told(update_project(project, newer)) == {
        ".gitignore": "updated",
        ".runrack-template.yml": "updated",
        "CHANGELOG.md": "removed",
        "SECURITY.md": "added",
        HOOKS: "updated",
    }
    fresh = tmp_path / "fresh"
    render(newer, fresh, {"project_name": "acme-pg", "kinds": ["hooks"]})
    assert contents(project) == contents(fresh)


def test_what_the_author_wrote_stays(project, newer):
    """Edits elsewhere in a file, edited files that the template gave up, and deletions stay, without a conflict."""
    hooks = project / HOOKS
    hooks.write_text(hooks.read_text().replace('"""What this plugin', '"""All that this plugin'))
    (project / "CHANGELOG.md").write_text("Ours.\n")
    (project / ".gitignore").unlink()
    update = update_project(project, newer)
    assert told(update) == {
        ".runrack-template.yml": "updated",
        "CHANGELOG.md": "kept",
        "SECURITY.md": "added",
        HOOKS: "merged",
    }
    assert not any(change.is_conflict for change in update.changes)
    text = hooks.read_text()
    assert text.startswith('"""All that this plugin')
    assert '_LOGGER.debug("step %s' in text
    assert (project / "CHANGELOG.md").read_text() == "Ours.\n"
    assert not (project / ".gitignore").exists()


def test_the_same_lines_are_a_conflict(project, newer):
    """Where author and template changed the same lines, the file holds both and the update says so."""
    hooks = project / HOOKS
    hooks.write_text(hooks.read_text().replace('_LOGGER.info("step %s', '_LOGGER.error("step %s'))
    update = update_project(project, newer)
    assert FileChange(hooks.relative_to(project), "conflict") in update.changes
    text = hooks.read_text()
    assert text.index("<<<<<<< yours") < text.index(">>>>>>> the template now")


def test_a_second_update_does_nothing(project, newer):
    """A project that is as its template has it is left alone."""
    update_project(project, newer)
    before = contents(project)
    assert update_project(project, newer).changes == ()
    assert contents(project) == before


def test_a_template_that_is_not_known_is_refused(project, newer):
    """A project of a template that this runrack does not have stays as it is; the error says to upgrade."""
    answers = project / ".runrack-template.yml"
    answers.write_text(answers.read_text().replace("template_version: '1'", "template_version: '7'"))
    before = contents(project)
    with pytest.raises(PluginError, match="version 7 of the template"):
        update_project(project, newer)
    assert contents(project) == before


def test_another_folder_is_refused(tmp_path):
    """A folder that the command did not make is not touched."""
    with pytest.raises(InvalidArgumentError, match="was not made by"):
        update_project(tmp_path)


def test_answers_without_a_version_are_refused(tmp_path):
    """A file of answers that does not name its template is told by its name."""
    (tmp_path / ".runrack-template.yml").write_text("project_name: acme-pg\n")
    with pytest.raises(InvalidArgumentError, match=r"\.runrack-template\.yml does not say which template"):
        update_project(tmp_path)


def test_each_earlier_template_is_kept():
    """The template has a version, and holds each earlier one under its own."""
    version = int((TEMPLATE / "copier.yml").read_text().partition("template_version:")[2].split('"')[1])
    kept = [TEMPLATE / "previous" / str(number) / "copier.yml" for number in range(1, version)]
    assert [path for path in kept if not path.exists()] == []


def contents(folder):
    """File to content of all files of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

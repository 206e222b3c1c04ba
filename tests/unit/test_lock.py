"""The lock files: what pyproject.toml asks for, in the versions of constraints.txt, each with its hashes."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from packaging.markers import Environment, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
LOCKED = ("dev", "questions", "ray", "fuzz")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
TEXTS = {name: (ROOT / name).read_text(encoding="utf8") for name in ("requirements.lock", "requirements-torch.lock")}


def entries(text: str) -> list[tuple[Requirement, list[str]]]:
    """Requirement and hashes of each entry of a lock file."""
    joined = text.replace("\\\n", " ")
    parts = (line.partition("--hash=") for line in joined.splitlines() if line.strip())
    return [(Requirement(head.strip()), f"{mark}{rest}".split()) for head, mark, rest in parts]


LOCK = [entry for text in TEXTS.values() for entry in entries(text)]


def on(version: str) -> Environment:
    """Markers' values on Linux with a Python."""
    values = {"python_version": version, "python_full_version": f"{version}.7", "sys_platform": "linux"}
    return {**default_environment(), **values, "platform_machine": "x86_64", "platform_system": "Linux"}


def wanted(extras: tuple[str, ...]) -> list[Requirement]:
    """What the project asks for, its own extras resolved."""
    found = [Requirement(line) for line in PROJECT["dependencies"]]
    for extra in extras:
        for line in PROJECT["optional-dependencies"][extra]:
            asked = Requirement(line)
            found += wanted(tuple(sorted(asked.extras))) if asked.name == "bioactive" else [asked]
    return found


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13"])
def test_lock_has_one_version_of_each_package_within_the_bounds(version: str) -> None:
    here = on(version)
    pins = {}
    for pin, _ in LOCK:
        if pin.marker is None or pin.marker.evaluate(here):
            assert canonicalize_name(pin.name) not in pins, pin
            pins[canonicalize_name(pin.name)] = next(iter(pin.specifier)).version
    for asked in wanted(LOCKED):
        if asked.marker is None or asked.marker.evaluate(here):
            assert asked.specifier.contains(pins[canonicalize_name(asked.name)]), asked


def test_lock_is_of_the_versions_that_the_suite_runs_on() -> None:
    here, pins = on("3.11"), {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf8").splitlines():
        if not line.startswith("#"):
            name, _, version = line.partition("==")
            pins[canonicalize_name(name)] = version
    locked = [pin for pin, _ in LOCK if pin.marker is None or pin.marker.evaluate(here)]
    versions = {canonicalize_name(pin.name): next(iter(pin.specifier)).version for pin in locked}
    shared = versions.keys() & pins.keys()
    assert len(shared) > 80
    assert {name: versions[name] for name in shared} == {name: pins[name] for name in shared}


def test_each_pin_is_exact_and_has_hashes() -> None:
    for pin, hashes in LOCK:
        assert [each.operator for each in pin.specifier] == ["=="], pin
        assert hashes and all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", each) for each in hashes), pin


def test_lock_names_no_index_and_keeps_torch_apart() -> None:
    assert not any("://" in text or "--index" in text for text in TEXTS.values())
    names = {canonicalize_name(pin.name) for pin, _ in entries(TEXTS["requirements.lock"])}
    assert not {name for name in names if name == "torch" or name.startswith(("nvidia-", "cuda-"))}
    assert "torch" in {pin.name for pin, _ in entries(TEXTS["requirements-torch.lock"])}

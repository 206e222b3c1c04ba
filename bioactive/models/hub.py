"""Revisions on a model hub: a repository a project, a branch a revision; needs the extra [hub].

A revision goes up in one commit, so that a branch holds all of it or nothing. Large files that are up already are not sent
again; a file that has come down in part is asked for from there on. Both are properties of LFS over HTTP, so that is what
is spoken, and not Xet: that keeps pieces of the files in a cache of its own, and begins a file anew that was cut off.
"""

from __future__ import annotations

import glob
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bioactive.errors import error

from .revisions import MANIFEST, NAME, Manifest, Revisions, damage, read_manifest

if TYPE_CHECKING:
    from huggingface_hub import HfApi

TOKEN = "HF_TOKEN"
# Set to 0 it lets Xet be spoken all the same.
NO_XET = "HF_HUB_DISABLE_XET"
# The folder in which huggingface_hub notes what has come down.
NOTES = ".cache"
T = TypeVar("T")


def push(revisions: Revisions, name: str, repo: str, branch: str = "", *, public: bool = False, tries: int = 4) -> str:
    """Put a revision on a branch of a repository; both are made when they are not there.

    revisions (Revisions): The store.
    name (str): The revision, or "current".
    repo (str): The repository, "owner/name".
    branch (str): The branch; the revision's name by default.
    public (bool): Make a new repository public; one that is there stays as it is.
    tries (int): How often to try before a broken connection is an error.
    RETURNS (str): The address of the commit.
    RAISES (BioactiveError): As `Revisions.sound`; B806 without a token; B808 when the hub refuses or cannot be reached.
    """
    folder = revisions.sound(name)
    if not os.environ.get(TOKEN):
        raise error("B806", variable=TOKEN)
    branch = branch or folder.name

    def send() -> str:
        api = _api()
        api.create_repo(repo, private=not public, exist_ok=True)
        api.create_branch(repo, branch=branch, exist_ok=True)
        told = f"{folder.name}: a revision with its manifest"
        # Not what somebody has put beside, such as a report. Names are no patterns here.
        own = [glob.escape(path) for path in (*read_manifest(folder / MANIFEST).files, MANIFEST)]
        # What an older commit of the branch has and the revision has not is deleted in the same commit.
        return str(
            api.upload_folder(
                repo_id=repo,
                folder_path=folder,
                revision=branch,
                commit_message=told,
                allow_patterns=own,
                delete_patterns="*",
            ).commit_url
        )

    return _persistent(send, repo, tries)


def pull(revisions: Revisions, repo: str, branch: str, *, tries: int = 4) -> Path:
    """Take a revision from a branch of a repository into the store.

    revisions (Revisions): The store.
    repo (str): The repository, "owner/name".
    branch (str): The branch, usually the revision's name.
    tries (int): How often to try before a broken connection is an error; what has come stays for the next call.
    RETURNS (Path): The revision's folder; it appears when it is whole. One that is there already is only compared.
    RAISES (BioactiveError): B803 when the store has another revision of that name; B807 when the branch holds none;
        B801 when a file is not as its manifest says; B808 when the hub refuses or cannot be reached.
    """
    arriving = revisions.root / f".{branch.replace('/', '_')}.pulling"

    def fetch() -> object:
        api = _api()
        # Asked first: of a hub that cannot be reached, the next call would hand out what is there of the folder.
        commit = api.repo_info(repo, revision=branch).sha
        return api.snapshot_download(repo, revision=commit, local_dir=arriving, max_workers=4)

    revisions.root.mkdir(parents=True, exist_ok=True)
    _persistent(fetch, repo, tries)
    manifest = _manifest_of(arriving, repo, branch)
    for path, found in damage(arriving, manifest):
        path.unlink(missing_ok=True)  # asked for anew by the next call
        raise error("B801", path=path, found=found, name=manifest.name)
    there = revisions.root / manifest.name
    if (there / MANIFEST).is_file() and read_manifest(there / MANIFEST).files == manifest.files:
        shutil.rmtree(arriving)
        return revisions.sound(manifest.name)
    _leave_only(arriving, manifest)
    return revisions.install(arriving, manifest.name)


def _manifest_of(folder: Path, repo: str, branch: str) -> Manifest:
    if not (folder / MANIFEST).is_file():
        raise error("B807", repo=repo, branch=branch, found=f"has no {MANIFEST}")
    manifest = read_manifest(folder / MANIFEST)
    if not NAME.fullmatch(manifest.name) or not manifest.files:
        raise error("B807", repo=repo, branch=branch, found=f"holds {manifest.name!r} with {len(manifest.files)} files")
    # A manifest comes from elsewhere, and files that it names can be deleted here.
    outside = [name for name in manifest.files if not (folder / name).resolve().is_relative_to(folder.resolve())]
    if outside:
        raise error("B807", repo=repo, branch=branch, found=f"names a file outside of itself, {outside[0]!r}")
    return manifest


def _leave_only(folder: Path, manifest: Manifest) -> None:
    """Delete what the hub and its library have put beside the revision's own files."""
    shutil.rmtree(folder / NOTES, ignore_errors=True)
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in {*manifest.files, MANIFEST}:
            path.unlink()


def _api() -> HfApi:
    from huggingface_hub import HfApi

    # False and not None, which would read the token that a login has left on the disk.
    return HfApi(endpoint=os.environ.get("HF_ENDPOINT"), token=os.environ.get(TOKEN) or False)


def _persistent(work: Callable[[], T], repo: str, tries: int) -> T:
    """Do something; a connection that breaks is tried again, after 1, 2, 4, ... seconds."""
    for attempt in range(tries):
        try:
            with _by_lfs():
                return work()
        # requests' and the hub's errors are OSErrors; an upload that broke is a RuntimeError with one as its cause.
        except (OSError, RuntimeError) as problem:
            if attempt + 1 == tries or not _may_pass(problem):
                reason = " ".join(str(problem.__cause__ or problem).split())
                raise error("B808", repo=repo, reason=reason) from problem
            time.sleep(2**attempt)
    raise AssertionError("tries is at least 1")


@contextmanager
def _by_lfs() -> Iterator[None]:
    """Large files go by LFS over HTTP meanwhile, unless the environment asks for Xet."""
    from huggingface_hub import constants

    before = constants.HF_HUB_DISABLE_XET
    constants.HF_HUB_DISABLE_XET = os.environ.get(NO_XET) is None or before
    try:
        yield
    finally:
        constants.HF_HUB_DISABLE_XET = before


def _may_pass(problem: Exception) -> bool:
    """Whether it may be otherwise next time: no answer came, or one that blames the server."""
    from huggingface_hub.errors import OfflineModeIsEnabled

    cause = problem.__cause__ if isinstance(problem, RuntimeError) else problem
    response = getattr(cause, "response", None)
    return not isinstance(cause, OfflineModeIsEnabled) and (response is None or response.status_code >= 500)

"""Revisions of policy files that a command names: a directory, a git revision, a kept bundle."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from comity.cli.failure import CommandError, Exit
from comity.cli.policy_reading import read_files

if TYPE_CHECKING:
    from comity.adapters.bundle_cache import BundleCache
    from comity.app.active_policy import KnownRevision
    from comity.policy.file_content import FileContent

_DIGEST: Final = re.compile(r"[0-9a-f]{8,64}")
_EPOCH: Final = "epoch:"


def files_of(name: str, policies: Path, data_dir: Path | None) -> Mapping[str, FileContent]:
    """Return the policy files that `name` stands for.

    It is a directory; `epoch:7` or the first digits of a digest, for what a server kept in
    `data_dir`; or a revision of the git repository that holds `policies`.

    Raises:
        CommandError: it stands for none, or they can't be read.
    """
    from comity.adapters.git_policies import GitPoliciesError, read_revision

    path = Path(name)
    if path.is_dir():
        return read_files(path)
    if name.startswith(_EPOCH) or _DIGEST.fullmatch(name):
        kept = _kept_files(name, data_dir)
        if kept is not None:
            return kept
    if not policies.is_dir():
        message = f"the policy directory {policies} does not exist or is no directory"
        raise CommandError(Exit.MISUSED, message, ["name it with --policies"])
    try:
        return read_revision(policies, name)
    except GitPoliciesError as error:
        message = f"'{name}' is no directory, kept bundle or git revision: {error}"
        raise CommandError(Exit.MISUSED, message) from error


def _kept_files(name: str, data_dir: Path | None) -> Mapping[str, bytes] | None:
    """Return the files of a revision that a server kept; None if it kept none of that name.

    Raises:
        CommandError: no such epoch is kept, several digests begin so, or it is damaged.
    """
    from comity.adapters.bundle_cache import BundleCache, BundleCacheError
    from comity.adapters.data_directory import bundles_in

    cache = BundleCache(bundles_in(data_dir or _default_data_dir()))
    found = _find(name, cache)
    if found is None:
        return None
    try:
        return cache.files_of(found)
    except BundleCacheError as error:
        raise CommandError(Exit.MISUSED, str(error)) from error


def _find(name: str, cache: BundleCache) -> KnownRevision | None:
    """Return the kept revision of an epoch, or the last whose digest begins with `name`."""
    known = cache.known()
    if name.startswith(_EPOCH):
        epoch = name.removeprefix(_EPOCH)
        for one in known:
            if str(one.revision.epoch) == epoch:
                return one
        kept = ", ".join(str(one.revision.epoch) for one in known) or "none"
        message = f"epoch {epoch} is not kept; epochs kept: {kept}"
        raise CommandError(Exit.MISUSED, message, ["name the server's directory with --data-dir"])
    matching = [one for one in known if one.revision.digest.startswith(name)]
    if len({one.revision.digest for one in matching}) > 1:
        raise CommandError(Exit.MISUSED, f"several kept bundles have a digest that begins {name}")
    return matching[-1] if matching else None


def _default_data_dir() -> Path:
    """Return where a server keeps its data unless told otherwise."""
    from comity.cli.setting_flags import settings_from

    return settings_from({}).data_dir

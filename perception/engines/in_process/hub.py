"""What transformers, the Hugging Face hub and the tokenizers raise, as one sentence that names the remedy."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

from handeye.tools.errors import HandeyeError, ModelError, SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@contextmanager
def translated(where: str, remedy: str) -> Iterator[None]:
    """Turn whatever loading raises into ModelError, or SetupError where this machine is what is wrong."""
    try:
        yield
    except (HandeyeError, KeyboardInterrupt):
        raise
    except ImportError as error:
        raise SetupError(
            f"loading {where} needs a package that is missing ({_first_line(error)}); install it"
        ) from error
    except Exception as error:  # they raise anything from KeyError to bare Exception
        raise _hub_trouble([*_chain(error)], where) or ModelError(
            f"{where} could not be loaded ({type(error).__name__}: {_first_line(error)}); {remedy}"
        ) from error


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what caused it, what caused that, and so on."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _hub_trouble(chain: Sequence[BaseException], where: str) -> HandeyeError | None:
    """The sentence for an error of the disk, the hub or the network among the causes; None when there is none."""
    import httpx
    from huggingface_hub import errors

    def caused_by(*kinds: type[BaseException]) -> BaseException | None:
        return next((error for error in chain if isinstance(error, kinds)), None)

    if any(isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT) for error in chain):
        return SetupError(
            f"the disk is full: {where} could not be stored; free some room, or set HF_HOME to a folder on another disk"
        )
    if any(isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" for error in chain):
        return ModelError(
            f"the memory is too small for {where}; use a smaller model, on a GPU --quantize 4bit, or a server elsewhere"
        )
    if caused_by(errors.GatedRepoError):
        return ModelError(
            f"{where} asks for consent to its terms; give it at https://huggingface.co/{where} and run: hf auth login"
        )
    if caused_by(errors.RepositoryNotFoundError):
        return ModelError(
            f"the Hugging Face hub has no {where}, or it is private; check the name, or run: hf auth login"
        )
    if caused_by(errors.RevisionNotFoundError):
        return ModelError(f"{where} has no such --revision on the Hugging Face hub; give a branch, a tag or a commit")
    if caused_by(errors.RemoteEntryNotFoundError):
        return ModelError(f"{where} lacks a file that transformers needs; give a checkpoint in its format, -hf or -HF")
    refused = caused_by(errors.HfHubHTTPError)
    if isinstance(refused, errors.HfHubHTTPError):
        status = refused.response.status_code
        return ModelError(f"the Hugging Face hub answered {status} for {where}; try again in a minute")
    if caused_by(errors.OfflineModeIsEnabled, errors.LocalEntryNotFoundError, httpx.TransportError):
        return ModelError(
            f"the Hugging Face hub could not be reached for {where}, which is not stored here; "
            "check the network and HF_HUB_OFFLINE, or give a folder"
        )
    return None


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:300]

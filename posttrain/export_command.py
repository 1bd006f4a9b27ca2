"""`posttrain export`: a checkpoint as others take it, and on request to the hub."""

from pathlib import Path

from posttrain.errors import UserError
from posttrain.export import export


def run(
    model: str,
    out: str,
    form: str,
    *,
    dtype: str | None = None,
    base: str | None = None,
    evaluation: list[str] | None = None,
    push: str | None = None,
) -> None:
    """Export, say what was written, and upload it where `push` names a repository."""
    if push is not None:
        check_repository(push)
    folder = export(model, out, form, dtype=dtype, base=base, evaluations=evaluation or ())
    for file in sorted(folder.iterdir()):
        print(f"{file.stat().st_size / 1e6:10.1f} MB  {file}")
    if push is not None:
        upload(folder, push)


def check_repository(name: str) -> None:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(name)
    except HFValidationError as error:
        raise UserError(f"--push: {' '.join(str(error).split())}") from None
    if name.count("/") != 1:
        raise UserError(f"--push takes OWNER/NAME, not {name!r}")


def upload(folder: Path, repository: str) -> None:
    """To a repository of the hub, made as a private one where there is none. Raises UserError where that fails."""
    from huggingface_hub import HfApi

    try:
        hub = HfApi()
        hub.create_repo(repository, private=True, exist_ok=True)
        print(hub.upload_folder(folder_path=folder, repo_id=repository, commit_message="Export by posttrain"))
    except Exception as error:  # of the hub, of its client library, of the network
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise UserError(f"--push {repository}: {said}; {folder} is whole, `hf upload` takes it") from error

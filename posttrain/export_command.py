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
    if push is not None and (push.count("/") != 1 or not all(push.split("/"))):
        raise UserError(f"--push takes OWNER/NAME, not {push!r}")
    folder = export(model, out, form, dtype=dtype, base=base, evaluations=evaluation or ())
    for file in sorted(folder.iterdir()):
        print(f"{file.stat().st_size / 1e6:10.1f} MB  {file}")
    if push is not None:
        upload(folder, push)


def upload(folder: Path, repository: str) -> None:
    """To a private repository of the hub, made where there is none. Raises UserError where the hub refuses."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError, OfflineModeIsEnabled

    try:
        hub = HfApi()
        hub.create_repo(repository, private=True, exist_ok=True)
        print(hub.upload_folder(folder_path=folder, repo_id=repository, commit_message="Export by posttrain"))
    except (HfHubHTTPError, LocalTokenNotFoundError, OfflineModeIsEnabled, OSError) as error:
        said = " ".join(str(error).split())[:200]
        raise UserError(f"--push {repository}: {said}; {folder} is whole, `hf upload` takes it") from error

"""A file that a scenario names must be there before anything is read from it: no folder, and no device without end."""

from pathlib import Path

from sim.values.nearest import nearest


def find_file(path: Path, what: str) -> None:
    """Makes sure that there is a file to read.

    Args:
        path: The file.
        what: It should be, with an article, as messages say it: `an access log`.

    Raises:
        ValueError: There is none; the message offers the file in that folder that is named most like it.
    """
    try:
        if path.is_file():
            return
        if path.exists():
            raise ValueError(f"{path} is {'a folder' if path.is_dir() else 'a device or a pipe'}, not {what}")
    except OSError as error:
        raise ValueError(f"there is no such file: {(error.strerror or str(error)).lower()}") from None
    if not path.parent.is_dir():
        raise ValueError(f"there is no file {path}: there is no folder {path.parent}")
    near = nearest(path.name, sorted(entry.name for entry in path.parent.iterdir()))
    raise ValueError(f"there is no file {path}" + (f"; did you mean '{near}'?" if near else ""))

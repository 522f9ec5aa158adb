"""The code version follows the sources of the numerics."""

from pathlib import Path

from workers.version import _hash_of, code_version


def test_the_version_names_the_package_and_the_sources() -> None:
    package, _, sources = code_version().partition("+")
    assert package
    assert len(sources) == 12
    assert code_version() == code_version()


def test_every_source_counts(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "helper.py").write_text("a = 1\n")
    first = _hash_of(tmp_path)
    (tmp_path / "notes.txt").write_text("not a source")
    assert _hash_of(tmp_path) == first
    (tmp_path / "deep" / "helper.py").write_text("a = 2\n")
    second = _hash_of(tmp_path)
    (tmp_path / "deep" / "helper.py").rename(tmp_path / "deep" / "other.py")
    assert len({first, second, _hash_of(tmp_path)}) == 3

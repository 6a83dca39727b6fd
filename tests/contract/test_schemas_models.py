"""The generated models say what the schemas say, and the generator tells when they do not."""

from pathlib import Path

import pytest

from avro_schemas import generate, models


def test_the_models_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0, capsys.readouterr().err


def test_the_generator_gives_the_same_text_twice() -> None:
    assert generate.models() == generate.models()


def test_a_hand_made_change_is_named_and_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "models.py"
    path.write_text(generate.models().replace("    nir: str\n", "    nir: int\n"), encoding="utf-8")

    code = generate.main(["--check"], path)

    assert code == 1
    assert "« nir: int »" in capsys.readouterr().err


def test_an_absent_file_is_refused_then_written(tmp_path: Path) -> None:
    path = tmp_path / "models.py"

    assert generate.main(["--check"], path) == 1
    assert generate.main([], path) == 0
    assert generate.main(["--check"], path) == 0


def test_a_field_with_a_default_may_be_left_out_and_another_may_not() -> None:
    assert "cle_personne" in models.RsaEtatPublie.__optional_keys__
    assert "donnees" in models.RsaEtatPublie.__required_keys__

"""`fetch`: a whole model or nothing, and a sentence for whatever goes wrong."""

import errno
import json
import shutil
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import HfApi, constants

from app.commands import fetch
from app.errors import AppError
from app.models import models_dir
from app.settings import Settings
from persona.checkpoint import open_checkpoint
from persona.errors import PersonaError
from tests.app.commands.fake_hub import FakeHub, serving
from tests.app.tiny_checkpoint import make_checkpoint

NAME = "skt/kogpt2-base-v2"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The files of a model as the hub has them, with much that we do not take."""
    folder = make_checkpoint(tmp_path / "source")
    (folder / "persona.json").unlink()
    (folder / "README.md").write_text("---\nlicense: mit\n---\n", encoding="utf-8")
    for name in ("pytorch_model.bin", "modeling.py", "flax_model.msgpack", "adapter.safetensors"):
        (folder / name).write_bytes(b"\0" * 100)
    (folder / "onnx").mkdir()
    (folder / "onnx" / "model.safetensors").write_bytes(b"\0" * 100)
    return folder


@pytest.fixture
def hub(source: Path) -> Iterator[FakeHub]:
    with serving(FakeHub(NAME, source)) as hub:
        yield hub


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "찐친 캐시" / "models"


def fetch_it(hub: FakeHub, models: Path, name: str = NAME) -> int:
    return fetch.fetch(HfApi(endpoint=hub.endpoint), name, models)


def taken(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_it_takes_what_is_read_and_nothing_that_could_run(hub: FakeHub, models: Path) -> None:
    assert fetch_it(hub, models) == 0
    folder = models / "skt--kogpt2-base-v2"
    assert taken(folder) == ["README.md", "config.json", "model.safetensors", "tokenizer.json"]
    source = (hub.folder / "model.safetensors").read_bytes()
    assert (folder / "model.safetensors").read_bytes() == source
    assert open_checkpoint(NAME, models).folder == folder
    assert [path.name for path in models.iterdir()] == [folder.name]


def test_a_pickle_is_taken_where_there_is_no_safetensors(hub: FakeHub, models: Path) -> None:
    (hub.folder / "model.safetensors").unlink()
    fetch_it(hub, models)
    assert "pytorch_model.bin" in taken(models / "skt--kogpt2-base-v2")


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        (["model.safetensors", "pytorch_model.bin"], ["model.safetensors"]),
        (
            ["model-00001-of-00002.safetensors", "model.safetensors.index.json"],
            ["model-00001-of-00002.safetensors", "model.safetensors.index.json"],
        ),
        (["mood.safetensors", "pytorch_model.bin"], ["mood.safetensors", "pytorch_model.bin"]),
        (["adapter_model.safetensors", "training_args.bin", "run.py", "a/config.json"], []),
    ],
)
def test_the_choice_of_files(there: list[str], chosen: list[str]) -> None:
    assert fetch.choose_files(there) == chosen


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ("cc-by-nc-sa-4.0", ["CC-BY-NC-SA-4.0", "상업적으로는", "Not for commercial use"]),
        ("mit", ["MIT"]),
        (None, ["CC-BY-NC-SA-4.0", "Not for commercial use"]),
        ("other", ["라이선스가 분명하지 않아요", "licence is not clear"]),
    ],
)
def test_the_licence_is_shown_first(
    hub: FakeHub,
    models: Path,
    capsys: pytest.CaptureFixture[str],
    stated: str | None,
    said: list[str],
) -> None:
    hub.licence = stated
    fetch_it(hub, models)
    shown, _, rest = capsys.readouterr().out.partition("받아 두었어요")
    assert all(words in shown for words in said)
    assert ("commercial" in shown) == (stated in (None, "cc-by-nc-sa-4.0"))
    assert f"JJINCHIN_MODEL={NAME} make run" in rest


def test_a_cut_download_goes_on_where_it_stopped(hub: FakeHub, models: Path) -> None:
    weights = hub.folder / "model.safetensors"
    # What has come is written down in pieces of this size.
    piece = constants.DOWNLOAD_CHUNK_SIZE
    weights.write_bytes(b"0123456789" * (piece // 5))
    hub.cut_after = piece + 1000
    with pytest.raises(AppError, match=r"이어져요.*goes on where it stopped"):
        fetch_it(hub, models)
    with pytest.raises(PersonaError, match="fetch"):
        open_checkpoint(NAME, models)
    hub.fetched.clear()
    assert fetch_it(hub, models) == 0
    assert hub.fetched == [("model.safetensors", piece)]
    kept = models / "skt--kogpt2-base-v2" / "model.safetensors"
    assert kept.read_bytes() == weights.read_bytes()


def test_what_is_there_is_not_fetched_again(hub: FakeHub, models: Path) -> None:
    fetch_it(hub, models)
    hub.fetched.clear()
    assert fetch_it(hub, models) == 0
    assert hub.fetched == []


def test_a_broken_model_is_replaced(hub: FakeHub, models: Path) -> None:
    fetch_it(hub, models)
    weights = models / "skt--kogpt2-base-v2" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    fetch_it(hub, models)
    assert weights.read_bytes() == (hub.folder / "model.safetensors").read_bytes()


def test_a_model_of_another_kind_is_refused_before_its_weights(hub: FakeHub, models: Path) -> None:
    (hub.folder / "config.json").write_text(json.dumps({"model_type": "bert"}), encoding="utf-8")
    with pytest.raises(PersonaError, match="GPT-2"):
        fetch_it(hub, models)
    assert "model.safetensors" not in [name for name, _ in hub.fetched]
    assert list(models.iterdir()) == []


def test_a_model_without_weights_is_refused(hub: FakeHub, models: Path) -> None:
    (hub.folder / "model.safetensors").unlink()
    (hub.folder / "pytorch_model.bin").unlink()
    with pytest.raises(AppError, match="weights"):
        fetch_it(hub, models)


def test_a_model_that_is_not_there_is_a_sentence(hub: FakeHub, models: Path) -> None:
    with pytest.raises(AppError, match=r"nobody/nothing 모델이 없어요.*no such model"):
        fetch_it(hub, models, "nobody/nothing")


def test_a_gated_model_is_a_sentence(hub: FakeHub, models: Path) -> None:
    hub.gated = True
    with pytest.raises(AppError, match="HF_TOKEN"):
        fetch_it(hub, models)


def test_a_hub_in_trouble_is_a_sentence(hub: FakeHub, models: Path) -> None:
    hub.status = 500
    with pytest.raises(AppError, match=r"500.*try again"):
        fetch_it(hub, models)


def test_without_a_network_there_is_a_sentence(hub: FakeHub, models: Path) -> None:
    # Port 9 of this machine: nobody listens there.
    hub.endpoint = "http://127.0.0.1:9"
    with pytest.raises(AppError, match=r"인터넷 연결.*cannot be reached"):
        fetch_it(hub, models)


@pytest.mark.filterwarnings("ignore:Not enough free disk space")
def test_a_full_disk_is_said_before_the_weights_come(
    hub: FakeHub, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 8, 1))
    with pytest.raises(AppError, match=r"공간이 모자라요.*JJINCHIN_CACHE_DIR"):
        fetch_it(hub, models)
    assert "model.safetensors" not in [name for name, _ in hub.fetched]


def test_a_disk_that_fills_up_on_the_way_is_a_sentence(hub: FakeHub, models: Path) -> None:
    class FullDisk(HfApi):
        def hf_hub_download(self, *_: object, **__: object) -> str:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(AppError, match=r"공간이 모자라요.*make room"):
        fetch.fetch(FullDisk(endpoint=hub.endpoint), NAME, models)


def test_a_folder_that_cannot_be_written_is_a_sentence(hub: FakeHub, models: Path) -> None:
    models.parent.mkdir(parents=True)
    models.write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(AppError, match="permissions"):
        fetch_it(hub, models)


@pytest.mark.parametrize(
    "name", ["tiny", "base", "small", "medium.en", "large-v3", "turbo", "openai/whisper-small"]
)
def test_a_whisper_is_refused_until_there_is_a_voice(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(name, tmp_path)
    assert "voice" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", ["kogpt2", "", "a/b/c", "../..", "-a/b", "/etc/passwd", "한글/모델"]
)
def test_what_is_no_hub_id_is_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(name, tmp_path)
    assert "skt/kogpt2-base-v2" in capsys.readouterr().err


def run(name: str, folder: Path) -> int:
    settings = Settings(data_dir=folder, cache_dir=folder)
    assert models_dir(settings).is_relative_to(folder)
    return fetch.run(Namespace(name=name), settings)

"""KoGPT2, as it is fetched from its hub, is taught to chat with its own tokenizer and no header."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from tokenizers import SentencePieceBPETokenizer

from persona.card import load_card
from persona.checkpoint import open_checkpoint
from persona.lm.weights import load_tensors, read_shape
from persona.prompt import Exchange
from persona.tokens import END, MOOD, SYSTEM, USER
from tests.app.tiny_checkpoint import KOGPT2
from training.__main__ import main
from training.model import load_model, open_base
from training.sft import to_sample

NAME = "skt/kogpt2-base-v2"
# Every key of KoGPT2's own config.json; only the sizes of the network are smaller here.
CONFIG = KOGPT2 | {"n_ctx": 1024, "n_embd": 32, "n_head": 2, "n_layer": 2, "n_positions": 1024}
SPECIALS = ["<s>", "</s>", "<usr>", "<pad>", "<sys>", "<unk>", "<mask>", "<d>", "</d>"]
UNUSED = [f"<unused{n}>" for n in range(100)]


@pytest.fixture
def kogpt2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a small model just as it lies in the cache once fetched: pickled, and not yet tuned."""
    monkeypatch.setenv("JJINCHIN_CACHE_DIR", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / "models" / NAME.replace("/", "--")
    folder.mkdir(parents=True)
    tokenizer = SentencePieceBPETokenizer()
    texts = [f"{n}번 말 답이야 안녕 반가워 0 1 2" for n in range(10)]
    tokenizer.train_from_iterator(texts, vocab_size=300, special_tokens=SPECIALS + UNUSED)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = CONFIG | {"vocab_size": tokenizer.get_vocab_size()}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "README.md").write_text("---\nlicense: cc-by-nc-sa-4.0\n---\n", encoding="utf-8")
    torch.save(weights(config), folder / "pytorch_model.bin")
    return folder


def weights(config: dict[str, int]) -> dict[str, torch.Tensor]:
    """Give random weights under the names of KoGPT2's file, its masks among them."""
    chance = torch.Generator().manual_seed(1)
    wide, positions = config["n_embd"], config["n_positions"]
    sizes = {"wte": (config["vocab_size"], wide), "wpe": (positions, wide)}
    found = {f"transformer.{n}.weight": torch.randn(s, generator=chance) for n, s in sizes.items()}
    norms = ["ln_f"]
    for layer in range(config["n_layer"]):
        block = f"h.{layer}"
        norms += [f"{block}.ln_1", f"{block}.ln_2"]
        mask = torch.ones(positions, positions, dtype=torch.uint8).tril()
        found[f"transformer.{block}.attn.bias"] = mask[None, None]
        found[f"transformer.{block}.attn.masked_bias"] = torch.tensor(-1e4)
        for name, rows, columns in (
            ("attn.c_attn", wide, 3 * wide),
            ("attn.c_proj", wide, wide),
            ("mlp.c_fc", wide, 4 * wide),
            ("mlp.c_proj", 4 * wide, wide),
        ):
            matrix = torch.randn(rows, columns, generator=chance) * 0.05
            found[f"transformer.{block}.{name}.weight"] = matrix
            found[f"transformer.{block}.{name}.bias"] = torch.zeros(columns)
    for norm in norms:
        found[f"transformer.{norm}.weight"] = torch.ones(wide)
        found[f"transformer.{norm}.bias"] = torch.zeros(wide)
    found["lm_head.weight"] = found["transformer.wte.weight"]
    return found


def test_it_opens_with_its_own_tokens_moods_and_no_header(kogpt2: Path, small_cards: Path) -> None:
    base = open_base(NAME)
    template = base.template
    assert (template.header, template.moods, base.positions) == (False, True, 1024)
    names = (END, USER, SYSTEM, MOOD)
    assert [template.tokens.control(n) for n in names] == [1, 2, 4, 10]
    sample = to_sample(
        template, load_card(small_cards / "yuhee"), [Exchange("1번 말", 1, "답이야")]
    )
    ids = list(sample["input_ids"])
    assert (ids[0], ids[-1], ids.count(10), ids.count(4)) == (2, 1, 1, 1)


def test_its_weights_are_read_as_they_lie_there(kogpt2: Path) -> None:
    model = load_model(kogpt2, 0.0)
    stored = torch.load(kogpt2 / "pytorch_model.bin", weights_only=True)
    for name, weight in model.named_parameters():
        torch.testing.assert_close(weight, stored[name])


@pytest.mark.parametrize("lora", [(), ("--lora", "2")])
def test_it_is_taught_to_chat(
    kogpt2: Path, small_cards: Path, tmp_path: Path, lora: tuple[str, ...]
) -> None:
    out = tmp_path / "mine"
    paths = ["--cards", str(small_cards), "--out", str(out), "--work", str(tmp_path / "work")]
    words = ["sft", "--base", NAME, "--epochs", "1", "--batch", "8", "--rate", "1e-3"]
    assert main([*words, *paths, *lora]) == 0
    tuned = open_checkpoint(str(out), tmp_path)
    assert (tuned.template.header, tuned.template.moods) == (False, True)
    assert (tuned.positions, tuned.tuned, tuned.licence) == (1024, True, "cc-by-nc-sa-4.0")
    about = json.loads((out / "persona.json").read_text(encoding="utf-8"))
    assert (about["base"], about["personas"]) == (NAME, ["yuhee"])
    assert (out / "tokenizer.json").read_bytes() == (kogpt2 / "tokenizer.json").read_bytes()
    # Every backend reads plain GPT-2 weights through these two.
    made = load_tensors(out, read_shape(out))
    before = load_tensors(kogpt2, read_shape(kogpt2))
    assert abs(made["h.0.attn.c_attn.weight"] - before["h.0.attn.c_attn.weight"]).max() > 1e-3


def test_several_personas_without_a_header_are_warned_of(
    kogpt2: Path, small_cards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (small_cards / "yuhee").rename(small_cards / "one")
    shutil.copytree(small_cards / "one", small_cards / "two")
    words = ["sft", "--base", NAME, "--cards", str(small_cards), "--out", str(tmp_path / "o")]
    small = ["--epochs", "0.2", "--batch", "8", "--work", str(tmp_path / "work")]
    assert main([*words, *small]) == 0
    assert "--persona" in capsys.readouterr().err
    assert main([*words, *small, "--persona", "two"]) == 0
    assert "--persona" not in capsys.readouterr().err


def test_a_model_not_fetched_yet_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JJINCHIN_CACHE_DIR", str(tmp_path))
    assert main(["sft", "--base", NAME, "--out", str(tmp_path / "o")]) == 1
    assert f"app fetch {NAME}" in capsys.readouterr().err

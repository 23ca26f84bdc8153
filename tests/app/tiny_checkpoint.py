"""A checkpoint of the right kind and no sense: random weights and a small vocabulary."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from training.tokenizer import BYTES, SPECIALS, train_tokenizer

TEXTS = ("안녕하세요 반가워요", "오늘 하루 어땠어", "나는 AI 친구야", "고마워 잘 자", "0 1 2") * 3
# 32 is the least width that llama.cpp can keep in 8 bits.
WIDTH, LAYERS, HEADS, POSITIONS = 32, 2, 2, 256
# What skt/kogpt2-base-v2 has in its config.json beside the sizes.
KOGPT2 = {
    "_num_labels": 1,
    "activation_function": "gelu_new",
    "architectures": ["GPT2LMHeadModel"],
    "attn_pdrop": 0.1,
    "author": "somebody",
    "bos_token_id": 0,
    "created_date": "2021-04-28",
    "embd_pdrop": 0.1,
    "eos_token_id": 1,
    "gradient_checkpointing": False,
    "id2label": {"0": "LABEL_0"},
    "initializer_range": 0.02,
    "label2id": {"LABEL_0": 0},
    "layer_norm_epsilon": 1e-05,
    "license": "CC-BY-NC-SA 4.0",
    "model_type": "gpt2",
    "n_inner": None,
    "pad_token_id": 3,
    "resid_pdrop": 0.1,
    "scale_attn_weights": True,
    "summary_activation": None,
    "summary_first_dropout": 0.1,
    "summary_proj_to_labels": True,
    "summary_type": "cls_index",
    "summary_use_proj": True,
    "task_specific_params": {"text-generation": {"do_sample": True, "max_length": 50}},
    "transformers_version": "4.5.1",
    "use_cache": True,
}


def make_checkpoint(
    folder: Path, *, seed: int = 0, layers: int = LAYERS, positions: int = POSITIONS
) -> Path:
    """Write a whole checkpoint into a folder and give the folder back."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = train_tokenizer(TEXTS, 400)
    tokenizer.save(str(folder / "tokenizer.json"))
    vocabulary = tokenizer.get_vocab_size()
    config = {
        "model_type": "gpt2",
        "architectures": ["GPT2LMHeadModel"],
        "activation_function": "gelu_new",
        "vocab_size": vocabulary,
        "n_positions": positions,
        "n_ctx": positions,
        "n_embd": WIDTH,
        "n_layer": layers,
        "n_head": HEADS,
        "layer_norm_epsilon": 1e-5,
        "bos_token_id": 1,
        "eos_token_id": 1,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    about = {"header": True, "moods": True, "personas": ["yuhee"], "licence": "Apache-2.0"}
    (folder / "persona.json").write_text(json.dumps(about), encoding="utf-8")
    tensors = random_weights(vocabulary, layers, positions, seed)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    return folder


def make_kogpt2(folder: Path, *, positions: int = 1024) -> Path:
    """Write a checkpoint as KoGPT2 comes from its hub: its keys, its tokens, no persona.json."""
    make_checkpoint(folder, positions=positions)
    (folder / "persona.json").unlink()
    sizes = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    kept = {key: sizes[key] for key in ("vocab_size", "n_positions", "n_embd", "n_layer", "n_head")}
    config = KOGPT2 | kept | {"n_ctx": positions}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    card = "---\nlanguage: ko\nlicense: cc-by-nc-sa-4.0\n---\n"
    (folder / "README.md").write_text(card, encoding="utf-8")
    return folder


def random_weights(
    vocabulary: int, layers: int, positions: int, seed: int
) -> dict[str, np.ndarray]:
    """Give GPT-2's tensors under the names that transformers uses."""
    random = np.random.default_rng(seed)

    def normal(*shape: int) -> np.ndarray:
        return (random.standard_normal(shape) * 0.1).astype(np.float16)

    tensors = {
        "transformer.wte.weight": normal(vocabulary, WIDTH),
        "transformer.wpe.weight": normal(positions, WIDTH),
        "transformer.ln_f.weight": np.ones(WIDTH, np.float16),
        "transformer.ln_f.bias": np.zeros(WIDTH, np.float16),
    }
    # It never gives a control token or half a letter: its first ids are SPECIALS and BYTES.
    tensors["transformer.ln_f.bias"][0] = 8.0
    tensors["transformer.wte.weight"][:, 0] = 0.5
    tensors["transformer.wte.weight"][: len(SPECIALS + BYTES), 0] = -1.0
    for layer in range(layers):
        block = f"transformer.h.{layer}"
        for norm in ("ln_1", "ln_2"):
            tensors[f"{block}.{norm}.weight"] = np.ones(WIDTH, np.float16)
            tensors[f"{block}.{norm}.bias"] = np.zeros(WIDTH, np.float16)
        for part, wide, narrow in (
            ("attn.c_attn", WIDTH, 3 * WIDTH),
            ("attn.c_proj", WIDTH, WIDTH),
            ("mlp.c_fc", WIDTH, 4 * WIDTH),
            ("mlp.c_proj", 4 * WIDTH, WIDTH),
        ):
            tensors[f"{block}.{part}.weight"] = normal(wide, narrow)
            tensors[f"{block}.{part}.bias"] = np.zeros(narrow, np.float16)
    return tensors

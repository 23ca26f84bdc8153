"""What is asked for is checked where it is written down."""

import re

import pytest

from persona.lm.protocol import EngineError, ModelSpec, Sampling, check_ids, unsupported

TWO_LANGUAGES = re.compile(r".*[가-힣].*\s\([^가-힣]+\)", re.DOTALL)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_new_tokens", 0),
        ("max_new_tokens", 1.5),
        ("max_new_tokens", True),
        ("temperature", -0.1),
        ("temperature", float("nan")),
        ("temperature", float("inf")),
        ("temperature", "0.7"),
        ("top_k", -1),
        ("top_p", 0.0),
        ("top_p", 1.1),
        ("min_p", 1.5),
        ("repetition_penalty", 0.0),
        ("frequency_penalty", float("nan")),
        ("presence_penalty", None),
        ("no_repeat_ngram", -1),
        ("beams", 0),
        ("seed", -1),
        ("seed", 2**63),
        ("time_limit_s", 0.0),
    ],
)
def test_a_wrong_value_is_an_error_that_names_the_field(field: str, value: object) -> None:
    with pytest.raises(EngineError, match=f"^{field} ") as caught:
        Sampling(**{field: value})
    assert TWO_LANGUAGES.fullmatch(str(caught.value))


def test_the_bounds_themselves_are_allowed() -> None:
    Sampling(temperature=0, top_k=0, top_p=1, min_p=0, seed=0, max_new_tokens=1, beams=1)
    Sampling(temperature=0.0, top_p=0.05, seed=None, repetition_penalty=2.0)


@pytest.mark.parametrize(("asked", "meant"), [(1e-45, 0.0), (0.00099, 0.0), (1e-3, 1e-3)])
def test_a_temperature_of_next_to_nothing_is_none(asked: float, meant: float) -> None:
    assert Sampling(temperature=asked).temperature == meant


@pytest.mark.parametrize(
    ("field", "value"), [("precision", "q4"), ("device", "tpu"), ("threads", 0), ("slots", 0)]
)
def test_a_wrong_spec_is_an_error_that_names_the_field(
    tmp_path: object, field: str, value: object
) -> None:
    with pytest.raises(EngineError, match=f"^{field} ") as caught:
        ModelSpec(folder=tmp_path, **{field: value})
    assert TWO_LANGUAGES.fullmatch(str(caught.value))


@pytest.mark.parametrize(
    ("ids", "word"),
    [([], "no ids"), ([1, 10], "no id 10"), ([-1], "no id -1"), ([1] * 6, "5 at most")],
)
def test_ids_that_cannot_be_read_are_refused(ids: list[int], word: str) -> None:
    with pytest.raises(EngineError, match=word) as caught:
        check_ids(ids, n_vocab=10, n_positions=5)
    assert TWO_LANGUAGES.fullmatch(str(caught.value))


def test_ids_that_can_be_read_come_back_as_a_list() -> None:
    assert check_ids((0, 9), n_vocab=10, n_positions=2) == [0, 9]


def test_what_a_backend_cannot_do_names_one_that_can() -> None:
    error = unsupported("llamacpp", "beams", "reference")
    assert TWO_LANGUAGES.fullmatch(str(error))
    assert "beams" in str(error)
    assert "reference" in str(error)

"""The settings are read once, checked once, and refuse what they do not know."""

from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from app.errors import AppError
from app.settings import Settings, check_host, from_environment, user_folders

HOME = {"HOME": "/home/me"}


def made(**values: object) -> Settings:
    return Settings(**{"data_dir": Path("/d"), "cache_dir": Path("/c")} | values)  # type: ignore[arg-type]


def test_nothing_set_gives_the_defaults() -> None:
    settings = from_environment(HOME)
    assert (settings.model, settings.backend, settings.device) == ("jjinchin", "auto", "auto")
    assert settings.public is False and settings.auth is None and settings.cards_dir is None
    assert 1 <= settings.threads <= 8
    assert settings.slots == 8


def test_every_name_is_read(tmp_path: Path) -> None:
    settings = from_environment(
        {
            "JJINCHIN_MODEL": " kogpt2 ",
            "JJINCHIN_BACKEND": "torch",
            "JJINCHIN_DEVICE": "cuda",
            "JJINCHIN_THREADS": "3",
            "JJINCHIN_SLOTS": "4",
            "JJINCHIN_CARDS_DIR": str(tmp_path),
            "JJINCHIN_DATA_DIR": str(tmp_path / "찐친 자료"),
            "JJINCHIN_CACHE_DIR": str(tmp_path / "cache"),
            "JJINCHIN_PUBLIC": "1",
            "JJINCHIN_AUTH": "me:a:b",
            "JJINCHIN_STT_MODEL": "small",
            "JJINCHIN_TTS": "gtts",
            "JJINCHIN_API_KEY": "key",
        }
    )
    assert settings == Settings(
        model="kogpt2",
        backend="torch",
        device="cuda",
        threads=3,
        slots=4,
        cards_dir=tmp_path,
        data_dir=tmp_path / "찐친 자료",
        cache_dir=tmp_path / "cache",
        public=True,
        auth=("me", "a:b"),
        stt_model="small",
        tts="gtts",
        api_key="key",
    )


def test_an_empty_value_is_an_unset_one() -> None:
    assert from_environment(HOME | {"JJINCHIN_MODEL": "", "JJINCHIN_AUTH": "  "}).auth is None


def test_an_unknown_name_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(AppError, match=r"JJINCHIN_BACKND.*JJINCHIN_BACKEND"):
        from_environment(HOME | {"JJINCHIN_BACKND": "torch"})


def test_names_of_other_programs_are_none_of_our_business() -> None:
    assert from_environment(HOME | {"JJIN": "x", "MODEL": "y"}).model == "jjinchin"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JJINCHIN_BACKEND", "vllm"),
        ("JJINCHIN_DEVICE", "gpu"),
        ("JJINCHIN_THREADS", "many"),
        ("JJINCHIN_THREADS", "0"),
        ("JJINCHIN_THREADS", "-1"),
        ("JJINCHIN_THREADS", "٣"),
        ("JJINCHIN_SLOTS", "9999999999"),
        ("JJINCHIN_SLOTS", "65"),
        ("JJINCHIN_PUBLIC", "maybe"),
        ("JJINCHIN_AUTH", "nopassword"),
        ("JJINCHIN_AUTH", ":x"),
        ("JJINCHIN_AUTH", "x:"),
        ("JJINCHIN_CARDS_DIR", "/there/is/no/such/folder"),
        ("JJINCHIN_DATA_DIR", "~nobody-of-this-name/x"),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(AppError, match=name):
        from_environment(HOME | {name: value})


def test_a_refused_secret_is_not_repeated() -> None:
    with pytest.raises(AppError) as caught:
        from_environment(HOME | {"JJINCHIN_AUTH": "verysecret"})
    assert "verysecret" not in str(caught.value)


@pytest.mark.parametrize(("text", "public"), [("yes", True), ("TRUE", True), ("0", False)])
def test_a_switch_may_be_said_in_words(text: str, public: bool) -> None:
    assert from_environment(HOME | {"JJINCHIN_PUBLIC": text}).public is public


def test_values_are_checked_however_the_settings_are_made() -> None:
    with pytest.raises(AppError, match="JJINCHIN_DEVICE"):
        made(device="tpu")


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        made().model = "other"  # type: ignore[misc]


def test_describe_lists_every_setting_and_hides_secrets() -> None:
    settings = made(auth=("me", "hunter2"), api_key="topsecret", public=True)
    told = settings.describe()
    assert list(told) == [f"JJINCHIN_{field.name.upper()}" for field in fields(Settings)]
    assert told["JJINCHIN_MODEL"] == "jjinchin"
    assert told["JJINCHIN_DATA_DIR"] == str(Path("/d"))
    assert told["JJINCHIN_PUBLIC"] == "1"
    assert told["JJINCHIN_CARDS_DIR"] == ""
    for text in (str(told), repr(settings)):
        assert "hunter2" not in text and "topsecret" not in text
    assert told["JJINCHIN_AUTH"] != "" and made().describe()["JJINCHIN_AUTH"] == ""


def test_a_dotenv_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "\ufeff# mine\n"
        "\n"
        "JJINCHIN_MODEL=from-file   # a note\n"
        "  export JJINCHIN_TTS = 'espeak # 1' \n"
        'JJINCHIN_AUTH="me:pa#ss word" # login\n'
        "JJINCHIN_STT_MODEL= # later\n"
        "OTHER=whatever\n"
        "JJINCHIN_DEVICE=cuda\n",
        encoding="utf-8",
    )
    settings = from_environment(HOME | {"JJINCHIN_DEVICE": "cpu"}, file)
    assert settings.model == "from-file"
    assert settings.tts == "espeak # 1"
    assert settings.auth == ("me", "pa#ss word")
    assert settings.stt_model == ""
    assert settings.device == "cpu"


def test_an_unknown_name_in_a_dotenv_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("JJINCHIN_MODLE=x\n", encoding="utf-8")
    with pytest.raises(AppError, match=r"JJINCHIN_MODLE.*JJINCHIN_MODEL"):
        from_environment(HOME, tmp_path / ".env")


def test_a_broken_line_is_named_by_its_number_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("JJINCHIN_MODEL=x\nJJINCHIN_AUTH me:secret\n", encoding="utf-8")
    with pytest.raises(AppError, match="2번째") as caught:
        from_environment(HOME, tmp_path / ".env")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["cp949", "utf-16"])
def test_a_dotenv_file_in_another_encoding_is_a_sentence(tmp_path: Path, encoding: str) -> None:
    (tmp_path / ".env").write_text("JJINCHIN_MODEL=찐친\n", encoding=encoding)
    with pytest.raises(AppError, match="UTF-8"):
        from_environment(HOME, tmp_path / ".env")


def test_a_folder_in_place_of_the_dotenv_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(AppError, match="UTF-8"):
        from_environment(HOME, tmp_path)


def test_no_dotenv_file_is_fine(tmp_path: Path) -> None:
    assert from_environment(HOME, tmp_path / ".env").model == "jjinchin"


@pytest.mark.parametrize(
    ("platform", "environ", "data", "cache"),
    [
        ("linux", HOME, "/home/me/.local/share/jjinchin", "/home/me/.cache/jjinchin"),
        (
            "linux",
            HOME | {"XDG_DATA_HOME": "/x/data", "XDG_CACHE_HOME": "relative"},
            "/x/data/jjinchin",
            "/home/me/.cache/jjinchin",
        ),
        (
            "darwin",
            {"HOME": "/Users/me"},
            "/Users/me/Library/Application Support/jjinchin",
            "/Users/me/Library/Caches/jjinchin",
        ),
        (
            "win32",
            {"LOCALAPPDATA": "C:/Users/me/AppData/Local"},
            "C:/Users/me/AppData/Local/jjinchin",
            "C:/Users/me/AppData/Local/jjinchin/Cache",
        ),
        (
            "win32",
            {"USERPROFILE": "C:/Users/me"},
            "C:/Users/me/AppData/Local/jjinchin",
            "C:/Users/me/AppData/Local/jjinchin/Cache",
        ),
    ],
)
def test_the_folders_are_where_the_system_keeps_such_things(
    platform: str, environ: dict[str, str], data: str, cache: str
) -> None:
    assert user_folders(environ, platform) == (Path(data), Path(cache))


def test_a_given_folder_replaces_only_its_own_default() -> None:
    settings = from_environment(HOME | {"JJINCHIN_DATA_DIR": "/elsewhere"})
    assert settings.data_dir == Path("/elsewhere")
    assert settings.cache_dir == user_folders(HOME)[1]


def test_a_relative_folder_becomes_absolute() -> None:
    settings = from_environment(HOME | {"JJINCHIN_DATA_DIR": "here"})
    assert settings.data_dir == Path.cwd() / "here"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"])
def test_this_machine_may_always_be_listened_on(host: str) -> None:
    check_host(host, made())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.0.7", "example.com", "localhost.x"])
def test_listening_beyond_this_machine_has_to_be_said(host: str) -> None:
    with pytest.raises(AppError, match=r"JJINCHIN_AUTH.*JJINCHIN_PUBLIC"):
        check_host(host, made())
    check_host(host, made(public=True))
    check_host(host, made(auth=("me", "x")))

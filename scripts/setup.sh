#!/bin/sh
# Makes .venv hold what a pinned file lists, and does nothing when it already does.
#
#   sh scripts/setup.sh requirements.txt
#
# TORCH_INDEX, when set, is the package index that torch comes from (a CPU or another CUDA build);
# it is remembered until another one is given.
set -eu
cd "$(dirname "$0")/.."

wanted=$1
python=.venv/bin/python
# The pins of the last complete installation; empty while one is under way, so that a half-done one shows.
stamp=.venv/installed.txt
remembered=.venv/torch-index
torch_index=${TORCH_INDEX:-$(cat "$remembered" 2>/dev/null || true)}
# The public torch brings GPU libraries on Linux; a CPU build does without them.
case $torch_index in *cpu*) needed_gb=4 ;; *) needed_gb=8 ;; esac

fail() {
    printf '\n%s\n\n' "찐친: $1" >&2
    exit 1
}

# The command that mends it is for Debian and Ubuntu; an administrator needs no sudo.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then echo "$*"; else echo "sudo $*"; fi
}

pins() {
    sed -e 's/[[:space:]]*#.*//' -e '/^$/d' "$1"
}

# A Python that was upgraded or removed under .venv leaves it without its packages, hence the import.
usable() {
    "$python" -c 'import pip' 2>/dev/null &&
        { [ ! -e "$stamp" ] || [ -s "$stamp" ]; } &&
        [ "$torch_index" = "$(cat "$remembered" 2>/dev/null)" ]
}

complete() {
    [ -s "$stamp" ] && usable && [ -z "$(pins "$wanted" | grep -vxFf "$stamp")" ]
}

find_python() {
    for name in python3 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    # A system whose own Python is too old has a newer one beside it; one without any gets its own.
    if command -v python3 >/dev/null; then newer=python3.11; else newer=python3; fi
    fail "파이썬 3.11 이상이 필요해요. 이 명령으로 설치해 주세요 / Python 3.11 or newer is needed; install it with: $(as_root apt-get install -y "$newer" "$newer-venv")"
}

make_venv() {
    base=$(find_python)
    "$base" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "파이썬의 venv 모듈이 없어요. 이 명령으로 설치해 주세요 / Python's venv module is missing; install it with: $(as_root apt-get install -y "$base-venv")"
    rm -rf .venv
    free_kb=$(df -Pk . | awk 'NR == 2 { print $4 }')
    [ "$free_kb" -ge $((needed_gb * 1024 * 1024)) ] ||
        fail "디스크에 ${needed_gb} GB가 필요한데 $((free_kb / 1024)) MB만 남았어요. 이 명령으로 공간을 비워 주세요 / Set-up needs ${needed_gb} GB of disk and only $((free_kb / 1024)) MB are free; make room with: $(as_root apt-get clean) && rm -rf ~/.cache/pip"
    mkdir .venv
    : >"$stamp"
    "$base" -m venv .venv || fail "가상 환경을 만들지 못했어요. 위 메시지를 봐 주세요 / .venv could not be made; the lines above say why."
}

pip_install() {
    "$python" -m pip install --disable-pip-version-check --no-input "$@" ||
        fail "설치가 끝나지 못했어요. 위 메시지(네트워크, 디스크)를 보고 같은 명령을 다시 실행해 주세요 / Set-up did not finish; see the lines above (network, disk) and run the same command again."
}

install() {
    echo "찐친: 처음 한 번 필요한 것을 설치해요. 몇 분 걸려요 / Installing what is needed, once; this takes some minutes."
    if [ -z "$torch_index" ] && [ "$(uname)" = Linux ] && ! command -v nvidia-smi >/dev/null; then
        echo "찐친: GPU가 없으면 이렇게 훨씬 작게 설치할 수 있어요 / Without a GPU a much smaller download will do: make run TORCH_INDEX=https://download.pytorch.org/whl/cpu"
    fi
    usable || make_venv
    : >"$stamp"
    # pip unpacks gigabytes; a /tmp in memory may be too small for them, the disk measured above is not.
    mkdir -p .venv/tmp
    TMPDIR=$PWD/.venv/tmp
    export TMPDIR
    # torch first and by its exact version: it alone knows which GPU libraries its build needs. All else is
    # pinned and complete, so the rest goes without dependencies, and a CPU build without whisper's triton.
    torch=$(pins "$wanted" | grep '^torch==')
    if [ -n "$torch_index" ]; then
        pip_install --index-url "$torch_index" "$torch"
        echo "$torch_index" >"$remembered"
    else
        pip_install --constraint "$wanted" "$torch"
    fi
    pip_install --no-deps --requirement "$wanted"
    rm -rf .venv/tmp
    pins "$wanted" >.venv/installed.new
    mv .venv/installed.new "$stamp"
}

complete || install

#!/bin/sh
# Prints the Chromium that the browser tests use; installs the distribution's own where it may.
set -eu

find_chromium() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        # Ubuntu has a chromium-browser that only says which snap to install, hence the --version.
        if "$name" --version >/dev/null 2>&1; then
            command -v "$name"
            return
        fi
    done
    return 1
}

install_chromium() {
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" -eq 0 ]; then
        sudo=
    else
        sudo -n true 2>/dev/null || return 1
        sudo=sudo
    fi
    echo "찐친: 브라우저 시험에 쓸 Chromium을 설치해요 / Installing Chromium for the browser tests." >&2
    $sudo apt-get update >&2 && $sudo apt-get install -y chromium fonts-nanum >&2
}

find_chromium && exit
if install_chromium; then
    find_chromium && exit
fi
cat >&2 <<'END'

찐친: 브라우저 시험에 Chromium이 필요해요. 설치하거나 BROWSER=none 으로 건너뛰어 주세요 / The browser tests need Chromium; install it, or skip them with BROWSER=none: sudo apt-get install -y chromium fonts-nanum (Ubuntu: sudo snap install chromium)

END
exit 1

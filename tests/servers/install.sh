#!/usr/bin/env bash
# Installs what tests run against, servers and a browser, from the distribution's own packages. What is there is left as it is.
set -euo pipefail

run_as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo -n "$@"; else return 1; fi
}

packages=()
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || packages+=(postgresql)
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || packages+=(chromium)
command -v chromedriver >/dev/null || packages+=(chromium-driver)

if [ "${#packages[@]}" -gt 0 ]; then
    if ! command -v apt-get >/dev/null; then
        echo "Install by hand, this system has no apt-get: ${packages[*]}" >&2
        exit 1
    fi
    run_as_root apt-get update -q
    # the tests start servers of their own: nothing of what is installed needs to run
    run_as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}"
fi

#!/bin/sh
# Runs a command whose Prefect takes its secrets from files: NAME_FILE=/run/secrets/… is the file that holds NAME.
# customer-sync itself reads files by its own: file:/run/secrets/… in the setup.
set -eu
for name in PREFECT_API_AUTH_STRING PREFECT_API_KEY PREFECT_SERVER_API_AUTH_STRING PREFECT_SERVER_DATABASE_PASSWORD; do
    eval "file=\${${name}_FILE:-}"
    if [ -n "$file" ]; then
        if [ ! -r "$file" ]; then
            echo "${name}_FILE: $file cannot be read by uid $(id -u)" >&2
            exit 2
        fi
        export "$name=$(cat "$file")"
    fi
done
exec "$@"

#!/bin/sh
# The units of deploy/systemd, by systemd's own validators: no problem, and an exposure of less than 2 of 10.
set -eu
units=$(mktemp --directory)
trap 'rm -rf "$units"' EXIT
cp -r deploy/systemd/. "$units"
# the program is installed elsewhere
sed -i -E 's#/opt/customer-sync/bin/[a-z-]+#/bin/true#' "$units"/*.service
export SYSTEMD_UNIT_PATH="$units:"
for unit in customer-sync-run@shop.service customer-sync-run@shop.timer customer-sync-console.service \
            customer-sync-webhooks.service customer-sync-worker.service customer-sync-prefect.service; do
    systemd-analyze verify --man=no "$unit"
    case $unit in *.service) systemd-analyze security --offline=true --threshold=20 --no-pager "$unit" | tail -n 1 ;; esac
done

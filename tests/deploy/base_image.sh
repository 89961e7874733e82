#!/bin/sh
# Makes the base image of deploy/Containerfile out of Debian's packages, for places that reach no registry of images.
#
#     tests/deploy/base_image.sh NAME [SUITE]
set -eu
name=$1
suite=${2:-bookworm}
root=$(mktemp --directory)
trap 'rm -rf "$root"' EXIT
mmdebstrap --variant=minbase --include=python3,python3-venv,ca-certificates "$suite" "$root/root.tar"
container=$(buildah from scratch)
buildah add --quiet "$container" "$root/root.tar" /
buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
buildah commit --quiet --rm "$container" "$name"

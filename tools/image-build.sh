#!/usr/bin/env bash
# Builds the Dockerfile's agent stage with neither a Docker daemon nor a registry, to test it anywhere.
# Needs Debian 12 and root. The public base image is replaced by one made of Debian and this machine's Python.
# usage: image-build.sh STATE_FOLDER CONTEXT TAG
set -euo pipefail
state=$(realpath -m "$1") context=$2 tag=$3 python=3.11
mkdir -p "$state"
say() { echo "[${SECONDS}s] $*"; }

command -v buildah podman runc debootstrap >/dev/null || {
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends buildah podman runc debootstrap catatonit netavark >/dev/null
}

# A configuration of its own: nothing under /etc/containers is touched.
cat > "$state/storage.conf" <<C
[storage]
driver = "overlay"
graphroot = "$state/graph"
runroot = "$state/run"
C
cat > "$state/containers.conf" <<'C'
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
default_sysctls = []
[network]
network_backend = "netavark"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
C
export CONTAINERS_STORAGE_CONF=$state/storage.conf CONTAINERS_CONF=$state/containers.conf

debian() {
  local mirror root=$state/rootfs
  mirror=$(awk '/^URIs:/{print $2; exit}' /etc/apt/sources.list.d/debian.sources)
  rm -rf "$root"
  debootstrap --variant=minbase --include=ca-certificates bookworm "$root" "$mirror" > "$state/debootstrap.log"
  rm -f "$root/etc/apt/sources.list" "$root/etc/resolv.conf"
  cp /etc/apt/sources.list.d/debian.sources "$root/etc/apt/sources.list.d/"
  printf 'Acquire::Check-Valid-Until "false";\nAcquire::Check-Date "false";\n' > "$root/etc/apt/apt.conf.d/99lab"
  tar -C "$root" --exclude='./var/cache/apt/*.bin' --exclude='./var/cache/apt/archives/*.deb' \
      --exclude='./var/lib/apt/lists/*' --exclude='./proc/*' --exclude='./sys/*' -cf - . |
    podman import -q --change 'CMD ["bash"]' - localhost/debian:bookworm-slim
  rm -rf "$root"
}

python_base() {
  local source root=$state/python
  source=$("python$python" -c 'import sys; print(sys.base_prefix)')
  rm -rf "$root"; mkdir -p "$root"
  tar -C "$source" --exclude="lib/python$python/test" --exclude="lib/python$python/site-packages" \
      --exclude=__pycache__ --exclude='*.a' -cf - "bin/python$python" lib include | tar -C "$root" -xf -
  mkdir -p "$root/lib/python$python/site-packages"
  cat > "$root/Dockerfile" <<D
FROM debian:bookworm-slim
ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates netbase tzdata libbz2-1.0 \
    libexpat1 libffi8 liblzma5 libncursesw6 libreadline8 libsqlite3-0 libssl3 libuuid1 zlib1g libnsl2 libtirpc3 \
 && rm -rf /var/lib/apt/lists/*
COPY bin /usr/local/bin
COPY lib /usr/local/lib
COPY include /usr/local/include
RUN ldconfig && ln -s python$python /usr/local/bin/python3 && ln -s python3 /usr/local/bin/python \
 && python -m ensurepip --upgrade && ln -sf pip3 /usr/local/bin/pip && python -c "import ssl, sqlite3, lzma, bz2"
D
  buildah bud -q --pull-never --isolation chroot -t "localhost/python:$python-slim-bookworm" "$root"
  rm -rf "$root"
}

podman image exists localhost/debian:bookworm-slim || debian
podman image exists "localhost/python:$python-slim-bookworm" || python_base
say "base images"

# This machine's pip settings reach the RUN steps by mounts, so that none of them stays in the image.
cp /etc/ssl/certs/ca-certificates.crt "$state/ca.crt"
mounts=(-v "$state/pip.conf:/etc/pip.conf:ro" -v "$state/ca.crt:/run/lab-ca.crt:ro")
setting() { pip config get ":env:.$1" 2>/dev/null || pip config get "global.$1" 2>/dev/null || true; }
{
  printf '[global]\ncert = /run/lab-ca.crt\n'
  links=$(setting find-links); [ -z "$links" ] || echo "find-links = $links"
  extra=$(setting extra-index-url); [ -z "$extra" ] || { echo "extra-index-url ="; printf '    %s\n' $extra; }
} > "$state/pip.conf"
for place in $links $extra; do
  place=${place#file://}; place=${place%/simple}
  [ ! -d "$place" ] || mounts+=(-v "$place:$place:ro")
done

buildah bud --format docker --pull-never --isolation chroot --layers --force-rm --target agent \
  --build-arg TORCH_INDEX= "${mounts[@]}" -t "$tag" "$context" > "$state/build.log" 2>&1 ||
  { tail -30 "$state/build.log"; exit 1; }
say "built $tag"

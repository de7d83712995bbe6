#!/bin/sh
# The root file system may be read-only: the compiled world moves to where it may be written.
set -e
[ -d "$NUMBA_CACHE_DIR" ] || cp -r /opt/numba-cache "$NUMBA_CACHE_DIR"
exec "$@"

#!/usr/bin/env bash
# Formatting, lint and types of the pages' scripts. Each page's scripts are one program: they share globals.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v npx >/dev/null; then
  echo "javascript: no npx here, so the pages' scripts are not checked (Debian: apt-get install npm)"
  exit 0
fi
biome() { npx --yes @biomejs/biome@2.6.8 "$@"; }
tsc() { npx --yes --package typescript@7.0.2 tsc --noEmit --allowJs --checkJs --target es2024 --types "" \
  --lib es2024,dom,dom.iterable --strict false tools/globals.d.ts "$@"; }
if ! biome --version >/dev/null 2>&1; then
  echo "javascript: npm cannot fetch biome here, so the pages' scripts are not checked"
  exit 0
fi
if [ "${1:-}" = --fix ]; then
  biome check --write . && exit
fi
w=watch/templates dom=basalt_iq/templates/dom.js
biome ci .
tsc $dom $w/charts.js $w/media.js $w/timeline.js $w/viewer.js $w/map.js $w/wall.js $w/report.js
tsc $dom $w/charts.js $w/media.js $w/timeline.js $w/browse.js
tsc $dom $w/compare.js
tsc $dom play/templates/keyboard.js

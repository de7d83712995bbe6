#!/usr/bin/env bash
# Builds the agent image and plays the same episodes inside it and outside; prints what differs, size and times.
# usage: image-test.sh [RUN]   a run or checkpoint folder; default: a small agent with fresh weights
# IMAGE_STATE (default build/image) keeps the layers between calls: several GB.
set -uo pipefail
cd "$(dirname "$0")/.."
root=$PWD state=$(realpath -m "${IMAGE_STATE:-build/image}") tag=localhost/basalt-iq:test bin=$PWD/.venv/bin
mkdir -p "$state"
export CONTAINERS_STORAGE_CONF=$state/storage.conf CONTAINERS_CONF=$state/containers.conf

# What git has, so that an image never holds anything else.
context=$state/context
rm -rf "$context"; mkdir -p "$context"; git archive HEAD | tar -x -C "$context"
began=$SECONDS
tools/image-build.sh "$state" "$context" "$tag" || exit 1
echo "build: $((SECONDS - began)) s, image: $(podman image inspect "$tag" --format '{{.Size}}' | awk '{printf "%.2f GB", $1/1e9}')"

agent=$state/agent results=$state/results
rm -rf "$agent" "$results"; mkdir -p "$results/inside" "$results/outside"; chmod 777 "$results/inside"
if [ $# -gt 0 ]; then cp -rL "$1" "$agent"; else "$bin/python" tools/small_agent.py "$agent"; fi
chmod -R a+rX "$agent"
play=(--episodes 3 --first-seed 7 --max-steps 100 --workers 1 --worlds 3 --json)

cd "$state" # conmon drops a file named "oom" here when memory runs out
contain() {
  podman run --rm --network none --no-healthcheck --read-only --tmpfs /tmp:rw,exec,size=512m --cap-drop ALL \
    --security-opt no-new-privileges --shm-size 256m --memory 3g --memory-swap 3g --pids-limit 256 "$@"
}
failed=0
check() {
  local what=$1; shift
  if "$@" > "$state/check.log" 2>&1; then echo "pass  $what"; else echo "FAIL  $what"; tail -5 "$state/check.log"; failed=1; fi
}
configured() {
  podman image inspect "$tag" | python3 -c '
import json, sys
config = json.load(sys.stdin)[0]
assert config["User"] == "1001" and config["Config"]["Entrypoint"], config
assert config["Healthcheck"]["Test"], config
assert not [line for line in config["Config"]["Env"] if line.startswith("PIP_")], config'
}
inside() { contain -v "$agent:/run-folder:ro" -v "$results/inside:/out" "$tag" "${play[@]}"; }
package() {
  rm -rf "$state/package"; "$bin/basalt-iq" submit build "$agent" --target aicrowd-2021 --out "$state/package" &&
    contain -v "$state/package:/package:ro" --entrypoint entrypoint "$tag" \
      basalt-iq submit check /package --episodes 1 --max-steps 20
}
outside() { "$bin/basalt-iq" evaluate --run "$agent" --out "$results/outside" "${play[@]}"; }
exit_code() { contain "$tag" --no-such-option; [ $? = 2 ]; }
clean() { contain --entrypoint sh "$tag" -c '[ ! -s /etc/pip.conf ] && [ ! -s /run/lab-ca.crt ]'; }
stops() {
  local id began
  id=$(podman run -d --network none --no-healthcheck --entrypoint tini "$tag" -g -- sleep 300); sleep 2; began=$SECONDS
  podman stop -t 20 "$id" > /dev/null; podman rm -f "$id" > /dev/null; [ $((SECONDS - began)) -le 5 ]
}
check "user without rights, entrypoint, health check, no settings of the builder" configured
check "an evaluation inside: offline, read-only, without capabilities" inside
check "the same evaluation outside" outside
check "both give the same" "$bin/python" "$root/tools/same_results.py" "$results/inside" "$results/outside"
[ $failed = 1 ] || sed 's/^/      /' "$state/check.log"
check "a package of the agent passes its check inside" package
check "a bad option's exit code comes through" exit_code
check "no file of the builder is left" clean
check "SIGTERM ends it within 5 s" stops
exit $failed

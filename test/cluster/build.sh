#!/usr/bin/env bash
# Builds the control plane and kwok from Go modules, once for each version of what stands here, and prints the folder
# that holds them: a binary `controlplane`, a binary `kwok`, and kwok's `stages`. About 8 minutes on 2 cores with an
# empty Go build cache, a moment when the folder is there. EFFECT_KUBERNETES_CONTROLPLANE names a ready folder instead.
set -euo pipefail

kubernetes=v1.36.3
kwok=v0.8.0

if [ -n "${EFFECT_KUBERNETES_CONTROLPLANE:-}" ]; then
  echo "$EFFECT_KUBERNETES_CONTROLPLANE"
  exit 0
fi

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
digest() { if command -v sha256sum > /dev/null; then sha256sum; else shasum -a 256; fi; }
key=$(cat "$here"/controlplane/{go.mod,go.sum,main.go} "$here/build.sh" | digest | cut -c 1-12)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/effect-kubernetes
target=$cache/controlplane-$kubernetes-$key

if [ -d "$target" ]; then
  echo "$target"
  exit 0
fi
if ! command -v go > /dev/null; then
  echo "test:cluster builds a Kubernetes control plane and needs Go 1.26 or later (https://go.dev/dl), or the folder of a ready one in EFFECT_KUBERNETES_CONTROLPLANE" >&2
  exit 3
fi

# One build at a time: a second one waits for the first and finds its result. The lock of a build that died is taken over.
mkdir -p "$cache"
lock=$cache/build.lock
until mkdir "$lock" 2> /dev/null; do
  holder=$(cat "$lock/pid" 2> /dev/null || true)
  if [ -n "$holder" ] && ! kill -0 "$holder" 2> /dev/null; then
    rm -rf "$lock"
  else
    sleep 1
  fi
done
echo $$ > "$lock/pid"
work=$(mktemp -d "$cache/build.XXXXXX")
trap 'rm -rf "$work" "$lock"' EXIT
trap 'exit 130' INT TERM

if [ ! -d "$target" ]; then
  echo "building Kubernetes $kubernetes and kwok $kwok into $target" >&2
  version=k8s.io/component-base/version
  (
    cd "$here/controlplane"
    go build -o "$work/controlplane" -ldflags "-s -w -X $version.gitVersion=$kubernetes -X $version.gitMajor=1 -X $version.gitMinor=36" .
  ) >&2
  GOBIN=$work go install -ldflags "-s -w" "sigs.k8s.io/kwok/cmd/kwok@$kwok" >&2
  stages=$(go env GOMODCACHE)/sigs.k8s.io/kwok@$kwok/kustomize/stage
  mkdir "$work/stages"
  cp "$stages"/node/fast/node-*.yaml "$stages"/node/heartbeat-with-lease/node-*.yaml "$stages"/pod/fast/pod-*.yaml "$work/stages"
  chmod -R u+w "$work/stages"
  mv "$work" "$target"
fi
echo "$target"

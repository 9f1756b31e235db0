#!/usr/bin/env bash
# Every figure of the GPU engine on the machine at hand: training speed, seconds until the first
# steps are done (cold and with kept pipelines), times of kernels, and, where there is PyTorch, its
# speed in turn with ours. With DATA, ten epochs on each engine as well. Needs bash, sed and awk,
# and a release binary, which may have been built elsewhere.
#
#   benches/gpu.sh
#
# RNETC=path           the binary                       [target/release/rnetc]
# PYTORCH_SCRIPT=path  the peer script                  [no peer]
# PYTORCH_DEVICE=name  where it runs                    [cuda]
# DATA=folder          CIFAR-10's binary files          [no epochs are trained]
# DEPTHS, BATCH, ROUNDS, STEPS, EPOCHS                  [20 110, 128, 3, 50, 10]
#
# PyTorch is eager, in f32 with TF32 in cuDNN's convolutions, which is its default.
set -euo pipefail
cd "$(dirname "$0")/.."
rnetc=${RNETC:-target/release/rnetc}
depths=${DEPTHS:-20 110} batch=${BATCH:-128} rounds=${ROUNDS:-3} steps=${STEPS:-50}
epochs=${EPOCHS:-10} device=${PYTORCH_DEVICE:-cuda} peer=${PYTORCH_SCRIPT:-}
export XDG_CACHE_HOME
XDG_CACHE_HOME=$(mktemp -d)
trap 'rm -rf "$XDG_CACHE_HOME"' EXIT

[ -x "$rnetc" ] || { echo "no binary at $rnetc: set RNETC, or cargo build --release" >&2; exit 2; }
field() { sed -n 's/.*"'"$1"'":\([0-9.]*\).*/\1/p' | tail -n 1; }
median() { tr ' ' '\n' | awk 'NF' | sort -n | awk '{v[NR]=$1} END {print NR%2 ? v[(NR+1)/2] : (v[NR/2]+v[NR/2+1])/2}'; }
ours() {
    "$rnetc" bench specs/preact.rnet --set "depth=$1" --batch "$batch" --steps "$steps" \
        --engine wgpu --format json "${@:2}" 2>/dev/null
}
theirs() {
    python3 "$peer" bench --depth "$1" --batch "$batch" --steps "$steps" --device "$device" \
        --channels-last 2>/dev/null | sed 's/": /":/g'
}

"$rnetc" --version
"$rnetc" devices
"$rnetc" bench specs/preact.rnet --set depth=8 --steps 1 --engine wgpu --precision f16 2>&1 >/dev/null |
    grep '^precision' || true
echo "batch $batch, f32, medians of $steps steps"
for depth in $depths; do
    a="" b=""
    for round in $(seq "$rounds"); do
        line=$(ours "$depth")
        speed=$(field images_per_s <<<"$line")
        a="$a $speed" text="rnetc $speed images/s (warm after $(field warmup_s <<<"$line") s)"
        if [ -n "$peer" ]; then
            speed=$(theirs "$depth" | field images_per_s)
            b="$b $speed" text="$text, PyTorch $speed"
        fi
        echo "ResNet-$depth train, round $round: $text"
    done
    ours=$(median <<<"$a")
    echo "ResNet-$depth train: rnetc $ours images/s"
    if [ -n "$b" ]; then
        theirs=$(median <<<"$b")
        awk -v d="$depth" -v o="$ours" -v t="$theirs" \
            'BEGIN {printf "ResNet-%s train: PyTorch %s images/s, ratio %.2f\n", d, t, o / t}'
    fi
    echo "ResNet-$depth train, not tuned: rnetc" \
        "$(ours "$depth" --tune off | field images_per_s) images/s"
    echo "ResNet-$depth infer: rnetc $(ours "$depth" --mode infer | field images_per_s) images/s"
    echo "ResNet-$depth train, WebGPU's default limits:" \
        "rnetc $(ours "$depth" --limits webgpu-default | field images_per_s) images/s"
    if "$rnetc" devices | grep -q ", f16)"; then
        echo "ResNet-$depth train, f16:" \
            "rnetc $(ours "$depth" --precision f16 | field images_per_s) images/s"
    fi
done
for depth in $depths; do
    echo "== kernels of ResNet-$depth"
    "$rnetc" bench specs/preact.rnet --set "depth=$depth" --batch "$batch" --steps 5 \
        --engine wgpu --profile 2>/dev/null
done
if [ -n "${DATA:-}" ]; then
    runs=$XDG_CACHE_HOME/runs
    for engine in wgpu cpu; do
        echo "== ResNet-20, $epochs epochs on $engine"
        "$rnetc" run specs/preact.rnet --set depth=20 --train cifar10 --data "$DATA" \
            --epochs "$epochs" --batch "$batch" --engine "$engine" --out "$runs/$engine" 2>/dev/null
    done
fi

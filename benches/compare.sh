#!/usr/bin/env bash
# rnetc and PyTorch train the same nets in turn: for each case both speeds (medians of the steps)
# round by round, and the ratio of the medians of the rounds. Needs torch_resnet.py
# (PYTORCH_SCRIPT) and PyTorch; run it on an idle machine, after `cargo build --release`.
#
#   PYTORCH_SCRIPT=path/to/torch_resnet.py benches/compare.sh [rounds] [steps] [case…]
#
# A case is depth:precision, or spec:precision of those that benches/torch_nets.py knows; without any,
# those of README.md. BATCH (128) and PYTHON (python3) may be set.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-3}
steps=${2:-8}
shift $(($# < 2 ? $# : 2))
batch=${BATCH:-128} python=${PYTHON:-python3}
cases=("$@")
[ ${#cases[@]} -gt 0 ] || cases=(20:f32 20:bf16x3 20:bf16 110:f32 110:bf16 164:f32 164:bf16)
speed() { python3 -c 'import json,sys; print(json.loads(sys.stdin.read().strip().splitlines()[-1])["images_per_s"])'; }

for case in "${cases[@]}"; do
    net=${case%%:*} precision=${case##*:}
    case $net in
    *[!0-9]*)
        settings=() peer=(benches/torch_nets.py "$net")
        spec=$net
        [ "$net" != resnet50 ] || { spec=imagenet_original settings=(--set depth=50); }
        ;;
    *)
        spec=preact block=basic settings=(--set "depth=$net")
        # Depths 9n + 2 that are no 6n + 2 are bottleneck nets.
        [ $(((net - 2) % 6)) = 0 ] || { spec=bottleneck_preact block=bottleneck; }
        script=${PYTORCH_SCRIPT:?set PYTORCH_SCRIPT to the peer script}
        peer=("$script" bench --depth "$net" --block "$block" --channels-last)
        ;;
    esac
    [ "$precision" != bf16 ] || peer+=(--amp)
    all=""
    for round in $(seq "$rounds"); do
        ours=$(target/release/rnetc bench "specs/$spec.rnet" "${settings[@]}" --batch "$batch" \
            --steps "$steps" --engine cpu --threads 2 --precision "$precision" --format json \
            2>/dev/null | speed)
        theirs=$("$python" "${peer[@]}" --batch "$batch" --steps "$steps" --threads 2 \
            2>/dev/null | speed)
        echo "$case round $round: rnetc $ours, PyTorch $theirs images/s"
        all="$all $ours/$theirs"
    done
    python3 - "$case" $all <<'PY'
import statistics, sys
pairs = [tuple(map(float, p.split("/"))) for p in sys.argv[2:]]
ours, theirs = (statistics.median(side) for side in zip(*pairs))
print(f"{sys.argv[1]}: medians {ours:.0f} and {theirs:.0f} images/s, ratio {ours / theirs:.2f}")
PY
done

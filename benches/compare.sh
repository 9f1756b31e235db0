#!/usr/bin/env bash
# rnetc and PyTorch train the same ResNet-20 in turn; prints both speeds and their ratio, round by
# round. Needs torch_resnet.py (PYTORCH_SCRIPT) and PyTorch; run it on an idle machine.
#
#   PYTORCH_SCRIPT=path/to/torch_resnet.py benches/compare.sh [rounds] [steps]
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-3}
steps=${2:-10}
script=${PYTORCH_SCRIPT:?set PYTORCH_SCRIPT to the peer script}
rnetc=target/release/rnetc
speed() { python3 -c 'import json,sys; print(json.loads(sys.stdin.read().strip().splitlines()[-1])["images_per_s"])'; }

for round in $(seq "$rounds"); do
    ours=$("$rnetc" bench specs/preact.rnet --set depth=20 --set kind=project --batch 128 \
        --steps "$steps" --engine cpu --threads 2 --format json 2>/dev/null | speed)
    theirs=$(python3 "$script" bench --depth 20 --channels-last --batch 128 --steps "$steps" \
        --threads 2 | speed)
    python3 -c "print(f'round $round: rnetc {$ours}, PyTorch {$theirs} images/s, ratio {$ours/$theirs:.2f}')"
done

#!/usr/bin/env bash
# All that is promised of the GPU engine, measured on the machine at hand in under four minutes: a table on the
# screen, and everything in a file of JSON. Needs bash, sed, awk and timeout, the binary (which may have been built
# elsewhere) and specs/. With PEER, PyTorch in its strongest forms is measured in the same run.
#
#   RNETC=./rnetc PEER=torch_graph.py benches/gpu.sh    (paths from where benches/ lies)
#
# RNETC=path   the binary                                        [target/release/rnetc]
# PEER=path    a script: DEPTH BATCH basic|bottleneck FORMS,…    [no peer]
#              that prints a line of JSON for each, with form and images_per_s
# PYTHON=name  what runs it                                      [python3]
# OUT=file     where the JSON goes                               [gpu.json]
# CHIP=name    whose estimate stands beside (rnetc build --for)  [the adapter's, if it is known]
# DATA=folder  CIFAR-10's binary files, for EPOCHS               [no epochs are trained]
# EPOCHS=n     of ResNet-20, in each precision                   [10]
# LIMIT=n      seconds after which nothing more is begun         [225]
# STEPS=n      of each measurement                               [50]
# TINY=1       the smallest nets and batches, to try the script
#
# Every case of rnetc begins with nothing kept: what it takes until warm has tuning in it.
set -uo pipefail
cd "$(dirname "$0")/.."
rnetc=${RNETC:-target/release/rnetc} peer=${PEER:-} python=${PYTHON:-python3} out=${OUT:-gpu.json}
data=${DATA:-} epochs=${EPOCHS:-10} limit=${LIMIT:-225} steps=${STEPS:-50} tiny=${TINY:-}
[ -x "$rnetc" ] || { echo "no binary at $rnetc: set RNETC, or cargo build --release" >&2; exit 2; }
[ -z "$peer" ] || [ -f "$peer" ] || { echo "no script at $peer: set PEER, or leave it out" >&2; exit 2; }
kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT
: >"$kept/records"

# Seconds that a command may take: no case may keep the others from being measured.
left() { awk -v a=$((limit - SECONDS)) -v most="${most:-60}" 'BEGIN {print (a > most ? most : a)}'; }
field() { sed -n 's/.*"'"$1"'": *\([0-9.]*\).*/\1/p' | tail -n 1; }
quoted() { sed 's/\\/\\\\/g; s/"/\\"/g' | awk '{printf "%s%s", (NR > 1 ? "\\n" : ""), $0}'; }
record() { printf '{"what":"%s","case":"%s","of":"%s","result":%s}\n' "$1" "$2" "$3" "$4" >>"$kept/records"; }

# What a command prints, and nothing where it fails or no time is left; its complaint is kept.
within() {
    local seconds
    seconds=$(left)
    [ "$seconds" -gt 0 ] || { echo "left out, since time is up" >"$kept/complaint"; return 1; }
    timeout "$seconds" "$@" 2>"$kept/complaint"
    local code=$?
    [ "$code" != 124 ] || echo "stopped after $seconds s" >"$kept/complaint"
    return "$code"
}

offered() { "$rnetc" bench --help | grep -q "^ *- $1:"; }

# rnetc in one case, with nothing kept: SPEC DEPTH MODE PRECISION BATCH FLAGS…
ours() {
    local spec=$1 depth=$2 mode=$3 precision=$4 batch=$5 cache line
    shift 5
    cache=$(mktemp -d "$kept/cache.XXXX")
    XDG_CACHE_HOME=$cache within "$rnetc" bench "specs/$spec.rnet" --set "depth=$depth" --mode "$mode" \
        --precision "$precision" --batch "$batch" --steps "$steps" --engine wgpu --format json "$@"
}

# NAME SPEC DEPTH MODE PRECISION BATCH GOAL BLOCK FORMS; the goal is in times of the best of the peer's forms.
cases="
train_20_f16        preact            20  train f16   128  1.4 basic      graph-bf16,graph-compile-bf16
train_20_f16x3      preact            20  train f16x3 128  1.3 basic      graph-tf32,graph-compile-tf32
train_20_f32        preact            20  train f32   128  1.3 basic      graph-tf32,graph-compile-tf32
train_20_f16_1024   preact            20  train f16   1024 1.3 basic      graph-bf16
train_110_f16       preact            110 train f16   128  1.6 basic      graph-bf16
train_110_f16x3     preact            110 train f16x3 128  1.3 basic      graph-tf32
train_110_f32       preact            110 train f32   128  1.3 basic      graph-tf32
train_164_f16       bottleneck_preact 164 train f16   128  1.3 bottleneck graph-bf16
train_164_f16x3     bottleneck_preact 164 train f16x3 128  1.2 bottleneck graph-tf32
train_164_f32       bottleneck_preact 164 train f32   128  1.2 bottleneck graph-tf32
infer_20_f16        preact            20  infer f16   128  1.2 basic      graph-infer-half
train_20_f32_32     preact            20  train f32   32   -   basic      -
"
if [ -n "$tiny" ]; then
    cases=$(awk 'NF {$3 = $2 == "preact" ? 8 : 11; $6 = $6 / 32; print}' <<<"$cases")
fi

"$rnetc" --version | tee "$kept/version"
"$rnetc" devices | tee "$kept/devices"
if [ -z "${CHIP:-}" ]; then
    CHIP=$(grep '^wgpu' "$kept/devices" | tr -d ' -' | tr '[:upper:]' '[:lower:]' |
        grep -oE 'h200|h100|a100|rtx4090|rtx3090|rx7900xtx|m3max|nvidial4|teslat4' | sed 's/nvidia//; s/tesla//' | head -n 1)
fi

# Of deep nets, f32 stands in where there is nothing faster of its class.
if offered f16x3; then
    cases=$(grep -vE '^train_1[0-9]+_f32 ' <<<"$cases")
fi
while read -r name spec depth mode precision batch _; do
    [ -n "$name" ] || continue
    offered "$precision" || { echo "$name: this rnetc has no $precision"; continue; }
    if line=$(ours "$spec" "$depth" "$mode" "$precision" "$batch"); then
        record bench "$name" rnetc "$line"
        speed=$(field images_per_s <<<"$line")
        echo "$name $speed" >>"$kept/ours"
        echo "$name: rnetc $speed images/s, warm after $(field warmup_s <<<"$line") s"
    else
        complaint=$(tail -n 1 "$kept/complaint")
        record bench "$name" rnetc "{\"error\":\"$(quoted <<<"$complaint")\"}"
        echo "$name: rnetc: $complaint"
    fi
done <<<"$cases"

# Where the time goes, with what tuning tried.
for precision in f16 f32; do
    name="train_20_$precision" depth=20 batch=128
    [ -z "$tiny" ] || { depth=8 batch=4; }
    if line=$(ours preact "$depth" train "$precision" "$batch" --tune full --profile); then
        record profile "$name" rnetc "$line"
    fi
done
if [ -n "$CHIP" ] && text=$(within "$rnetc" build specs/preact.rnet --set depth=20 -o "$kept/build" --explain --for "$CHIP"); then
    text=$(sed -n '/^estimate for/,/^[a-z_]*: [0-9]* parameters/p' <<<"$text")
    record estimate train_20 "$CHIP" "\"$(quoted <<<"$text")\""
    grep ' dispatches, about ' <<<"$text" | sed 's/^/estimate: /'
fi

# The peer once a net and batch, in all forms; those that are compiled take longest, and come last.
if [ -n "$peer" ]; then
    awk 'NF && $9 != "-" {n = split($9, forms, ","); for (i = 1; i <= n; i++) print $3, $6, $8, forms[i]}' <<<"$cases" |
        sort -u | awk '{print ($4 ~ /compile/), $0}' | sort -s -n -k1,1 |
        awk '{k = $2 " " $3 " " $4; if (!(k in f)) order[++n] = k; f[k] = f[k] (f[k] == "" ? "" : ",") $5}
            END {for (i = 1; i <= n; i++) print order[i], f[order[i]]}' >"$kept/forms"
    while read -r depth batch block forms; do
        of="ResNet-$depth, batch $batch"
        most=90 within "$python" "$peer" "$depth" "$batch" "$block" "$forms" </dev/null >"$kept/lines" || {
            said=$(tail -n 1 "$kept/complaint")
            record peer "$of" "$forms" "{\"error\":\"$(quoted <<<"$said")\"}"
            echo "$of: PyTorch $forms: $said"
        }
        while read -r line; do
            form=$(sed -n 's/.*"form": *"\([^"]*\)".*/\1/p' <<<"$line")
            speed=$(field images_per_s <<<"$line")
            [ -n "$form" ] || continue
            record peer "$of" "$form" "$line"
            [ -z "$speed" ] || echo "$depth $batch $form $speed" >>"$kept/theirs"
            echo "$of: PyTorch $form: ${speed:-no} images/s"
        done <"$kept/lines"
    done <"$kept/forms"
fi

if [ -n "$data" ]; then
    for precision in f32 f16x3 f16; do
        offered "$precision" || continue
        if line=$(within "$rnetc" run specs/preact.rnet --set depth=20 --train cifar10 --data "$data" --epochs "$epochs" \
            --engine wgpu --precision "$precision" --out "$kept/runs/$precision" --format json | tail -n 1); then
            record epochs "train_20_$precision" "$epochs" "$line"
            echo "ResNet-20, $epochs epochs in $precision: $line"
        fi
    done
fi

touch "$kept/ours" "$kept/theirs"
echo
{
    echo "case rnetc peer form ratio goal met"
    while read -r name _ depth _ _ batch goal _ forms; do
        speed=$(awk -v n="$name" '$1 == n {print $2}' "$kept/ours")
        [ -n "$speed" ] || continue
        awk -v n="$name" -v o="$speed" -v d="$depth" -v b="$batch" -v g="$goal" -v f=",$forms," '
            $1 == d && $2 == b && index(f, "," $3 ",") && $4 + 0 > best {best = $4 + 0; form = $3}
            END {
                if (best == 0) {print n, o, "-", "-", "-", g, "-"; exit}
                printf "%s %s %s %s %.2f %s %s\n", n, o, best, form, o / best, g, (o >= g * best ? "yes" : "no")
            }' "$kept/theirs"
    done <<<"$cases"
} | tee "$kept/table" | awk '{printf "%-18s %10s %10s %-20s %6s %5s %4s\n", $1, $2, $3, $4, $5, $6, $7}'

{
    printf '{"rnetc":"%s","devices":"%s","seconds":%s,"limit":%s,"steps":%s,\n"table":[\n' \
        "$(quoted <"$kept/version")" "$(quoted <"$kept/devices")" "$SECONDS" "$limit" "$steps"
    awk 'NR > 1 {
        printf "%s{\"case\":\"%s\",\"rnetc\":%s", (NR > 2 ? ",\n" : ""), $1, $2
        if ($3 != "-") printf ",\"peer\":%s,\"form\":\"%s\",\"ratio\":%s,\"goal\":%s,\"met\":%s", $3, $4, $5, $6, ($7 == "yes" ? "true" : "false")
        printf "}"
    }' "$kept/table"
    printf '],\n"records":[\n'
    awk '{printf "%s%s", (NR > 1 ? ",\n" : ""), $0}' "$kept/records"
    printf ']}\n'
} >"$out"
echo "$SECONDS s; everything is in $out"

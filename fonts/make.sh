#!/bin/sh
# Makes the subsets from Arimo 1.33 (Debian: fonts-croscore) with fontTools' pyftsubset: letters of
# European languages, and the signs that figures use. Without kerning, so that a text is as long
# as its letters together.
set -e
cd "$(dirname "$0")"
from=${1:-/usr/share/fonts/truetype/croscore}
signs=U+2003,U+2013-2014,U+2016,U+2018-201E,U+2026,U+2032,U+2070-208E,U+2190-2193,U+2202,U+220F,U+2211-2212,U+221A,U+221E,U+2248,U+2260,U+2264-2265
subset() {
    pyftsubset "$from/$1.ttf" --output-file="$2" --unicodes="$3" --no-hinting --layout-features= \
        --drop-tables+=GSUB,GPOS,GDEF,kern,DSIG,gasp,meta,FFTM --name-IDs=0,1,2,3,4,5,6,13,14 \
        --notdef-outline --no-glyph-names
}
subset Arimo-Regular regular.ttf "U+20-7E,U+A0-17F,U+391-3C9,U+401-45F,$signs"
subset Arimo-Bold bold.ttf "U+20-7E,U+A0-FF,$signs"
subset Arimo-Italic italic.ttf U+20-7E

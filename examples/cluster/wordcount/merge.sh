#!/bin/sh
# Adds up the shards' counts and prints the ten most frequent words.
set -eu
awk '{ count[$2] += $1 } END { for (w in count) print count[w], w }' shards/* | sort -k1,1nr -k2 | head -n 10

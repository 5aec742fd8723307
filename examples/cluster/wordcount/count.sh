#!/bin/sh
# Counts the words of this shard's lines of input.txt: every CTHULIX_SHARDS-th,
# beginning with line CTHULIX_SHARD + 1.
set -eu
awk -v shard="$CTHULIX_SHARD" -v shards="$CTHULIX_SHARDS" '
  (NR - 1) % shards == shard {
    line = tolower($0)
    gsub(/[^a-z]+/, " ", line)
    n = split(line, word, " ")
    for (i = 1; i <= n; i++) count[word[i]]++
  }
  END { for (w in count) print count[w], w }
' input.txt | sort -k2

package images

import "slices"

// nearest returns the name that is most like a misspelt one, or "" if none is
// near enough to be worth saying.
func nearest(name string, names []string) string {
	best, distance := "", max(1, len(name)/3)+1
	for _, n := range slices.Sorted(slices.Values(names)) {
		if d := editDistance(name, n, distance); d < distance {
			best, distance = n, d
		}
	}
	return best
}

// editDistance counts the insertions, deletions and changes between a and b; it
// may stop counting at limit.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

package provider

import "strings"

// nearest returns the name that is most like the wanted one, or empty if none is like it.
func nearest(wanted string, names []string) string {
	best, bestDistance := "", len(wanted)/2+1
	for _, name := range names {
		if distance := editDistance(strings.ToLower(wanted), strings.ToLower(name)); distance < bestDistance {
			best, bestDistance = name, distance
		}
	}
	return best
}

// editDistance is the number of letters to insert, delete or replace that turns a into b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

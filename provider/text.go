package provider

import (
	"fmt"
	"strings"
	"time"
)

// list renders names for a message: "a, b and c", or "none".
func list(names []string) string {
	switch n := len(names); n {
	case 0:
		return "none"
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

// indent sets lines off from the text around them.
func indent(lines []string) string {
	return "  " + strings.Join(lines, "\n  ")
}

// count renders a number with its noun: "1 command", "3 commands".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// since renders how long ago something was, as a person would say it.
func since(d time.Duration) string {
	return d.Round(time.Second).String()
}

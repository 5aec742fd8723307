package iossim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// kinds are the interface types and their short forms, in the order in which
// a configuration lists them.
var kinds = []struct{ name, short string }{
	{"Loopback", "Lo"},
	{"Port-channel", "Po"},
	{"Tunnel", "Tu"},
	{"FastEthernet", "Fa"},
	{"Ethernet", "Et"},
	{"GigabitEthernet", "Gi"},
	{"TwoGigabitEthernet", "Tw"},
	{"FiveGigabitEthernet", "Fi"},
	{"TenGigabitEthernet", "Te"},
	{"FortyGigabitEthernet", "Fo"},
	{"TwentyFiveGigE", "Twe"},
	{"HundredGigE", "Hu"},
	{"AppGigabitEthernet", "Ap"},
	{"Vlan", "Vl"},
	{"mgmt", "mgmt"},
}

// common are the types that an abbreviation means where it could mean a type
// that few models have as well.
var common = []string{"FastEthernet", "GigabitEthernet", "TenGigabitEthernet", "TwoGigabitEthernet"}

// interfaceTokens reads an interface name, "gi1/0/1" or "gi 1/0/1", and
// returns it in full. The interface need not exist.
func interfaceTokens(toks []token) (name string, used int, ok bool) {
	text := toks[0].text
	split := strings.IndexAny(text, "0123456789")
	used = 1
	number := ""
	if split >= 0 {
		text, number = text[:split], text[split:]
	} else if len(toks) > 1 {
		number, used = toks[1].text, 2
	}
	kind := interfaceKind(text)
	if kind < 0 {
		return "", 0, false
	}
	number, ok = cleanNumber(number)
	return kinds[kind].name + number, used, ok
}

// interfaceKind is the only type that the text abbreviates, or -1.
func interfaceKind(text string) int {
	found := -1
	for i, k := range kinds {
		if text != "" && len(text) <= len(k.name) && strings.EqualFold(k.name[:len(text)], text) {
			if len(k.name) == len(text) {
				return i
			}
			if found >= 0 {
				if slices.Contains(common, kinds[found].name) {
					continue
				}
				if !slices.Contains(common, k.name) {
					return -1
				}
			}
			found = i
		}
	}
	return found
}

// cleanNumber checks "1/0/1" and takes leading zeros off its parts.
func cleanNumber(number string) (string, bool) {
	number, sub, tagged := strings.Cut(number, ".")
	if _, err := strconv.ParseUint(sub, 10, 32); tagged && err != nil {
		return "", false
	}
	parts := strings.Split(number, "/")
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 31)
		if err != nil {
			return "", false
		}
		parts[i] = strconv.FormatUint(n, 10)
	}
	number = strings.Join(parts, "/")
	if tagged {
		number += "." + sub
	}
	return number, true
}

// splitName splits a full name into its kind and numbers.
func splitName(name string) (kind int, numbers []int) {
	split := strings.IndexAny(name, "0123456789")
	if split < 0 {
		return -1, nil
	}
	kind = interfaceKind(name[:split])
	for _, p := range strings.FieldsFunc(name[split:], func(r rune) bool { return r == '/' || r == '.' }) {
		n, _ := strconv.Atoi(p)
		numbers = append(numbers, n)
	}
	return kind, numbers
}

// shortName is the form that tables use: Gi1/0/1.
func shortName(name string) string {
	split := strings.IndexAny(name, "0123456789")
	for _, k := range kinds {
		if split > 0 && k.name == name[:split] {
			return k.short + name[split:]
		}
	}
	return name
}

// compareNames orders interfaces as a configuration lists them.
func compareNames(a, b string) int {
	ka, na := splitName(a)
	kb, nb := splitName(b)
	if ka != kb {
		return ka - kb
	}
	for i := 0; i < len(na) && i < len(nb); i++ {
		if na[i] != nb[i] {
			return na[i] - nb[i]
		}
	}
	return len(na) - len(nb)
}

// rangeNames reads what follows `interface range`: "gi1/0/1 - 4 , gi1/0/9".
// On an error it returns the offset of what is wrong.
func rangeNames(text string) (names []string, bad int) {
	offset := 0
	for _, part := range strings.Split(text, ",") {
		first, last, ranged := strings.Cut(part, "-")
		// The hyphen of Port-channel is not a range.
		if ranged && interfaceKind(strings.TrimSpace(first)) == interfaceKind("port-channel") {
			rest := last
			rest, last, ranged = strings.Cut(rest, "-")
			first += "-" + rest
		}
		toks := tokens(first)
		if len(toks) == 0 {
			return nil, offset
		}
		name, used, ok := interfaceTokens(toks)
		if !ok || used != len(toks) {
			return nil, offset + toks[0].col
		}
		names = append(names, name)
		if ranged {
			more, ok := through(name, strings.TrimSpace(last))
			if !ok {
				return nil, offset + len(first) + 1
			}
			names = append(names, more...)
		}
		offset += len(part) + 1
	}
	return names, -1
}

// through returns the interfaces after name up to the one that ends in last,
// which is a number or a whole name of the same slot.
func through(name, last string) ([]string, bool) {
	slash := strings.LastIndexAny(name, "/abcdefghijklmnopqrstuvwxyz")
	stem := name[:slash+1]
	from, _ := strconv.Atoi(name[slash+1:])
	if toks := tokens(last); len(toks) > 0 {
		if whole, used, ok := interfaceTokens(toks); ok && used == len(toks) {
			var found bool
			if last, found = strings.CutPrefix(whole, stem); !found {
				return nil, false
			}
		}
	}
	to, err := strconv.Atoi(last)
	if err != nil || to < from || to-from > 4094 {
		return nil, false
	}
	var names []string
	for i := from + 1; i <= to; i++ {
		names = append(names, fmt.Sprintf("%s%d", stem, i))
	}
	return names, true
}

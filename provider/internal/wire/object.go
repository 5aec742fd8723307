// Package wire reads and writes the outermost layers of values in the encoding
// of Terraform's plugin protocol (MessagePack), and leaves what is below them
// as bytes.
package wire

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// ErrNoObject is returned for what is neither an object nor a map: null, an
// unknown value, or another type.
var ErrNoObject = errors.New("neither an object nor a map")

// Object is an object or a map: the encodings of its values by their names.
type Object map[string]string

// Decode reads an object or a map. It fails with ErrNoObject if b holds another
// value, and otherwise if b is no whole value.
func Decode(b string) (Object, error) {
	r := bytes.NewReader([]byte(b))
	d := msgpack.NewDecoder(r)
	code, err := d.PeekCode()
	if err != nil {
		return nil, fmt.Errorf("an object: %w", err)
	}
	if !msgpcode.IsFixedMap(code) && code != msgpcode.Map16 && code != msgpcode.Map32 {
		return nil, ErrNoObject
	}
	n, err := d.DecodeMapLen()
	if err != nil {
		return nil, fmt.Errorf("an object: %w", err)
	}
	// Two bytes are the least that a name and its value take.
	o := make(Object, min(n, r.Len()/2))
	for range n {
		name, err := d.DecodeString()
		if err != nil {
			return nil, fmt.Errorf("the name of a value: %w", err)
		}
		from := len(b) - r.Len()
		if err := d.Skip(); err != nil {
			return nil, fmt.Errorf("the value of %q: %w", name, err)
		}
		o[name] = b[from : len(b)-r.Len()]
	}
	if r.Len() > 0 {
		return nil, fmt.Errorf("%d bytes after the object", r.Len())
	}
	return o, nil
}

// Encode writes o, its values by the order of their names.
func (o Object) Encode() string {
	var b bytes.Buffer
	e := msgpack.NewEncoder(&b)
	// Writing to a buffer does not fail.
	_ = e.EncodeMapLen(len(o))
	for _, name := range slices.Sorted(maps.Keys(o)) {
		_ = e.EncodeString(name)
		b.WriteString(o[name])
	}
	return b.String()
}

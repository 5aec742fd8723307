package provider

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
)

// What a resource remembers of its switch is much, and says the same of each
// port. Terraform writes all of the state anew after each resource that it
// applies: a thousand ports, each with its switch, made that tens of megabytes a
// thousand times over. So it is kept compressed, as a JSON string in base64.

// pack encodes what a resource remembers.
func pack(v any) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := json.NewEncoder(z).Encode(v); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return json.Marshal(b.Bytes())
}

// unpack decodes it, and what earlier versions kept as it was.
func unpack(b []byte, v any) error {
	if len(b) == 0 || b[0] != '"' {
		return json.Unmarshal(b, v)
	}
	var packed []byte
	if err := json.Unmarshal(b, &packed); err != nil {
		return err
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	plain, err := io.ReadAll(io.LimitReader(z, mostUnpacked+1))
	if err != nil {
		return err
	}
	if len(plain) > mostUnpacked {
		return fmt.Errorf("it is more than %d MB", mostUnpacked>>20)
	}
	return json.Unmarshal(plain, v)
}

// mostUnpacked is far more than any switch has to say.
const mostUnpacked = 256 << 20

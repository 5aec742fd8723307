package keg_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

const emptyKID = keg.KID("K-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")

func TestSumIsSHA256(t *testing.T) {
	if got := keg.Sum(nil); got != emptyKID {
		t.Errorf("Sum(nil) = %s, want %s", got, emptyKID)
	}
	h := keg.NewHasher()
	for _, part := range []string{"ab", "", "c"} {
		if _, err := h.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := h.KID(), keg.Sum([]byte("abc")); got != want {
		t.Errorf("Hasher says %s, Sum says %s", got, want)
	}
}

func TestParse(t *testing.T) {
	for _, bad := range []string{
		"", "K-", "K-abc", string(emptyKID)[2:], strings.ToUpper(string(emptyKID)),
		string(emptyKID) + "0", string(emptyKID[:65]) + "g", " " + string(emptyKID[1:]), emptyKID.Short(),
		strings.Repeat("x", 1000),
	} {
		if kid, err := keg.Parse(bad); err == nil || kid != "" {
			t.Errorf("Parse(%q) = %q, %v; want an error", bad, kid, err)
		} else if len(err.Error()) > 250 {
			t.Errorf("Parse(%q): the error is %d bytes long", bad, len(err.Error()))
		}
	}
	kid, err := keg.Parse(string(emptyKID))
	if err != nil || kid != emptyKID {
		t.Errorf("Parse(%s) = %s, %v", emptyKID, kid, err)
	}
	if got, want := kid.Short(), "K-e3b0c44298fc"; got != want {
		t.Errorf("Short = %s, want %s", got, want)
	}
	if got := keg.KID("new").Short(); got != "new" {
		t.Errorf("Short of what is no KID = %q", got)
	}
	if kid.Hex() != string(kid[2:]) || keg.KID("x").Hex() != "" {
		t.Error("Hex is not the digits alone")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(string(emptyKID))
	f.Add("K-e3b0c44298fc")
	f.Add("K-\xff")
	f.Fuzz(func(t *testing.T, s string) {
		kid, err := keg.Parse(s)
		if (err == nil) != keg.KID(s).Valid() {
			t.Fatalf("Parse and Valid disagree on %q", s)
		}
		if err == nil && (string(kid) != s || len(kid.Short()) != 14 || len(kid.Hex()) != 64) {
			t.Fatalf("%q became %q", s, kid)
		}
	})
}

func TestReadAll(t *testing.T) {
	d := openDir(t)
	kid, _, err := d.Put(t.Context(), strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := keg.ReadAll(t.Context(), d, kid, 5); err != nil || !bytes.Equal(b, []byte("hello")) {
		t.Errorf("ReadAll = %q, %v", b, err)
	}
	if _, err := keg.ReadAll(t.Context(), d, kid, 4); err == nil {
		t.Error("a blob above the limit was read")
	}
	if _, err := keg.ReadAll(t.Context(), d, emptyKID, 4); !errors.Is(err, keg.ErrNotFound) {
		t.Errorf("a missing blob: %v", err)
	}
}

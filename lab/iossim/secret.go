package iossim

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
	"sync"

	"golang.org/x/crypto/scrypt"
)

// ciscoBase64 is the alphabet of Cisco's password hashes.
var ciscoBase64 = base64.NewEncoding("./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz").WithPadding(base64.NoPadding)

// hashSecret returns the type 9 hash of a password. The salt comes from whose
// password it is, so that a switch made twice has the same configuration.
func hashSecret(owner, password string) string {
	sum := sha256.Sum256([]byte("cthulix lab: " + owner))
	salt := ciscoBase64.EncodeToString(sum[:])[:14]
	return "$9$" + salt + "$" + scryptHash(salt, password)
}

// scrypted remembers hashes. To make one takes tens of milliseconds, on purpose;
// a lab of many switches with the same passwords would do little else.
var scrypted struct {
	sync.Mutex
	hashes map[[sha256.Size]byte]string
}

// scryptedMax is how many hashes are remembered. Then all are forgotten.
const scryptedMax = 4096

func scryptHash(salt, password string) string {
	which := sha256.Sum256([]byte(salt + "$" + password))
	scrypted.Lock()
	defer scrypted.Unlock()
	if hash, ok := scrypted.hashes[which]; ok {
		return hash
	}
	hash := slowHash(salt, password)
	if scrypted.hashes == nil || len(scrypted.hashes) >= scryptedMax {
		scrypted.hashes = map[[sha256.Size]byte]string{}
	}
	scrypted.hashes[which] = hash
	return hash
}

func slowHash(salt, password string) string {
	key, err := scrypt.Key([]byte(password), []byte(salt), 1<<14, 1, 1, 32)
	if err != nil {
		// The parameters are constants that scrypt takes.
		panic(err)
	}
	return ciscoBase64.EncodeToString(key)
}

// checkSecret compares a password with what a configuration stores: a type 9
// hash ("9 $9$…") or clear text ("0 …", "7" is not read).
func checkSecret(stored, password string) bool {
	kind, value, ok := strings.Cut(stored, " ")
	if !ok {
		kind, value = "0", stored
	}
	switch kind {
	case "0":
		return subtle.ConstantTimeCompare([]byte(value), []byte(password)) == 1
	case "9":
		parts := strings.Split(value, "$")
		return len(parts) == 4 && parts[1] == "9" &&
			subtle.ConstantTimeCompare([]byte(parts[3]), []byte(scryptHash(parts[2], password))) == 1
	}
	return false
}

// storedSecret turns what follows `secret` on a line into what is stored.
func storedSecret(owner, typed string) string {
	switch kind, value, _ := strings.Cut(typed, " "); kind {
	case "0":
		return "9 " + hashSecret(owner, value)
	case "4", "5", "8", "9":
		return typed
	}
	return "9 " + hashSecret(owner, typed)
}

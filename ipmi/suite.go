package ipmi

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"hash"
)

// suite is a cipher suite: how a log-in is authenticated and packets are signed. Both encrypt with AES-CBC-128.
type suite struct {
	id int
	// auth, integrity and secrecy are the algorithms' numbers (IPMI 2.0 §13.28).
	auth, integrity, secrecy byte
	hash                     func() hash.Hash
	// signature is how many bytes of a digest sign a packet, and a RAKP message 4.
	signature int
}

// suites are those that are offered; suite 0 is not among them, for it accepts any password (IPMI 2.0 §22.15.2).
var suites = map[int]suite{
	3:  {3, 1, 1, 1, sha1.New, 12},
	17: {17, 3, 4, 1, sha256.New, 16},
}

// sign is the digest of a message under a key.
func (s suite) sign(key []byte, message ...[]byte) []byte {
	mac := hmac.New(s.hash, key)
	for _, part := range message {
		mac.Write(part)
	}
	return mac.Sum(nil)
}

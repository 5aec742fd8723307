package images

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// How an initramfs may be compressed.
const (
	CompressionZstd = "zstd"
	CompressionGzip = "gzip"
	CompressionNone = "none"
)

// The window bounds the memory that Linux needs to unpack.
const initrdWindow = 8 << 20

// compress is a function of its input alone: one encoder, one thread, no times.
func compress(b []byte, how string) ([]byte, error) {
	switch how {
	case CompressionNone:
		return b, nil
	case CompressionGzip:
		var buf bytes.Buffer
		w, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(b); err != nil {
			return nil, err
		}
		err = w.Close()
		return buf.Bytes(), err
	case CompressionZstd:
		enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression),
			zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(initrdWindow))
		if err != nil {
			return nil, err
		}
		defer enc.Close()
		return enc.EncodeAll(b, nil), nil
	}
	return nil, fmt.Errorf("images: no compression is called %q", how)
}

// decompress tells the compression by what the bytes begin with, as Linux does.
func decompress(r io.Reader) (io.ReadCloser, error) {
	var magic [4]byte
	n, err := io.ReadFull(r, magic[:])
	if err != nil {
		return nil, noEOF(err)
	}
	r = io.MultiReader(bytes.NewReader(magic[:n]), r)
	switch {
	case bytes.HasPrefix(magic[:], []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return decompressor(".zst", r)
	case bytes.HasPrefix(magic[:], []byte{0x1f, 0x8b}):
		return decompressor(".gz", r)
	}
	return io.NopCloser(r), nil
}

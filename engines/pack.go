package engines

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// Pack stores a binary, compressed with zstd, in the keg, as hosts download it.
// The same binary always gets the same KID.
func Pack(ctx context.Context, store keg.Store, path string) (keg.KID, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("pack %s: %w", path, err)
	}
	defer f.Close()
	r, w := io.Pipe()
	go func() {
		// One goroutine: blocks that are compressed side by side may differ from run to run.
		z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault))
		if err == nil {
			_, err = io.Copy(z, f)
			if cerr := z.Close(); err == nil {
				err = cerr
			}
		}
		w.CloseWithError(err)
	}()
	kid, _, err := store.Put(ctx, r)
	r.Close()
	if err != nil {
		return "", fmt.Errorf("pack %s: %w", path, err)
	}
	return kid, nil
}

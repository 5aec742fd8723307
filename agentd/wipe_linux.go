package agentd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// zeroChunk is how much one call zeroes: little enough that progress is seen
	// and an end of the work is heeded.
	zeroChunk = 64 << 20
	// Samples that are read back: so many, over the whole disk, of so many bytes.
	samples     = 256
	sampleBytes = 1 << 20
)

// ZeroDisk implements OS.
func (l *Linux) ZeroDisk(ctx context.Context, name string, size int64, progress func(done int64)) error {
	path := "/dev/" + name
	// O_EXCL on a block device fails while anything of it is mounted or in use.
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_EXCL|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open it for itself alone: %w", err)
	}
	defer f.Close()
	have, err := diskSize(f)
	if err != nil {
		return err
	}
	if have != size {
		return fmt.Errorf("it has %d bytes, not %d", have, size)
	}
	for at := int64(0); at < size; {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("ended at byte %d of %d: %w", at, size, context.Cause(ctx))
		}
		n := min(zeroChunk, size-at)
		span := [2]uint64{uint64(at), uint64(n)}
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), unix.BLKZEROOUT, uintptr(unsafe.Pointer(&span))); errno != 0 {
			return fmt.Errorf("zero %d bytes at %d: %w", n, at, errno)
		}
		at += n
		progress(at)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("flush it: %w", err)
	}
	return readZeros(f, size)
}

func diskSize(f *os.File) (int64, error) {
	var n uint64
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), unix.BLKGETSIZE64, uintptr(unsafe.Pointer(&n))); errno != 0 {
		return 0, fmt.Errorf("its size: %w", errno)
	}
	return int64(n), nil
}

// readZeros reads samples of a disk back, the first and the last bytes among
// them: a disk that takes writes and does not keep them is no wiped one.
func readZeros(r io.ReaderAt, size int64) error {
	n := min(sampleBytes, size)
	b, zeros := make([]byte, n), make([]byte, n)
	for i := range int64(samples) {
		// The last sample ends where the disk does.
		at := (size - n) / (samples - 1) * i
		if i == samples-1 {
			at = size - n
		}
		if _, err := r.ReadAt(b, at); err != nil {
			return fmt.Errorf("read back at %d: %w", at, err)
		}
		if !bytes.Equal(b, zeros) {
			return fmt.Errorf("it was zeroed, and does not read as zeros at %d", at)
		}
	}
	return nil
}

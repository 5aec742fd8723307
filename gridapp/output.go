package gridapp

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/hashicorp/nomad/api"
	"golang.org/x/sync/errgroup"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

const (
	logDir = "alloc/logs"
	// settleFor is for how long an output must not grow to be whole. Nomad says
	// that a task has ended a moment before it has written the last of its log:
	// its log writer flushes every 100 ms.
	settleFor = 300 * time.Millisecond
	// collectors bounds how many outputs are read at once.
	collectors = 4
	tailBytes  = 4096
	tailLines  = 12
)

// lostOutputError is an output that its host cannot give any more.
type lostOutputError struct {
	shard int
	host  string
	err   error
}

func (e *lostOutputError) Error() string {
	return fmt.Sprintf("the output of shard %d cannot be read from host %s: %v", e.shard, e.host, e.err)
}

func (e *lostOutputError) Unwrap() error { return e.err }

// errTooMuch is an output of which Nomad has dropped the beginning.
var errTooMuch = errors.New("it printed more than is kept: raise output_mb, or print less")

// collector reads the outputs of shards as they end, and keeps them.
type collector struct {
	c     *Client
	spec  Spec
	store keg.Store
	group *errgroup.Group
	ctx   context.Context
	begun []bool
	texts []string
	kids  []keg.KID
}

func (c *Client) collector(ctx context.Context, spec Spec, store keg.Store) *collector {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(collectors)
	return &collector{
		c: c, spec: spec, store: store, group: group, ctx: ctx,
		begun: make([]bool, spec.Count), texts: make([]string, spec.Count), kids: make([]keg.KID, spec.Count),
	}
}

// take begins to read the output of a shard that is complete, once.
func (k *collector) take(i int, alloc *api.AllocationListStub) {
	if k.begun[i] {
		return
	}
	k.begun[i] = true
	k.group.Go(func() error {
		text, err := k.c.readAll(k.ctx, alloc, "stdout")
		if errors.Is(err, errTooMuch) {
			return fmt.Errorf("gridapp %s: shard %d on host %s: %w (it is %d)", k.spec.Name, i, alloc.NodeName, err, k.spec.OutputMB)
		}
		if err != nil {
			return fmt.Errorf("gridapp %s: %w", k.spec.Name, &lostOutputError{shard: i, host: alloc.NodeName, err: err})
		}
		kid, _, err := k.store.Put(k.ctx, bytes.NewReader(text))
		if err != nil {
			return fmt.Errorf("gridapp %s: keep the output of shard %d: %w", k.spec.Name, i, err)
		}
		k.texts[i], k.kids[i] = string(text), kid
		return nil
	})
}

func (k *collector) wait() error { return k.group.Wait() }

// readAll reads a task's whole stdout or stderr, from the first byte.
func (c *Client) readAll(ctx context.Context, alloc *api.AllocationListStub, stream string) ([]byte, error) {
	var trouble backoff
	for try := 1; ; try++ {
		text, err := c.tryReadAll(ctx, alloc, stream)
		if err == nil || errors.Is(err, errTooMuch) || ctx.Err() != nil || try == 4 {
			return text, err
		}
		c.log.Warn("output not read, will retry", "allocation", alloc.ID, "host", alloc.NodeName, "error", err)
		if trouble.sleep(ctx) != nil {
			return nil, err
		}
	}
}

func (c *Client) tryReadAll(ctx context.Context, alloc *api.AllocationListStub, stream string) ([]byte, error) {
	files, err := c.settled(ctx, alloc, stream)
	if err != nil {
		return nil, err
	}
	var whole bytes.Buffer
	for i, f := range files {
		if f.number != i {
			return nil, errTooMuch
		}
		got, err := c.readFile(ctx, alloc, path.Join(logDir, f.name), 0, &whole)
		if err != nil {
			return nil, err
		}
		if got != f.size {
			return nil, fmt.Errorf("%s: got %d of %d bytes", f.name, got, f.size)
		}
	}
	return whole.Bytes(), nil
}

// logFile is one of the files that Nomad spreads an output over.
type logFile struct {
	name   string
	number int
	size   int64
}

// settled lists the files of an output when it does not grow any more.
func (c *Client) settled(ctx context.Context, alloc *api.AllocationListStub, stream string) ([]logFile, error) {
	var before []logFile
	for {
		q, cancel := c.query(ctx, alloc.Namespace)
		infos, _, err := c.nomad.AllocFS().List(&api.Allocation{ID: alloc.ID}, logDir, q)
		cancel()
		if err != nil {
			return nil, fmt.Errorf("list its logs: %w", err)
		}
		files := logFilesOf(infos, stream)
		if len(files) == 0 {
			return nil, fmt.Errorf("it has no %s", stream)
		}
		if slices.Equal(before, files) {
			return files, nil
		}
		before = files
		if err := pause(ctx, settleFor); err != nil {
			return nil, err
		}
	}
}

// logFilesOf picks the files of a stream, "main.stdout.0" and on, in order.
func logFilesOf(infos []*api.AllocFileInfo, stream string) []logFile {
	var files []logFile
	for _, f := range infos {
		number, ok := strings.CutPrefix(f.Name, taskName+"."+stream+".")
		if !ok || f.IsDir {
			continue
		}
		if n, err := strconv.Atoi(number); err == nil {
			files = append(files, logFile{name: f.Name, number: n, size: f.Size})
		}
	}
	slices.SortFunc(files, func(a, b logFile) int { return cmp.Compare(a.number, b.number) })
	return files
}

// readFile reads a file of an allocation from an offset. It asks the server,
// which asks the client: hosts need not be reachable from here.
func (c *Client) readFile(ctx context.Context, alloc *api.AllocationListStub, file string, offset int64, to io.Writer) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	q := (&api.QueryOptions{Namespace: alloc.Namespace, Params: map[string]string{
		"path": file, "offset": strconv.FormatInt(offset, 10), "limit": "0",
	}}).WithContext(ctx)
	body, err := c.nomad.Raw().Response("/v1/client/fs/readat/"+alloc.ID, q)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", file, err)
	}
	defer body.Close()
	n, err := io.Copy(to, body)
	if err != nil {
		return n, fmt.Errorf("read %s: %w", file, err)
	}
	return n, nil
}

// stderrTail is the end of what a task wrote to stderr, for people. An error
// about it would hide the one that it is to explain.
func (c *Client) stderrTail(ctx context.Context, alloc *api.AllocationListStub) string {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	files, err := c.settled(ctx, alloc, "stderr")
	if err != nil {
		return fmt.Sprintf("(not to be had: %v)", err)
	}
	// The last file may hold but the last few bytes.
	var text bytes.Buffer
	for _, f := range files[max(0, len(files)-2):] {
		if _, err := c.readFile(ctx, alloc, path.Join(logDir, f.name), max(0, f.size-tailBytes), &text); err != nil {
			return fmt.Sprintf("(not to be had: %v)", err)
		}
	}
	return tail(text.String())
}

// tail is the last lines of a text, without what would upset a terminal.
func tail(text string) string {
	cut := len(text) > tailBytes
	if cut {
		text = text[len(text)-tailBytes:]
	}
	text = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || (unicode.IsPrint(r) && r != unicode.ReplacementChar) {
			return r
		}
		return -1
	}, text)
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(lines) > tailLines {
		lines, cut = lines[len(lines)-tailLines:], true
	}
	text = strings.Join(lines, "\n")
	if cut {
		text = "…\n" + text
	}
	return text
}

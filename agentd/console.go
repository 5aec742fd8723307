package agentd

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// NewConsole returns a slog handler that writes what a person at a host's
// console reads: one short line a message, with the seconds since the start.
func NewConsole(w io.Writer) slog.Handler {
	return &console{out: &consoleOut{w: w, start: time.Now()}}
}

type consoleOut struct {
	mu    sync.Mutex
	w     io.Writer
	start time.Time
}

type console struct {
	out    *consoleOut
	prefix string // group names
	attrs  string // written already
}

func (c *console) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelInfo }

func (c *console) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	fmt.Fprintf(&b, "cthulix %7.2f ", r.Time.Sub(c.out.start).Seconds())
	if r.Level >= slog.LevelWarn {
		b.WriteString(strings.ToLower(r.Level.String()) + ": ")
	}
	b.WriteString(r.Message)
	b.WriteString(c.attrs)
	r.Attrs(func(a slog.Attr) bool {
		writeAttr(&b, c.prefix, a)
		return true
	})
	b.WriteByte('\n')
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	_, err := io.WriteString(c.out.w, b.String())
	return err
}

func (c *console) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b strings.Builder
	for _, a := range attrs {
		writeAttr(&b, c.prefix, a)
	}
	return &console{out: c.out, prefix: c.prefix, attrs: c.attrs + b.String()}
}

func (c *console) WithGroup(name string) slog.Handler {
	if name == "" {
		return c
	}
	return &console{out: c.out, prefix: c.prefix + name + ".", attrs: c.attrs}
}

// writeAttr writes one attribute on the line; text that would break the line
// or run into the next attribute is quoted.
func writeAttr(b *strings.Builder, prefix string, a slog.Attr) {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, g := range v.Group() {
			writeAttr(b, prefix, g)
		}
		return
	}
	if a.Equal(slog.Attr{}) {
		return
	}
	text := v.String()
	if strings.ContainsAny(text, " \t\n\r\"\x1b") || text == "" {
		text = fmt.Sprintf("%q", text)
	}
	fmt.Fprintf(b, " %s%s=%s", prefix, a.Key, text)
}

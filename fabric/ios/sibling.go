package ios

import (
	"context"
	"log/slog"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// What follows is for dialects whose command line works like that of IOS, such
// as package nxos: they have the session, and judge the answers themselves.

// Reply is what a switch sent back for one line: without echo, prompt and log
// lines.
type Reply struct {
	Text string
	// Mode is "exec", "user", or what stands in parentheses in the prompt of
	// configuration mode: "config", "config-if".
	Mode string
	// Noise says that log lines stood in the text.
	Noise bool
}

// Ask sends one line and waits for its answer, without judging it. complete, if
// not nil, says whether a text is whole; d of 0 is the target's timeout for a
// command. After an error that Broken tells of, the session is of no more use.
func (s *Session) Ask(ctx context.Context, line string, d time.Duration, complete func(string) bool) (Reply, error) {
	if d <= 0 {
		d = s.times.Command
	}
	ctx, cancel := grace(ctx, lineGrace)
	defer cancel()
	r, err := s.exchange(ctx, line, d, complete)
	return Reply{Text: r.text, Mode: r.mode, Noise: r.noise}, err
}

// Broken is why the session cannot be used any more, nil if it can.
func (s *Session) Broken() error { return s.broken }

// DialPatiently is Dial, again and again for as long as wait, where it fails in
// a way that can pass: all vty lines are taken, the switch restarts.
func DialPatiently(ctx context.Context, t fabric.Target, wait time.Duration, progress func(Step)) (*Session, error) {
	log := t.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return dialPatiently(ctx, t, wait, reporter{target: t, log: log, progress: progress}, linesTaken)
}

// Reserve waits for n sessions on a switch, or as many as its limit allows.
func (p *Pool) Reserve(ctx context.Context, t fabric.Target, n int) (release func(), got int, err error) {
	return p.reserve(ctx, t, n)
}

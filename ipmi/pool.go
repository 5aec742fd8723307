package ipmi

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"
)

// Pool keeps what is shared between all callers of one BMC address: the queue, the pace, and which accounts it
// refused. [New] uses one pool for the whole process; a pool of one's own is for tests.
type Pool struct {
	mu    sync.Mutex
	lines map[string]*line
}

// NewPool returns an empty pool.
func NewPool() *Pool { return &Pool{lines: map[string]*line{}} }

// Get returns the BMC that target names. It does not touch the network, so a bad address or cipher suite is
// reported by the first call, or by [Target.Validate].
func (p *Pool) Get(target Target) *BMC {
	address := target.address()
	p.mu.Lock()
	defer p.mu.Unlock()
	l, ok := p.lines[address]
	if !ok {
		l = newLine()
		p.lines[address] = l
	}
	return &BMC{target: target, line: l}
}

// A controller may freeze under a burst of commands, so no more than Target.Burst go out at once and then
// Target.Rate a second. These are what they are when not set.
const (
	DefaultRate  = 100
	DefaultBurst = 32
)

// line is what the callers of one address share.
type line struct {
	turn chan struct{} // holds one token: whoever has it may talk

	// Only the holder of the turn touches these two.
	tokens float64
	filled time.Time

	mu      sync.Mutex
	refused map[account]string // reasons
}

// account stands for a name and password without keeping either.
type account [sha256.Size]byte

// accountSalt makes the remembered digests worthless outside of this process.
var accountSalt = func() []byte {
	salt := make([]byte, sha256.Size)
	_, _ = rand.Read(salt) // never fails, by its documentation
	return salt
}()

func newLine() *line {
	l := &line{turn: make(chan struct{}, 1), refused: map[account]string{}}
	l.turn <- struct{}{}
	return l
}

// accountOf is the digest of an account asking for a privilege; anyPrivilege is for refusals that hold for all.
func accountOf(t Target, level Privilege) account {
	mac := hmac.New(sha256.New, accountSalt)
	_, _ = mac.Write([]byte{byte(level)})
	for _, part := range []string{t.address(), t.Username, t.Password} {
		// The lengths keep ("a", "bc") and ("ab", "c") apart.
		_, _ = mac.Write([]byte{byte(len(part) >> 8), byte(len(part))})
		_, _ = mac.Write([]byte(part))
	}
	return account(mac.Sum(nil))
}

func (l *line) enter(ctx context.Context) error {
	// A context that has ended never gets a turn, even when one is free.
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-l.turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *line) leave() { l.turn <- struct{}{} }

// pace waits until the next of the target's commands may go out. The caller holds the turn.
func (l *line) pace(ctx context.Context, t Target) error {
	rate, burst := t.rate(), t.burst()
	now := time.Now()
	if l.filled.IsZero() {
		l.tokens = burst
	} else {
		l.tokens = min(burst, l.tokens+now.Sub(l.filled).Seconds()*rate)
	}
	l.filled = now
	l.tokens--
	if l.tokens >= 0 {
		return ctx.Err()
	}
	return pause(ctx, time.Duration(-l.tokens/rate*float64(time.Second)))
}

// anyPrivilege stands for all privileges in what is remembered of an account.
const anyPrivilege Privilege = 0

func (l *line) remember(t Target, level Privilege, reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused[accountOf(t, level)] = reason
}

func (l *line) remembered(t Target, level Privilege) (reason string, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.refused) == 0 {
		return "", false
	}
	if reason, ok = l.refused[accountOf(t, anyPrivilege)]; !ok {
		reason, ok = l.refused[accountOf(t, level)]
	}
	return reason, ok
}

// pause waits for d or for the context.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

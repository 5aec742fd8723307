package nxos

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
)

// WayBackCheckpoint is the way back of NX-OS: a checkpoint of the running
// configuration is taken before the first line, and rolled back to where the
// inverse lines do not do. No timer takes the change back by itself: a switch
// that cannot be reached any more stays as it is, with the checkpoint on it.
const WayBackCheckpoint ios.WayBack = "checkpoint"

var notNameRE = regexp.MustCompile(`[^A-Za-z0-9_-]`)

// Checkpoint is the name of an owner's checkpoint.
func Checkpoint(owner string) string {
	const most = 40
	name := notNameRE.ReplaceAllString(owner, "_")
	return "cthulix-" + name[:min(len(name), most)]
}

// checkpoints says whether the switch has a checkpoint of that name.
func (s *Session) hasCheckpoint(ctx context.Context, name string) (bool, error) {
	r, err := s.ask(ctx, "show checkpoint summary", s.times.Read, nil)
	if err != nil {
		return false, err
	}
	for word := range strings.FieldsSeq(r.Text) {
		if strings.Trim(word, `:",`) == name {
			return true, nil
		}
	}
	return false, nil
}

// take takes a checkpoint.
func (s *Session) take(ctx context.Context, name string) error {
	return s.expect(ctx, "checkpoint "+name, regexp.MustCompile(`(?m)Done\s*$|^\s*$`))
}

// drop removes a checkpoint.
func (s *Session) drop(ctx context.Context, name string) error {
	return s.expect(ctx, "no checkpoint "+name, regexp.MustCompile(`(?m)Done\s*$|^\s*$`))
}

var rolledRE = regexp.MustCompile(`(?i)rollback (?:completed|done)|completed successfully`)

// rollBack makes the running configuration that of the checkpoint, as a whole
// or not at all.
func (s *Session) rollBack(ctx context.Context, name string) error {
	return s.expect(ctx, "rollback running-config checkpoint "+name+" atomic", rolledRE)
}

func (s *Session) expect(ctx context.Context, line string, good *regexp.Regexp) error {
	r, err := s.ask(ctx, line, s.times.Read, nil)
	if err != nil {
		return err
	}
	if refused(r.Text) || !good.MatchString(r.Text) {
		return fmt.Errorf("%w", s.refusal(line, r.Text, ios.ClassReject))
	}
	return nil
}

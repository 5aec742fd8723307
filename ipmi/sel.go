package ipmi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

var (
	cmdSELInfo    = command{"get event log info", netStorage, 0x40}
	cmdSELReserve = command{"reserve the event log", netStorage, 0x42}
	cmdSELEntry   = command{"get event log record", netStorage, 0x43}
	cmdSELClear   = command{"clear the event log", netStorage, 0x47}
)

// SELInfo describes a system event log (IPMI 2.0 §31.2).
type SELInfo struct {
	// Version is that of the log's commands: "1.5" for IPMI 1.5 and 2.0.
	Version string
	// Entries is how many records there are, FreeBytes how much room; a record takes 16 bytes. A controller that
	// does not tell its room, or has more, says 65535.
	Entries, FreeBytes int
	// LastAdd and LastErase are by the controller's clock, in UTC; zero when never or unknown.
	LastAdd, LastErase time.Time
	// Overflow is true when events were lost because the log was full.
	Overflow bool
}

// The ids that stand for the first and the last record, and for "no more".
const (
	recordFirst = 0x0000
	recordLast  = 0xffff
)

// SELInfo reads what there is to know about the event log.
func (b *BMC) SELInfo(ctx context.Context) (info SELInfo, err error) {
	err = b.talk(ctx, "read the event log's state", func(v *conversation) error {
		answer, err := v.request(cmdSELInfo)
		if err != nil {
			return err
		}
		info, err = decodeSELInfo(answer)
		return err
	})
	return info, err
}

func decodeSELInfo(answer []byte) (SELInfo, error) {
	f := fields{rest: answer}
	version := f.u8() // its BCD digits are swapped
	info := SELInfo{Version: fmt.Sprintf("%x.%x", version&0x0f, version>>4), Entries: int(f.u16()), FreeBytes: int(f.u16())}
	info.LastAdd, _ = logTime(f.u32())
	info.LastErase, _ = logTime(f.u32())
	info.Overflow = f.u8()&0x80 != 0
	return info, f.end("the event log's state")
}

// SEL reads the whole event log, oldest first.
func (b *BMC) SEL(ctx context.Context) (events []Event, err error) {
	err = b.talk(ctx, "read the event log", func(v *conversation) error {
		return v.records(recordFirst, func(record []byte) error {
			e, err := decodeEvent(record)
			events = append(events, e)
			return err
		})
	})
	return events, err
}

// entry reads one record, and the id of the one after it. A record that is not there is no error: ok is false.
func (v *conversation) entry(id uint16) (record []byte, next uint16, ok bool, err error) {
	request := append([]byte{0, 0}, le16(id)...)
	answer, err := v.request(cmdSELEntry, append(request, 0, 0xff)...)
	if answered(err, codeNotPresent) {
		return nil, recordLast, false, nil
	}
	if err != nil {
		return nil, recordLast, false, err
	}
	f := fields{rest: answer}
	next = f.u16()
	record = append([]byte(nil), f.take(eventSize)...)
	return record, next, true, f.end("a record of the event log")
}

// records hands each record from id on to use.
func (v *conversation) records(id uint16, use func(record []byte) error) error {
	seen := map[uint16]bool{}
	for {
		if seen[id] {
			return fmt.Errorf("BMC %s: %s: %w: record %d follows itself", v.bmc.target.label(), v.doing, errUnusable, id)
		}
		seen[id] = true
		record, next, ok, err := v.entry(id)
		if err != nil || !ok {
			return err
		}
		if err := use(record); err != nil {
			return err
		}
		if next == recordLast || next == recordFirst {
			return nil
		}
		id = next
	}
}

// The action byte of Clear SEL, and its answer's "done".
const (
	clearStart  = 0xaa
	clearStatus = 0x00
	clearDone   = 0x01
)

// reservations bounds how often a reservation that somebody else's lost for us is taken again.
const reservations = 5

// ClearSEL erases the event log and waits until the controller has done so. Events that arrive meanwhile stay.
func (b *BMC) ClearSEL(ctx context.Context) error {
	return b.talk(ctx, "clear the event log", func(v *conversation) error {
		for range reservations {
			err := v.clear()
			if !answered(err, codeReservationLost) {
				return err
			}
		}
		return fmt.Errorf("BMC %s: clear the event log: lost the reservation %d times: somebody else works on the log, try again later", b.target.label(), reservations)
	})
}

func (v *conversation) clear() error {
	answer, err := v.request(cmdSELReserve)
	// A controller without reservations takes zero.
	if err != nil && !answered(err, codeInvalidCommand) {
		return err
	}
	f := fields{rest: answer}
	reservation := f.take(2)
	for action := byte(clearStart); ; action = clearStatus {
		answer, err := v.request(cmdSELClear, reservation[0], reservation[1], 'C', 'L', 'R', action)
		if err != nil {
			return err
		}
		f := fields{rest: answer}
		if f.u8()&0x0f == clearDone {
			return f.end("the progress of clearing")
		}
		if err := pause(v.ctx, v.bmc.target.pollInterval()); err != nil {
			return &StateError{BMC: v.bmc.target.label(), Verb: v.doing, Want: "the log to be erased", Saw: "the erasure going on", Waited: time.Since(v.began), Err: err}
		}
	}
}

// FollowSEL yields the records that are added from now on, looking for them at intervals (of 5 s, if every is
// zero) until the context ends. An error is yielded, too, and the next look goes on from the same place; one that
// cannot pass, such as a refused log-in, ends it.
func (b *BMC) FollowSEL(ctx context.Context, every time.Duration) iter.Seq2[Event, error] {
	return b.followSEL(ctx, every, false)
}

// WatchSEL yields the records of the log, oldest first, and goes on as FollowSEL does: none is missed in between.
func (b *BMC) WatchSEL(ctx context.Context, every time.Duration) iter.Seq2[Event, error] {
	return b.followSEL(ctx, every, true)
}

// followSEL yields what comes after the last record, or the whole log first.
func (b *BMC) followSEL(ctx context.Context, every time.Duration, whole bool) iter.Seq2[Event, error] {
	if every <= 0 {
		every = 5 * time.Second
	}
	return func(yield func(Event, error) bool) {
		var at mark
		started := whole
		for {
			var events []Event
			err := b.talk(ctx, "follow the event log", func(v *conversation) (err error) {
				if !started {
					at, err = v.lastRecord()
					started = err == nil
					return err
				}
				events, at, err = v.recordsAfter(at)
				return err
			})
			if ended(ctx) != nil {
				return
			}
			for _, e := range events {
				if !yield(e, nil) {
					return
				}
			}
			var auth *AuthError
			if err != nil && (!yield(Event{}, err) || errors.As(err, &auth)) {
				return
			}
			if pause(ctx, every) != nil {
				return
			}
		}
	}
}

// mark is the last record that was seen; nil when the log was empty.
type mark []byte

func (m mark) id() uint16 {
	f := fields{rest: m}
	return f.u16()
}

func (v *conversation) lastRecord() (mark, error) {
	record, _, _, err := v.entry(recordLast)
	return record, err
}

// recordsAfter reads what came after a record. When that is no longer there, the log was cleared, and all of it is
// new.
func (v *conversation) recordsAfter(at mark) (events []Event, last mark, err error) {
	from := uint16(recordFirst)
	if at != nil {
		record, next, ok, err := v.entry(at.id())
		if err != nil {
			return nil, at, err
		}
		if ok && bytes.Equal(record, at) {
			if next == recordLast || next == recordFirst {
				return nil, at, nil
			}
			from = next
		}
	}
	last = nil
	if from != recordFirst {
		last = at
	}
	err = v.records(from, func(record []byte) error {
		e, err := decodeEvent(record)
		if err == nil {
			events, last = append(events, e), record
		}
		return err
	})
	return events, last, err
}

package lldp

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// far is the other end of a cable: what is sent to it arrives in said.
type far struct {
	conn net.Conn
	said chan PDU
}

// plug runs a port on a cable.
func plug(t *testing.T, p *Port) (*far, context.CancelFunc, <-chan error) {
	ours, theirs := net.Pipe()
	f := &far{theirs, make(chan PDU, 100)}
	go func() {
		b := make([]byte, maxFrame)
		for {
			n, err := theirs.Read(b)
			if err != nil {
				close(f.said)
				return
			}
			pdu, err := Decode(b[:n])
			if err != nil {
				t.Error(err)
			}
			f.said <- pdu
		}
	}()
	p.Conn, p.Source = ours, macA
	if p.Self == nil {
		p.Self = full
	}
	if p.Heard == nil {
		p.Heard = func([]PDU) {}
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	return f, cancel, done
}

func (f *far) say(t *testing.T, p PDU) {
	t.Helper()
	if _, err := f.conn.Write(p.Encode(macB)); err != nil {
		t.Fatal(err)
	}
}

func theirs(ttl time.Duration) PDU {
	return PDU{Chassis: ID{MAC: macB}, Port: ID{Text: "Gi1/0/1"}, System: "leaf1", TTL: ttl}
}

func TestPortSpeaksAndSaysGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		f, stop, done := plug(t, &Port{})
		for i := range 3 {
			p := <-f.said
			if at := time.Since(begin); at != time.Duration(i)*Interval || p.TTL != Hold || p.System != "node1" {
				t.Errorf("after %s it said %+v", at, p)
			}
		}
		stop()
		if p := <-f.said; p.TTL != 0 || p.System != "" || p.Chassis.String() != macA.String() {
			t.Errorf("its goodbye is %+v", p)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		if _, open := <-f.said; open {
			t.Error("it goes on")
		}
	})
}

func TestPortHearsAndForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		heard := make(chan []PDU, 10)
		f, stop, done := plug(t, &Port{Heard: func(n []PDU) { heard <- n }})
		defer func() { stop(); <-done }()
		f.say(t, theirs(Hold))
		if n := <-heard; len(n) != 1 || n[0].System != "leaf1" {
			t.Fatalf("%+v", n)
		}
		<-time.After(100 * time.Second)
		f.say(t, theirs(Hold)) // nothing new, but it lives on
		<-time.After(100 * time.Second)
		synctest.Wait()
		if len(heard) != 0 {
			t.Fatalf("told again: %+v", <-heard)
		}
		renamed := theirs(Hold)
		renamed.System = "leaf2"
		f.say(t, renamed)
		if n := <-heard; len(n) != 1 || n[0].System != "leaf2" {
			t.Fatalf("%+v", n)
		}
		begin := time.Now()
		if n := <-heard; len(n) != 0 || time.Since(begin) != Hold {
			t.Fatalf("after %s: %+v", time.Since(begin), n)
		}
		f.say(t, theirs(Hold))
		<-heard
		f.say(t, theirs(0))
		if n := <-heard; len(n) != 0 {
			t.Fatalf("after goodbye: %+v", n)
		}
	})
}

func TestPortAnswersWhoIsNewOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		again := make(chan struct{})
		f, stop, done := plug(t, &Port{Again: again})
		defer func() { stop(); <-done }()
		<-f.said
		begin := time.Now()
		for i := range 40 {
			p := theirs(Hold)
			p.Chassis.MAC = net.HardwareAddr{2, 0, 0, 0, 0, byte(i)}
			f.say(t, p)
		}
		<-f.said
		if at := time.Since(begin); at != pause {
			t.Errorf("answered after %s", at)
		}
		again <- struct{}{}
		<-f.said
		if at := time.Since(begin); at != 2*pause {
			t.Errorf("spoke again after %s", at)
		}
		synctest.Wait()
		if len(f.said) != 0 {
			t.Errorf("%d frames more", len(f.said))
		}
	})
}

func TestPortKeepsFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var last []PDU
		f, stop, done := plug(t, &Port{Heard: func(n []PDU) { last = n }})
		for i := range 100 {
			p := theirs(Hold)
			p.Chassis.MAC = net.HardwareAddr{2, 0, 0, 0, 0, byte(i)}
			f.say(t, p)
		}
		if _, err := f.conn.Write([]byte("hello")); err != nil { // no frame
			t.Fatal(err)
		}
		synctest.Wait()
		stop()
		<-done
		if len(last) != maxNeighbors || last[0].Chassis.String() != "02:00:00:00:00:00" {
			t.Errorf("%d neighbours, first %+v", len(last), last[0])
		}
	})
}

func TestPortEndsWithItsLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, stop, done := plug(t, &Port{})
		defer stop()
		<-f.said
		f.conn.Close()
		if err := <-done; err == nil {
			t.Error("no error")
		}
	})
}

// TestPortIsNotHeldUp: nobody takes its frames, and it ends all the same.
func TestPortIsNotHeldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin := time.Now()
		_ = (&Port{Conn: ours, Source: macA, Self: full, Heard: func([]PDU) {}}).Run(ctx)
		if took := time.Since(begin); took != time.Minute+pause {
			t.Errorf("it took %s", took)
		}
	})
}

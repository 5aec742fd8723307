// Package sshtest serves the fake switches of fabric's tests over SSH.
package sshtest

import (
	"crypto/ed25519"
	"crypto/rand"
	"net"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
)

// Server answers SSH on loopback. It has one shell a connection, as a switch.
type Server struct {
	Signer   ssh.Signer
	Listener net.Listener
}

// Start serves until the test ends. Each connection is let in by the
// configuration that configure makes of an empty one, and then shell speaks.
func Start(t testing.TB, configure func(*ssh.ServerConfig), shell func(ssh.Channel)) Server {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var open sync.WaitGroup
	conns := map[net.Conn]bool{}
	open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns[c] = true
			mu.Unlock()
			open.Go(func() {
				defer c.Close()
				cfg := &ssh.ServerConfig{}
				configure(cfg)
				cfg.AddHostKey(signer)
				answer(c, cfg, shell)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for c := range conns {
			_ = c.Close()
		}
		mu.Unlock()
		open.Wait()
	})
	return Server{Signer: signer, Listener: l}
}

// Address is where the server listens.
func (s Server) Address() string { return s.Listener.Addr().String() }

// HostKey is the fingerprint of the server's key.
func (s Server) HostKey() string { return ssh.FingerprintSHA256(s.Signer.PublicKey()) }

func answer(c net.Conn, cfg *ssh.ServerConfig, shell func(ssh.Channel)) {
	_, chans, reqs, err := ssh.NewServerConn(c, cfg)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(reqs)
	nc, ok := <-chans
	if !ok {
		return
	}
	ch, chReqs, err := nc.Accept()
	if err != nil {
		return
	}
	go func() {
		for r := range chReqs {
			_ = r.Reply(true, nil)
		}
	}()
	shell(ch)
	_ = ch.Close()
}

package opserver

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	maxTransfers       = 64
	maxTransfersOfPeer = 4
	maxTransferTime    = 5 * time.Minute
	tftpWait           = time.Second
	tftpTries          = 6
)

// tftpServer serves boot programs read-only, all transfers over the one socket that it is given: a socket of a virtual
// network cannot open another, and a transfer that stays on port 69 passes firewalls. Clients take it, since the port
// of a transfer is the server's choice.
type tftpServer struct {
	conn net.PacketConn
	open func(name string) (firmwareFile, error)
	// allowed says whether an address is one of ours; others get an error of a few bytes, so that a forged source
	// address is worth nothing.
	allowed func(netip.Addr) bool
	// done is told of each transfer that was worth telling of; err is nil for a whole one.
	done  func(peer netip.Addr, file string, sent int, err error)
	log   *slog.Logger
	wait  time.Duration
	tries int

	mu        sync.Mutex
	transfers map[netip.AddrPort]*tftpTransfer
	running   sync.WaitGroup
}

type tftpTransfer struct {
	request string
	inbox   chan []byte
	stop    context.CancelCauseFunc
	heard   bool // the client has answered; guarded by the server's mutex
}

var errTransferReplaced = errors.New("the client asked for another file from the same port")

// serve reads the socket until ctx ends or the socket fails, and returns when the last transfer has ended.
func (t *tftpServer) serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer t.running.Wait()
	defer cancel()
	return readPackets(ctx, t.conn, 2048, func(p []byte, peer netip.AddrPort) { t.packet(ctx, p, peer) })
}

func (t *tftpServer) packet(ctx context.Context, p []byte, peer netip.AddrPort) {
	if len(p) < 2 {
		return
	}
	switch binary.BigEndian.Uint16(p) {
	case tftpRead:
		t.request(ctx, p, peer)
	case tftpWrite:
		t.refuse(peer, tftpErrAccess, "nothing can be written here")
	case tftpAck, tftpError:
		t.mu.Lock()
		transfer := t.transfers[peer]
		if transfer != nil {
			transfer.heard = true
		}
		t.mu.Unlock()
		if transfer == nil {
			return // the late end of a transfer
		}
		select {
		case transfer.inbox <- p:
		default: // the transfer has more to read than it needs
		}
	default:
		t.log.Debug("tftp: packet ignored", "peer", peer, "bytes", len(p))
	}
}

func (t *tftpServer) request(ctx context.Context, p []byte, peer netip.AddrPort) {
	if !t.allowed(peer.Addr()) {
		t.log.Debug("tftp: request from an address without a lease", "peer", peer)
		t.refuse(peer, tftpErrAccess, "no lease")
		return
	}
	req, err := parseTFTPRequest(p)
	if err != nil {
		t.log.Debug("tftp: request refused", "peer", peer, "error", err)
		t.refuse(peer, tftpErrIllegal, err.Error())
		return
	}
	file, err := t.open(req.File)
	if err != nil {
		code, text := tftpErrUndefined, "cannot be read"
		if errors.Is(err, fs.ErrNotExist) {
			code, text = tftpErrNotFound, "no such boot program"
		}
		t.log.Warn("tftp: request refused", "peer", peer, "file", req.File, "error", err)
		t.refuse(peer, code, text)
		t.done(peer.Addr(), req.File, 0, err)
		return
	}
	t.start(ctx, p, peer, req, file.data)
}

// start begins a transfer, unless the request is a repetition of the one that is about to be answered.
func (t *tftpServer) start(ctx context.Context, p []byte, peer netip.AddrPort, req tftpRequest, data []byte) {
	ctx, stop := context.WithCancelCause(ctx)
	transfer := &tftpTransfer{request: string(p), inbox: make(chan []byte, 2*tftpMaxWindow), stop: stop}
	if err := t.admit(peer, transfer); err != nil {
		stop(nil)
		if !errors.Is(err, errRepeated) {
			t.log.Warn("tftp: request refused", "peer", peer, "file", req.File, "error", err)
			t.refuse(peer, tftpErrUndefined, err.Error())
		}
		return
	}
	send := tftpSend{
		req: req, data: data, inbox: transfer.inbox, wait: t.wait, tries: t.tries,
		write: func(p []byte) error { return t.write(p, peer) },
	}
	if req.Wait > 0 {
		send.wait = req.Wait
	}
	go func() {
		defer t.running.Done()
		ctx, cancel := context.WithTimeoutCause(ctx, maxTransferTime, fmt.Errorf("not through in %v", maxTransferTime))
		err := send.run(ctx)
		cancel()
		stop(nil)
		t.mu.Lock()
		if t.transfers[peer] == transfer {
			delete(t.transfers, peer)
		}
		t.mu.Unlock()
		t.ended(peer, req, &send, err)
	}()
}

var errRepeated = errors.New("repeated request")

// admit enters the transfer in the table, in place of an older one from the same port.
func (t *tftpServer) admit(peer netip.AddrPort, transfer *tftpTransfer) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if old := t.transfers[peer]; old != nil {
		if old.request == transfer.request && !old.heard {
			return errRepeated
		}
		old.stop(errTransferReplaced)
		delete(t.transfers, peer)
	}
	ofPeer := 0
	for other := range t.transfers {
		if other.Addr() == peer.Addr() {
			ofPeer++
		}
	}
	if len(t.transfers) >= maxTransfers || ofPeer >= maxTransfersOfPeer {
		return fmt.Errorf("busy with %d transfers, %d of them yours: try again", len(t.transfers), ofPeer)
	}
	if t.transfers == nil {
		t.transfers = map[netip.AddrPort]*tftpTransfer{}
	}
	t.transfers[peer] = transfer
	t.running.Add(1)
	return nil
}

func (t *tftpServer) ended(peer netip.AddrPort, req tftpRequest, send *tftpSend, err error) {
	sent := min(send.acked*req.Block, len(send.data))
	var stopped *tftpStopped
	switch {
	case err == nil:
		t.log.Info("tftp: boot program sent", "peer", peer, "file", req.File, "bytes", sent)
	case errors.Is(err, errTransferReplaced), errors.Is(err, context.Canceled):
		return
	case errors.As(err, &stopped) && stopped.Acked == 0:
		// A client that wanted to know the size only.
		t.log.Debug("tftp: request ended by the client", "peer", peer, "file", req.File, "reason", stopped.Why)
		return
	default:
		t.log.Warn("tftp: transfer failed", "peer", peer, "file", req.File, "bytes", sent, "error", err)
		if stopped == nil {
			t.refuse(peer, tftpErrUndefined, "given up")
		}
	}
	t.done(peer.Addr(), req.File, sent, err)
}

func (t *tftpServer) refuse(peer netip.AddrPort, code uint16, text string) {
	if err := t.write(tftpErrorPacket(code, text), peer); err != nil {
		t.log.Debug("tftp: refusal not sent", "peer", peer, "error", err)
	}
}

func (t *tftpServer) write(p []byte, peer netip.AddrPort) error {
	_, err := t.conn.WriteTo(p, net.UDPAddrFromAddrPort(peer))
	if err != nil {
		return fmt.Errorf("send to %v: %w", peer, err)
	}
	return nil
}

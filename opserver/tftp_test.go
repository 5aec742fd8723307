package opserver

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	tftp "github.com/pin/tftp/v3"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// serveTFTP serves the files to all of loopback and returns the address, and what the server tells of each transfer.
func serveTFTP(t *testing.T, files map[string][]byte, edit ...func(*tftpServer)) (string, <-chan transferTold) {
	t.Helper()
	told := make(chan transferTold, 16)
	server := &tftpServer{
		conn: listenUDP(t),
		open: func(name string) (firmwareFile, error) {
			data, ok := files[name]
			if !ok {
				return firmwareFile{}, fs.ErrNotExist
			}
			return firmwareFile{data: data}, nil
		},
		allowed: func(a netip.Addr) bool { return a.IsLoopback() },
		done:    func(_ netip.Addr, file string, sent int, err error) { told <- transferTold{file, sent, err} },
		log:     slog.New(slog.DiscardHandler),
		wait:    5 * time.Second,
		tries:   3,
	}
	for _, f := range edit {
		f(server)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return server.conn.LocalAddr().String(), told
}

type transferTold struct {
	file string
	sent int
	err  error
}

func (t transferTold) expect(test *testing.T, file string, sent int) {
	test.Helper()
	if t.file != file || t.sent != sent || t.err != nil {
		test.Errorf("told %+v, want %s with %d bytes", t, file, sent)
	}
}

func next(t *testing.T, told <-chan transferTold) transferTold {
	t.Helper()
	select {
	case got := <-told:
		return got
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was told of the transfer")
		return transferTold{}
	}
}

func TestTFTPWithAnotherClient(t *testing.T) {
	files := map[string][]byte{
		"empty": {}, "one": {1}, "block": make([]byte, 512), "blocks": bytes.Repeat([]byte("b"), 3*1428),
		"large": bytes.Repeat([]byte("0123456789abcdef"), 1<<16),
	}
	address, told := serveTFTP(t, files)
	for name, want := range files {
		for _, block := range []int{512, 1428, 8192} {
			client, err := tftp.NewClient(address)
			if err != nil {
				t.Fatal(err)
			}
			client.SetBlockSize(block)
			client.RequestTSize(true)
			to, err := client.Receive(name, "octet")
			if err != nil {
				t.Fatalf("%s by %d: %v", name, block, err)
			}
			if size, ok := to.(tftp.IncomingTransfer).Size(); !ok || size != int64(len(want)) {
				t.Errorf("%s by %d: said to be of %d bytes", name, block, size)
			}
			var got bytes.Buffer
			if _, err := to.WriteTo(&got); err != nil {
				t.Fatalf("%s by %d: %v", name, block, err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s by %d: %d bytes differ from the %d that there are", name, block, got.Len(), len(want))
			}
			next(t, told).expect(t, name, len(want))
		}
	}
	client, err := tftp.NewClient(address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Receive("../secret", "octet"); err == nil || !strings.Contains(err.Error(), "no such boot program") {
		t.Errorf("a file that is not there: %v", err)
	}
	if got := next(t, told); !errors.Is(got.err, fs.ErrNotExist) {
		t.Errorf("told %+v", got)
	}
	if from, err := client.Send("x", "octet"); err == nil {
		if _, err = from.ReadFrom(strings.NewReader("x")); err == nil {
			t.Error("a file was written")
		}
	}
}

// tftpPeer speaks raw packets.
type tftpPeer struct {
	t  *testing.T
	c  net.Conn
	in []byte
}

func dialTFTP(t *testing.T, address string) *tftpPeer {
	t.Helper()
	c, err := net.Dial("udp4", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &tftpPeer{t: t, c: c, in: make([]byte, 2048)}
}

func rrq(fields ...string) []byte {
	return []byte("\x00\x01" + strings.Join(fields, "\x00") + "\x00")
}

func (p *tftpPeer) send(packet []byte) {
	p.t.Helper()
	if _, err := p.c.Write(packet); err != nil {
		p.t.Fatal(err)
	}
}

func (p *tftpPeer) ack(block uint16) {
	p.t.Helper()
	p.send(binary.BigEndian.AppendUint16([]byte{0, byte(tftpAck)}, block))
}

// read returns the next packet's code, its next word and the rest.
func (p *tftpPeer) read() (code, word uint16, rest []byte) {
	p.t.Helper()
	p.c.SetReadDeadline(time.Now().Add(20 * time.Second))
	n, err := p.c.Read(p.in)
	if err != nil {
		p.t.Fatal(err)
	}
	return binary.BigEndian.Uint16(p.in), binary.BigEndian.Uint16(p.in[2:]), p.in[4:n]
}

func (p *tftpPeer) data(block uint16) {
	p.t.Helper()
	if code, word, rest := p.read(); code != tftpData || word != block {
		p.t.Fatalf("want data block %d, got code %d, block %d, %d bytes", block, code, word, len(rest))
	}
}

// until reads until each of the blocks has come, in that order, whatever else is sent again in between. It returns the
// last one's data.
func (p *tftpPeer) until(blocks ...uint16) (rest []byte) {
	p.t.Helper()
	for _, want := range blocks {
		for code, block := uint16(0), uint16(0); code != tftpData || block != want; {
			code, block, rest = p.read()
		}
	}
	return rest
}

func TestTFTPWindowsAndLoss(t *testing.T) {
	address, told := serveTFTP(t, map[string][]byte{"f": make([]byte, 512*6+1)}, func(s *tftpServer) { s.wait = 50 * time.Millisecond; s.tries = 100 })
	p := dialTFTP(t, address)
	p.send(rrq("f", "octet", "windowsize", "3", "blksize", "512", "nonsense", "1"))
	if code, _, _ := p.read(); code != tftpOAck {
		t.Fatalf("code %d", code)
	}
	if got, want := string(p.in[2:2+len("windowsize\x003\x00blksize\x00512\x00")]), "windowsize\x003\x00blksize\x00512\x00"; got != want {
		t.Errorf("options %q", got)
	}
	p.ack(0)
	p.until(1, 2, 3)
	p.ack(1)         // blocks 2 and 3 were lost
	p.until(2, 3, 4) // from there on
	p.until(2, 3, 4) // and again by itself, when nothing comes
	p.ack(4)
	if rest := p.until(5, 6, 7); len(rest) != 1 {
		t.Errorf("last block of %d bytes", len(rest))
	}
	p.ack(7)
	next(t, told).expect(t, "f", 512*6+1)
}

func TestTFTPSizeOnly(t *testing.T) {
	address, told := serveTFTP(t, map[string][]byte{"f": make([]byte, 9000)})
	// EDK2's way: ask for the size, stop, and ask again from the same port.
	p := dialTFTP(t, address)
	p.send(rrq("f", "octet", "tsize", "0", "blksize", "65464"))
	if code, _, _ := p.read(); code != tftpOAck || !bytes.HasPrefix(p.in[2:], []byte("tsize\x009000\x00blksize\x001468\x00")) {
		t.Fatalf("code %d, %q", code, p.in[:40])
	}
	p.send(tftpErrorPacket(8, "only asked"))
	p.send(rrq("f", "octet"))
	p.data(1)
	// A first request from a restarted machine replaces a transfer that has begun.
	p.ack(1)
	p.data(2)
	p.send(rrq("f", "octet"))
	p.data(1)
	p.send(tftpErrorPacket(0, "enough"))
	var stopped *tftpStopped
	p.send(rrq("f", "octet", "blksize", "1024"))
	if code, _, _ := p.read(); code != tftpOAck {
		t.Fatalf("code %d", code)
	}
	p.ack(0)
	p.data(1)
	p.ack(1)
	p.data(2)
	p.send(tftpErrorPacket(3, "disk full"))
	if got := next(t, told); !errors.As(got.err, &stopped) || stopped.Acked != 1 || got.sent != 1024 {
		t.Errorf("told %+v: the stops before a first block are not worth it, this one is", got)
	}
}

func TestTFTPGivesUp(t *testing.T) {
	address, told := serveTFTP(t, map[string][]byte{"f": make([]byte, 9000)}, func(s *tftpServer) { s.wait, s.tries = time.Millisecond, 2 })
	p := dialTFTP(t, address)
	p.send(rrq("f", "octet"))
	if got := next(t, told); got.err == nil || !strings.Contains(got.err.Error(), "no acknowledgement in 2 tries") {
		t.Errorf("told %+v", got)
	}
}

func TestTFTPLimits(t *testing.T) {
	address, _ := serveTFTP(t, map[string][]byte{"f": make([]byte, 9000)})
	peers := make([]*tftpPeer, maxTransfersOfPeer+1)
	for i := range peers {
		peers[i] = dialTFTP(t, address)
		peers[i].send(rrq("f", "octet"))
		code, _, rest := peers[i].read()
		if refused := code == tftpError; refused != (i == maxTransfersOfPeer) {
			t.Errorf("transfer %d: code %d %q", i+1, code, rest)
		}
	}

	address, _ = serveTFTP(t, map[string][]byte{"f": {1}}, func(s *tftpServer) { s.allowed = func(netip.Addr) bool { return false } })
	p := dialTFTP(t, address)
	p.send(rrq("f", "octet"))
	if code, word, _ := p.read(); code != tftpError || word != tftpErrAccess {
		t.Errorf("an address without a lease: code %d, %d", code, word)
	}
}

func TestTFTPPublishesTheBootFile(t *testing.T) {
	s := newSite(t).run()
	s.lease(mac1, "node1", "127.0.0.1")
	client, err := tftp.NewClient(s.TFTP.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	from, err := client.Receive("/undionly.kpxe", "octet")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := from.WriteTo(io.Discard); err != nil || n != int64(len(undionly)) {
		t.Fatalf("%d bytes, %v", n, err)
	}
	s.waitStage("node1", ophub.StageBootFile, "undionly.kpxe, 72008 bytes by TFTP")
}

// willing is a transfer whose client takes all.
func willing(req tftpRequest, data []byte) *tftpSend {
	inbox := make(chan []byte, 64)
	send := &tftpSend{req: req, data: data, inbox: inbox, wait: time.Minute, tries: 1}
	send.write = func(p []byte) error {
		block := uint16(0)
		if binary.BigEndian.Uint16(p) == tftpData {
			block = binary.BigEndian.Uint16(p[2:])
			if block != uint16(min(send.acked+req.Window, send.blocks())) {
				return nil // acknowledged with the window's last
			}
		}
		inbox <- binary.BigEndian.AppendUint16([]byte{0, byte(tftpAck)}, block)
		return nil
	}
	return send
}

func TestTFTPBlockNumbersWrap(t *testing.T) {
	for _, window := range []int{1, 7, tftpMaxWindow} {
		send := willing(tftpRequest{Block: 8, Window: window}, make([]byte, 8*140_000+3))
		if err := send.run(t.Context()); err != nil || send.acked != 140_001 {
			t.Errorf("window %d: %d blocks, %v", window, send.acked, err)
		}
	}
}

func FuzzTFTPRequest(f *testing.F) {
	f.Add(rrq("undionly.kpxe", "octet", "blksize", "1468", "tsize", "0", "timeout", "3", "windowsize", "64"))
	f.Add(rrq("x", "netascii"))
	f.Add([]byte{0, 1, 0, 0, 0})
	f.Add([]byte("\x00\x01x\x00octet"))
	f.Fuzz(func(t *testing.T, p []byte) {
		parseTFTPReply(p)
		req, err := parseTFTPRequest(p)
		if err != nil {
			return
		}
		if req.Block < 8 || req.Block > tftpMaxBlock || req.Window < 1 || req.Window > tftpMaxWindow || req.Wait < 0 || req.Wait > 255*time.Second || req.File == "" {
			t.Fatalf("out of bounds: %+v", req)
		}
		if oack := req.oack(1 << 20); len(oack) > 512 {
			t.Fatalf("option acknowledgement of %d bytes", len(oack))
		}
		// A transfer with a client that takes all comes to its end.
		send := willing(req, make([]byte, 3000))
		if err := send.run(t.Context()); err != nil || send.acked != send.blocks() {
			t.Fatalf("%d of %d blocks: %v", send.acked, send.blocks(), err)
		}
	})
}

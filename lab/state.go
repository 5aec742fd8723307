package lab

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/crypto/ssh"
)

// Secrets are a lab's passwords, made at its first start and readable by its
// owner only.
type Secrets struct {
	SwitchUser     string `json:"switch_user"`
	SwitchPassword string `json:"switch_password"`
	EnablePassword string `json:"enable_password"`
	BMCUser        string `json:"bmc_user"`
	BMCPassword    string `json:"bmc_password"`
	OperatorToken  string `json:"operator_token"`
}

// Ports are the loopback ports that a lab chose at its first start and keeps,
// since the addresses stand in its users' Terraform state.
type Ports struct {
	SSH      int            `json:"ssh"`
	Operator int            `json:"operator"`
	Consul   int            `json:"consul"`
	Nomad    int            `json:"nomad"`
	NomadRPC int            `json:"nomad_rpc"`
	BMC      map[string]int `json:"bmc"` // by machine
}

func loadSecrets(dir string) (Secrets, error) {
	return kept(filepath.Join(dir, "secrets.json"), func() (Secrets, error) {
		return Secrets{
			SwitchUser: "admin", SwitchPassword: password(), EnablePassword: password(),
			BMCUser: "admin", BMCPassword: password()[:16], OperatorToken: password(),
		}, nil
	})
}

func loadPorts(dir string, machines []Machine) (Ports, error) {
	path := filepath.Join(dir, "ports.json")
	choose := func() (Ports, error) {
		var chosen Ports
		err := choosePorts(&chosen, machines)
		return chosen, err
	}
	p, err := kept(path, choose)
	if err != nil {
		return p, err
	}
	for _, m := range machines {
		if p.BMC[m.Name] == 0 { // a machine that was added since
			if err := choosePorts(&p, machines); err != nil {
				return p, err
			}
			return p, writeJSON(path, p)
		}
	}
	return p, nil
}

// choosePorts fills in what is 0. All sockets stay open until the end, so that
// no port is chosen twice.
func choosePorts(p *Ports, machines []Machine) error {
	if p.BMC == nil {
		p.BMC = map[string]int{}
	}
	for _, port := range []*int{&p.SSH, &p.Operator, &p.Consul, &p.Nomad, &p.NomadRPC} {
		if *port != 0 {
			continue
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("choose the lab's ports: %w", err)
		}
		defer l.Close()
		*port = l.Addr().(*net.TCPAddr).Port
	}
	for _, m := range machines {
		if p.BMC[m.Name] != 0 {
			continue
		}
		l, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("choose the lab's ports: %w", err)
		}
		defer l.Close()
		p.BMC[m.Name] = l.LocalAddr().(*net.UDPAddr).Port
	}
	return nil
}

// loadHostKey returns the switch's SSH key, made at the first start.
func loadHostKey(dir string) (ssh.Signer, error) {
	path := filepath.Join(dir, "switch_host_key")
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		block, err := ssh.MarshalPrivateKey(key, "")
		if err != nil {
			return nil, err
		}
		b = pem.EncodeToMemory(block)
		if err := writeFile(path, b); err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	signer, err := ssh.ParsePrivateKey(b)
	if err != nil {
		return nil, fmt.Errorf("read the switch's host key %s: %w", path, err)
	}
	return signer, nil
}

func password() string { return rand.Text() }

// kept reads what an earlier start stored at path, or makes and stores it.
func kept[T any](path string, make func() (T, error)) (T, error) {
	var v T
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if v, err = make(); err != nil {
			return v, err
		}
		return v, writeJSON(path, v)
	}
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return v, fmt.Errorf("read %s: %w (remove it to have a new one made)", path, err)
	}
	return v, nil
}

func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path, append(b, '\n'))
}

// writeFile replaces path at once, readable by its owner only.
func writeFile(path string, b []byte) error {
	tmp := path + ".new"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

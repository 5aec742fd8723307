package machine

import (
	"errors"
	"net"
	"os"
	"syscall"
)

func socketPair() (net.Conn, *os.File, error) {
	return nil, nil, errors.New("lab machines need unix sockets: run the lab on Linux")
}

func attributes() *syscall.SysProcAttr { return nil }

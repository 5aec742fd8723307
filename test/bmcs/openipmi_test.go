package bmcs

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bougou/go-ipmi/pkg/types"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
)

// simulatorLAN is the simulator's configuration: its address, its users, and the programs that stand for the machine's
// power and the controller's network. Its passwords have 16 bytes at most.
const simulatorLAN = `name "sim"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 %[1]d
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
    lan_config_program "%[2]s lan"
  endlan
  %[3]s
  chassis_control "%[2]s chassis"
  user 1 true  ""      ""            user  10 none md2 md5 straight
  user 2 true  "admin" "labpassword" admin 10 none md2 md5 straight
`

// simulatorDevices are its controller and sensors: a watchdog, which has to be number 0, and a temperature with upper
// thresholds; then the temperature's record and the inventory.
const simulatorDevices = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02
sel_enable 0x20 1000 0x0a
sensor_add 0x20 0 0 35 0x6f event-only
sensor_set_event_support 0x20 0 0 enable scanning per-state 000000000001111 000000000000000 000000000001111 000000000000000
sensor_add 0x20 0 1 0x01 0x01
sensor_set_value 0x20 0 1 0x60 0
sensor_set_threshold 0x20 0 1 settable 111000 0xa0 0x90 0x70 00 00 00
sensor_set_event_support 0x20 0 1 enable scanning per-state 000111111000000 000111111000000 000111111000000 000111111000000
main_sdr_add 0x20 %s
mc_add_fru_data 0x20 0 %d data %s
mc_enable 0x20
`

// simulatorProgram keeps what it is told in files beside it.
const simulatorProgram = `#!/bin/sh
# PROGRAM lan|chassis ... get NAME... | set NAME VALUE... | check NAME VALUE...
keep=${0%/*}/$1; shift
while [ "$1" != get ] && [ "$1" != set ] && [ "$1" != check ]; do shift; done
what=$1; shift
case $what in
get) for p in "$@"; do
	v=$(cat "$keep.$p" 2>/dev/null) || case $p in
		ip_addr_src) v=static ;;
		*mac_addr) v=02:00:00:00:00:01 ;;
		ip_addr|subnet_mask|*ip_addr) v=127.0.0.1 ;;
		*) v=0 ;;
	esac
	echo "$p:$v"
done ;;
set) while [ $# -ge 2 ]; do
	echo "$2" >"$keep.$1"
	[ "$1" != shutdown ] || echo 0 >"$keep.power"
	shift 2
done ;;
esac
`

// temperatureRecord is the full sensor record of the simulator's sensor 1.
var temperatureRecord = append([]byte{
	0, 0, 0x51, 0x01, 49, 0x20, 0x00, 0x01, 0x07, 0x01, 0x7f, 0x68, 0x01, 0x01, 0x00, 0x70, 0x00, 0x70, 0x38, 0x00,
	0x00, 0x01, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0x00,
	0xa0, 0x90, 0x70, 0x00, 0x00, 0x00, 0x01, 0x01, 0x00, 0x00, 0x00, 0xc6,
}, "MBTemp"...)

func hex(data []byte) string {
	words := make([]string, len(data))
	for i, b := range data {
		words[i] = fmt.Sprintf("0x%02x", b)
	}
	return strings.Join(words, " ")
}

// startSimulator runs OpenIPMI's ipmi_sim. Its absence is a failure, for a skipped check checks nothing.
// More are further lines of its configuration.
func startSimulator(t *testing.T, more ...string) ipmi.Target {
	t.Helper()
	program, err := exec.LookPath("ipmi_sim")
	if err != nil {
		t.Fatal("this test needs ipmi_sim: apt-get install --no-install-recommends openipmi")
	}
	dir := t.TempDir()
	inventory, err := types.PackFRU(types.FRUPackConfig{Product: &types.FRUPackProduct{Manufacturer: "Cthulix", Name: "simulated", Serial: "node1"}})
	if err != nil {
		t.Fatal(err)
	}
	free, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.LocalAddr().(*net.UDPAddr)
	_ = free.Close()
	helper := filepath.Join(dir, "machine")
	temperatureRecord[4] = byte(len(temperatureRecord) - 5)
	for name, content := range map[string]string{
		"machine":  simulatorProgram,
		"lan.conf": fmt.Sprintf(simulatorLAN, address.Port, helper, strings.Join(more, "\n  ")),
		"sim.emu":  fmt.Sprintf(simulatorDevices, hex(temperatureRecord), len(inventory), hex(inventory)),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(program, "-n", "-c", filepath.Join(dir, "lan.conf"), "-f", filepath.Join(dir, "sim.emu"), "-s", filepath.Join(dir, "state"))
	cmd.Dir = dir
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("ipmi_sim said:\n%s", out.String())
		}
	})
	target := ipmi.Target{Name: "sim", Address: address.String(), Username: user, Password: password, CipherSuites: []int{3}, PollInterval: 10 * time.Millisecond}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for {
		_, err := ipmi.NewPool().Get(target).Info(ctx)
		if err == nil {
			return target
		}
		select {
		case <-ctx.Done():
			t.Fatalf("ipmi_sim does not answer: %v", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func TestOpenIPMI(t *testing.T) {
	target := startSimulator(t)
	// It has no restore policy, and no watchdog that could reset. Of the boot flags it keeps the device only, and not
	// that they are valid.
	run(t, ipmi.NewPool().Get(target), map[string]bool{"restore policy": true, "boot": true, "watchdog": true})
}

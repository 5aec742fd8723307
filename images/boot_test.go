package images_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/images"
	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// save writes blobs behind each other into a file, as a boot loader does in memory.
func save(t *testing.T, s keg.Store, kids ...keg.KID) string {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "blob"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	for _, kid := range kids {
		f, _, err := s.Open(t.Context(), kid)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(out, f); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
	}
	return out.Name()
}

func TestImageBootsDirectly(t *testing.T) {
	for _, compression := range []string{images.CompressionZstd, images.CompressionGzip, images.CompressionNone} {
		t.Run(compression, func(t *testing.T) {
			s := openKeg(t)
			r := testRecipe(t)
			r.Compression = compression
			r.Modules = []string{"dm-crypt"}
			r.Files = map[string]images.File{"/etc/motd": {Content: "from the recipe"}, "/usr/bin/own": {Content: "#!/bin/sh\n", Mode: "0755"}}
			m, kid := build(t, r, s)
			log := boot(t, "-kernel", save(t, s, m.Linux), "-initrd", save(t, s, m.Initrd...),
				"-append", images.CommandLine(m, images.BootParams{BaseURL: "http://10.0.2.2", ImageKID: kid, Host: "node1", MAC: testMAC}),
				"-netdev", "user,id=n0", "-device", "virtio-net-pci,netdev=n0,romfile=,mac="+testMAC)
			wantLines(t, log, "TEST-INIT NIC "+testMAC+" virtio_net",
				"TEST-INIT SHELL "+m.LinuxRelease+" crw------- ab+from the recipe", "cthulix.image="+string(kid), "dm_crypt loaded")
		})
	}
}

func TestImageBootsOnServerNIC(t *testing.T) {
	s := openKeg(t)
	r := testRecipe(t)
	r.Linux.Flavour, r.Args = images.FlavourGeneric, []string{"no_timer_check"} // as in images for virtual machines
	m, kid := build(t, r, s)
	log := boot(t, "-kernel", save(t, s, m.Linux), "-initrd", save(t, s, m.Initrd...),
		"-append", images.CommandLine(m, images.BootParams{BaseURL: "http://10.0.2.2", ImageKID: kid, Host: "node1", MAC: testMAC}),
		"-netdev", "user,id=n0", "-device", "e1000e,netdev=n0,romfile=,mac="+testMAC)
	wantLines(t, log, "TEST-INIT NIC "+testMAC+" e1000e")
}

// QEMU's own network hands out the boot script's address and leads to loopback,
// so that firmware really runs the script.
func TestBootScriptRunsInFirmware(t *testing.T) {
	s := openKeg(t)
	r := testRecipe(t)
	r.Butane = "variant: fcos\nversion: 1.5.0\n"
	m, kid := build(t, r, s)
	for name, firmware := range map[string]func(*testing.T) []string{
		"bios": func(*testing.T) []string { return nil },
		"uefi": uefiFirmware,
	} {
		t.Run(name, func(t *testing.T) {
			var failed atomic.Bool
			srv := httptest.NewUnstartedServer(nil)
			_, port, err := net.SplitHostPort(srv.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			base := "http://10.0.2.2:" + port
			script := images.BootScript(m, images.BootParams{BaseURL: base, ImageKID: kid, Host: "node1", MAC: testMAC, ExtraArgs: []string{"own=1"}})
			blobs := keg.Handler(s)
			srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == "/boot.ipxe":
					_, _ = io.WriteString(w, script)
				case r.URL.Path == "/keg/"+string(m.Initrd[1]) && !failed.Swap(true):
					http.Error(w, "not this time", http.StatusServiceUnavailable)
				default:
					blobs.ServeHTTP(w, r)
				}
			})
			srv.Start()
			defer srv.Close()
			log := boot(t, append(firmware(t), "-netdev", "user,id=n0,bootfile="+base+"/boot.ipxe",
				"-device", "virtio-net-pci,netdev=n0,bootindex=1,mac="+testMAC)...)
			wantLines(t, log, "Cthulix: node1 boots lpd "+kid.Short(), "try 1 of 5 failed",
				"TEST-INIT NIC "+testMAC+" virtio_net", "cthulix.host=node1", " own=1",
				"ignition.config.url="+base+"/ignition?mac=52%3A54%3A00%3Ac0%3Aff%3Aee")
		})
	}
}

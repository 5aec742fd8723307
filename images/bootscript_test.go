package images

import (
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

func bootable() (Manifest, BootParams) {
	m := Manifest{
		Format: ManifestFormat, Name: "lpd", Arch: ArchAMD64, LinuxRelease: "6.1.0-1-cloud-amd64",
		Linux: keg.Sum([]byte("linux")), Initrd: []keg.KID{keg.Sum([]byte("base")), keg.Sum([]byte("agentd"))},
		Agentd: keg.Sum([]byte("a")), Args: append(DefaultArgs(FlavourGeneric), "image=1"),
	}
	return m, BootParams{
		BaseURL: "http://10.20.0.1/", ImageKID: keg.Sum([]byte("manifest")), Host: "node1",
		MAC: "52:54:00:00:00:01", ExtraArgs: []string{"host=1"},
	}
}

func TestBootScript(t *testing.T) {
	m, p := bootable()
	golden(t, "boot.ipxe", BootScript(m, p))
	m.Ignition = keg.Sum([]byte("ignition"))
	golden(t, "boot-ignition.ipxe", BootScript(m, p))
}

func TestBootScriptCannotBeExtended(t *testing.T) {
	m, p := bootable()
	want := strings.Count(BootScript(m, p), "\n")
	p.Host = "node1\nshell"
	p.ExtraArgs = []string{"a\r\nsanboot http://evil/", "b"}
	m.Name = "x\ny"
	if script := BootScript(m, p); strings.Count(script, "\n") != want || strings.Contains(script, "\r") {
		t.Errorf("a line was smuggled in:\n%s", script)
	}
}

func TestCommandLineFits(t *testing.T) {
	m, p := bootable()
	m.Ignition = keg.Sum([]byte("ignition"))
	m.Args = []string{strings.Repeat("a", argsLimit)}
	p.ExtraArgs, p.Host, p.BaseURL = nil, strings.Repeat("h", 63), "http://[fd00:1234:5678:9abc:def0:1234:5678:9abc]:65535"
	if n := len(CommandLine(m, p)) + len(" initrd=initrd0 initrd=initrd1 initrd=initrd2"); n >= 2048 {
		t.Errorf("the longest image arguments make a command line of %d bytes", n)
	}
}

package images_test

import (
	"context"
	"fmt"
	"log"

	"github.com/cthulix/terraform-provider-cthulix/images"
	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// A recipe becomes an image in a keg. The packages come from Debian's archives
// by way of apt.
func ExampleBuild() {
	store, err := keg.OpenDir("/var/lib/cthulix/keg")
	if err != nil {
		log.Fatal(err)
	}
	recipe, err := images.Parse([]byte("name: lpd\nagentd: /usr/lib/cthulix/agentd\nmodules: [nfs]\n"))
	if err != nil {
		log.Fatal(err)
	}
	manifest, kid, err := images.Build(context.Background(), recipe, images.BuildOptions{
		Cache:    "/var/cache/cthulix/images",
		Keg:      store,
		Progress: func(stage string) { log.Print(stage) },
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(kid.Short(), manifest.LinuxRelease, manifest.Size)
}

// A configuration that a host would not apply is refused before anything is
// built of it.
func ExampleTranslateButane() {
	_, report, _ := images.TranslateButane(`variant: fcos
version: 1.5.0
storage:
  files:
    - path: /etc/motd
      contnts:
        inline: Welcome
systemd:
  units:
    - name: mine.service
`)
	for _, problem := range report {
		fmt.Println(problem)
	}
	ignition, _, err := images.TranslateButane("variant: fcos\nversion: 1.5.0\n")
	fmt.Println(string(ignition), err)
	// Output:
	// butane:6:7: storage.files[0].contnts: unknown key, which Ignition would ignore: did you mean "contents"?
	// {"ignition":{"version":"3.4.0"}} <nil>
}

// Whatever is wrong with a recipe is said at once, with its place.
func ExampleParse() {
	_, err := images.Parse([]byte("name: LPD\nlinux:\n  flavour: clowd\nargs: [quiet, 'two words']\n"))
	fmt.Println(err)
	// Output:
	// name:1:1: "LPD" is not up to 63 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit
	// linux.flavour:3:3: "clowd" is not one of cloud, generic; did you mean "cloud"?
	// args[1]:4:15: "two words": an argument is printable ASCII without spaces; give each its own place in the list
}

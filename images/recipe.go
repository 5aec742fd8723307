// Package images builds what hosts boot. A Recipe says what goes into an LPD,
// the Linux that lives wholly in RAM with agentd as its init; Build makes a
// Linux kernel and an initramfs of it, puts them into a keg and names the whole
// by the KID of its Manifest. The same inputs give the same KID, wherever and
// whenever they are built. BootScript is what a host's firmware is told, and
// TranslateButane turns a person's configuration into Ignition, refusing what
// a host would not apply.
package images

// Recipe says what goes into an image.
type Recipe struct {
	// Name is what people call the image; it is part of its KID.
	Name string `yaml:"name" json:"name"`
	// Arch is the machine architecture. Only "amd64", the default, is built so far.
	Arch string `yaml:"arch" json:"arch"`
	// Linux chooses the kernel package.
	Linux Linux `yaml:"linux" json:"linux"`
	// Modules are loaded at boot beside DefaultModules, with all that they
	// depend on. Names are those that modprobe takes.
	Modules []string `yaml:"modules" json:"modules"`
	// Args are added to the kernel command line. One that has the name of one
	// of DefaultArgs replaces it.
	Args []string `yaml:"args" json:"args"`
	// Agentd is the path of a static agentd binary, which becomes /init.
	Agentd string `yaml:"agentd" json:"agentd"`
	// Busybox chooses the package with the shell and its tools.
	Busybox Busybox `yaml:"busybox" json:"busybox"`
	// Files are added to the image, by absolute path in it.
	Files map[string]File `yaml:"files" json:"files"`
	// Butane is a configuration in Butane's language, applied by agentd at boot.
	Butane string `yaml:"butane" json:"butane"`
	// Compression of the initramfs: "zstd" (the default), "gzip" or "none".
	Compression string `yaml:"compression" json:"compression"`
}

// Linux chooses a Debian kernel package.
type Linux struct {
	// Flavour is "cloud" (the default: small, for virtual machines) or
	// "generic" (with the drivers of server hardware).
	Flavour string `yaml:"flavour" json:"flavour"`
	// Package overrides the package that the flavour stands for.
	Package string `yaml:"package" json:"package"`
	// Version pins the package; empty means what apt would install.
	Version string `yaml:"version" json:"version"`
	// Deb is the path of a package file, which is used instead of apt.
	Deb string `yaml:"deb" json:"deb"`
}

// Busybox chooses a Debian package with a static busybox, or a binary.
type Busybox struct {
	// Package is "busybox-static" unless another one is named.
	Package string `yaml:"package" json:"package"`
	// Version pins the package; empty means what apt would install.
	Version string `yaml:"version" json:"version"`
	// Deb is the path of a package file, which is used instead of apt.
	Deb string `yaml:"deb" json:"deb"`
	// Path is that of a static busybox binary, used instead of any package.
	Path string `yaml:"path" json:"path"`
}

// File is one file of an image. Exactly one of Content and Source is given.
type File struct {
	// Content is the text of the file.
	Content string `yaml:"content" json:"content"`
	// Source is the path of a local file.
	Source string `yaml:"source" json:"source"`
	// Mode holds the permission bits in octal, such as "0755"; "0644" if empty.
	Mode string `yaml:"mode" json:"mode"`
}

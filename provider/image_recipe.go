package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/cthulix/terraform-provider-cthulix/images"
	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// builtImage is what is known of an image once it is built.
type builtImage struct {
	KID          keg.KID `json:"kid"`
	Size         int64   `json:"size"`
	LinuxRelease string  `json:"linux_release"`
}

// recipeID names a recipe by what it says and by the content of the local files
// that it names, so that a new agentd under an old path is a new recipe.
func recipeID(r images.Recipe) (keg.KID, error) {
	named := struct {
		Recipe images.Recipe
		Files  map[string]keg.KID
	}{r, map[string]keg.KID{}}
	paths := map[string]string{"agentd": r.Agentd, "linux.deb": r.Linux.Deb, "busybox.deb": r.Busybox.Deb, "busybox.path": r.Busybox.Path}
	for name, f := range r.Files {
		paths["files "+name] = f.Source
	}
	for what, p := range paths {
		if p == "" {
			continue
		}
		kid, err := fileKID(p)
		if err != nil {
			return "", fmt.Errorf("%s: %w", what, err)
		}
		named.Files[what] = kid
	}
	// Where the files lie on this machine is no part of what is built of them.
	named.Recipe.Agentd, named.Recipe.Linux.Deb, named.Recipe.Busybox.Deb, named.Recipe.Busybox.Path = "", "", "", ""
	named.Recipe.Files = map[string]images.File{}
	for name, f := range r.Files {
		f.Source = ""
		named.Recipe.Files[name] = f
	}
	b, err := json.Marshal(named)
	if err != nil {
		return "", err
	}
	return keg.Sum(b), nil
}

func fileKID(name string) (keg.KID, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	h := keg.NewHasher()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return h.KID(), nil
}

// buildImage makes the image of a recipe in the local keg, unless it is there.
// Both plannings and the apply come here and all but the first find it made.
func (s *site) buildImage(ctx context.Context, r images.Recipe, id keg.KID) (builtImage, error) {
	local, err := s.localKeg()
	if err != nil {
		return builtImage{}, err
	}
	s.building.Lock()
	defer s.building.Unlock()
	memo := filepath.Join(s.cacheDir, "recipes", id.Hex()+".json")
	if b, ok := remembered(ctx, local, memo); ok {
		return b, nil
	}
	m, kid, err := images.Build(ctx, r, images.BuildOptions{
		Cache:    s.cacheDir,
		Keg:      local,
		Progress: func(stage string) { s.log.InfoContext(ctx, stage, "image", r.Name) },
	})
	if err != nil {
		return builtImage{}, err
	}
	b := builtImage{KID: kid, Size: m.Size, LinuxRelease: m.LinuxRelease}
	text, err := json.Marshal(b)
	if err == nil {
		err = writeFile(memo, text)
	}
	if err != nil {
		return builtImage{}, fmt.Errorf("remember image %s: %w", r.Name, err)
	}
	return b, nil
}

// remembered returns an image that was built before, if all of it is still in
// the keg.
func remembered(ctx context.Context, store keg.Store, memo string) (builtImage, bool) {
	var b builtImage
	text, err := os.ReadFile(memo)
	if err != nil || json.Unmarshal(text, &b) != nil {
		return b, false
	}
	m, err := images.LoadManifest(ctx, store, b.KID)
	if err != nil {
		return b, false
	}
	for _, blob := range m.Blobs() {
		if has, err := store.Has(ctx, blob); err != nil || !has {
			return b, false
		}
	}
	return b, true
}

// writeFile writes a file that only the user may read, whole or not at all.
func writeFile(name string, b []byte) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(b)
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		if rm := os.Remove(tmp.Name()); rm != nil && !errors.Is(rm, fs.ErrNotExist) {
			err = errors.Join(err, rm)
		}
	}
	return err
}

// addRecipeError reports what is wrong with a recipe at the attributes that say it.
func addRecipeError(diags *diag.Diagnostics, err error) {
	var problems images.Problems
	if !errors.As(err, &problems) {
		diags.AddError("The image cannot be built", err.Error())
		return
	}
	for _, p := range problems {
		where, whole := recipePath(p.Path)
		text := p.Message
		if !whole || p.Line > 0 {
			text = p.String()
		}
		diags.AddAttributeError(where, "The recipe is not valid", text)
	}
}

// recipePath turns a path such as "modules[2]" or "linux.flavour" into
// Terraform's. whole is false when the end of it lies inside of a text.
func recipePath(s string) (p path.Path, whole bool) {
	root, rest, _ := cutAny(s, ".[")
	p = path.Root(root)
	switch {
	case rest == "":
		return p, true
	case root == "linux" || root == "busybox":
		return p.AtName(strings.TrimPrefix(rest, ".")), true
	case root == "modules" || root == "args":
		n, err := strconv.Atoi(strings.Trim(rest, "[]"))
		if err != nil {
			return p, false
		}
		return p.AtListIndex(n), true
	case root == "files":
		key, field, found := strings.Cut(strings.TrimPrefix(rest, "["), "]")
		if !found {
			return p, false
		}
		p = p.AtMapKey(strings.Trim(key, `"`))
		if field != "" {
			p = p.AtName(strings.TrimPrefix(field, "."))
		}
		return p, true
	}
	return p, false
}

// cutAny cuts s before the first of the separators, which stays with the rest.
func cutAny(s, separators string) (before, after string, found bool) {
	i := strings.IndexAny(s, separators)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i:], true
}

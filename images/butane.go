package images

import "errors"

// TranslateButane turns a Butane configuration into Ignition's JSON. Keys that
// Butane does not know, and all that agentd does not apply, are problems: the
// report lists them and err is not nil.
func TranslateButane(src string) (ignition []byte, report []Problem, err error) {
	return nil, nil, errors.New("images: Butane is not there yet")
}

// Parse reads a recipe in YAML or JSON, strictly, and validates it.
func Parse(src []byte) (Recipe, error) { return Recipe{}, errors.New("images: recipes are not read yet") }

// Validate checks a recipe without touching any file. The error is Problems.
func Validate(r Recipe) error { return nil }

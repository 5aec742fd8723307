package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"

	"github.com/spf13/pflag"

	"github.com/cthulix/terraform-provider-cthulix/operate"
)

// format is how a command prints: for people, or as JSON.
type format string

const (
	asText format = "text"
	asJSON format = "json"
)

var _ pflag.Value = (*format)(nil)

// Set implements pflag.Value.
func (f *format) Set(s string) error {
	if s != string(asText) && s != string(asJSON) {
		return errors.New("text and json are what there is")
	}
	*f = format(s)
	return nil
}

// String implements pflag.Value.
func (f *format) String() string { return string(*f) }

// Type implements pflag.Value.
func (f *format) Type() string { return "string" }

// flag adds the flag -o to a command.
func (f *format) flag(flags *pflag.FlagSet, what string) {
	*f = asText
	flags.VarP(f, "output", "o", "text or json: "+what)
}

// printJSON prints one value, for people who look at it, too.
func printJSON(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// teller prints what verbs tell while they go on, a line a step: text, or an object of JSON.
type teller struct {
	mu     sync.Mutex
	out    io.Writer
	format format
}

type stepJSON struct {
	Host    string  `json:"host"`
	Stage   string  `json:"stage"`
	Detail  string  `json:"detail,omitempty"`
	Elapsed float64 `json:"elapsed_seconds"`
}

type consoleJSON struct {
	Host    string `json:"host"`
	Console string `json:"console"`
}

func (t *teller) tell(s operate.Step) {
	t.line(s.String(), stepJSON{Host: s.Host, Stage: s.Stage, Detail: s.Detail, Elapsed: math.Round(s.Elapsed.Seconds()*10) / 10})
}

// console prints what a machine that failed has last said on its serial console.
func (t *teller) console(host, text string) { t.line(text, consoleJSON{host, text}) }

// line prints one thing in either way.
func (t *teller) line(text string, v any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.format != asJSON {
		fmt.Fprintln(t.out, text)
		return
	}
	// What goes wrong here goes wrong with the output, of which the next line tells.
	_ = json.NewEncoder(t.out).Encode(v)
}

package light

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const (
	// recordWait and restartPause are agentd's: how long the opserver may keep a
	// question, and how long whoever made the record has to restart the machine.
	recordWait   = 10 * time.Second
	restartPause = 15 * time.Second
)

// locate asks the opserver who the machine is. The opserver keeps the question
// of a machine that no record names for so long.
func (m *Machine) locate(ctx context.Context, client *http.Client, opserver string, wait time.Duration) (id ophub.Identity, err error) {
	address := fmt.Sprintf("%s/v1/identity?mac=%s&wait=%d", opserver, url.QueryEscape(m.cfg.MAC.String()), int(wait.Seconds()))
	err = m.insist(ctx, "identity", func() error {
		text, err := fetch(ctx, client, http.MethodGet, address)
		if err != nil {
			return err
		}
		return json.Unmarshal(text, &id)
	})
	return id, err
}

// discovered is the life of a machine that no record names: it says what it is
// made of, and waits for a record.
func (m *Machine) discovered(ctx context.Context, l *life, client *http.Client, opserver string, image keg.KID) (ophub.Identity, error) {
	d := ophub.Discovered{MAC: m.cfg.MAC.String(), Image: image, BootID: l.id, Inventory: m.inventory(l)}
	for told := false; ; {
		if !told { // what gets lost, or is too much now, is told again
			told = post(ctx, client, opserver+"/v1/discovered", d) == nil
		}
		id, err := m.locate(ctx, client, opserver, recordWait)
		if err != nil {
			return id, err
		}
		if !id.Discovery {
			return m.becomeHost(ctx, l, id, image)
		}
		if err := pause(ctx, m.cfg.Retry); err != nil {
			return id, err
		}
	}
}

// becomeHost is for a machine that was booted as a stranger, and is on record by
// now: it restarts if it is to run another image than it does.
func (m *Machine) becomeHost(ctx context.Context, l *life, id ophub.Identity, image keg.KID) (ophub.Identity, error) {
	if id.Image == image {
		return id, nil
	}
	if err := pause(ctx, restartPause); err == nil {
		go m.restart(l)
		<-ctx.Done()
	}
	return ophub.Identity{}, ctx.Err()
}

// inventory is what the machine says that it is made of.
func (m *Machine) inventory(l *life) ophub.Inventory {
	kind := ophub.FirmwareBIOS
	if l.efi {
		kind = ophub.FirmwareUEFI
	}
	return ophub.Inventory{
		System:   ophub.System{Vendor: "Cthulix", Product: "light machine", Serial: m.cfg.Name},
		Firmware: ophub.FirmwareID{Kind: kind},
		NICs:     []ophub.NIC{{Name: "eth0", MAC: m.cfg.MAC.String(), Driver: "light", Mbps: 1000, Link: true, Neighbors: m.cfg.Neighbors}},
		BMC:      ophub.InBandBMC{Missing: "a light machine has no system interface"},
	}
}

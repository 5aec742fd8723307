package ipmi

import (
	"context"
	"errors"
	"fmt"
)

var (
	cmdFRUInfo = command{"get inventory size", netStorage, 0x10}
	cmdFRURead = command{"read inventory", netStorage, 0x11}
)

// maxInventory is the largest inventory that is read, in bytes.
const maxInventory = 65535

// Inventory reads the FRU inventories that the controller holds: its own, and those that its sensor records name.
// One that is there and cannot be decoded is in the list with its problem; one that is not there is left out.
func (b *BMC) Inventory(ctx context.Context) (all []FRU, err error) {
	err = b.talk(ctx, "read the inventory", func(v *conversation) error {
		places, err := v.inventories()
		if err != nil {
			return err
		}
		for _, place := range places {
			fru, ok, err := v.inventory(place)
			if err != nil {
				return err
			}
			if ok {
				all = append(all, fru)
			}
		}
		return nil
	})
	return all, err
}

// inventories are the places of the inventories that the controller itself holds, its own first.
func (v *conversation) inventories() ([]locator, error) {
	places := []locator{{id: 0, name: "BMC"}}
	records, err := v.sensorRecords()
	if err != nil && !refused(err) {
		return nil, err
	}
	for _, record := range records {
		place, ok, err := decodeLocator(record)
		if err != nil || !ok || !place.logical || place.access != controllerAddress {
			continue
		}
		if place.id == 0 {
			places[0] = place
			continue
		}
		places = append(places, place)
	}
	return places, nil
}

func (v *conversation) inventory(place locator) (fru FRU, ok bool, err error) {
	fru = FRU{ID: place.id, Name: place.name}
	answer, err := v.request(cmdFRUInfo, place.id)
	if refused(err) {
		return fru, false, nil
	}
	if err != nil {
		return fru, false, err
	}
	f := fields{rest: answer}
	size, words := int(f.u16()), f.u8()&0x01 != 0
	if err := f.end("the inventory's size"); err != nil || size == 0 {
		return fru, false, err
	}
	data, err := v.readInventory(place.id, min(size, maxInventory), words)
	if refused(err) {
		fru.Problem = err.Error()
		return fru, true, nil
	}
	if err != nil {
		return fru, false, err
	}
	if err := fru.decode(data); err != nil {
		if errors.Is(err, errBlank) {
			return fru, false, nil
		}
		fru.Problem = err.Error()
	}
	return fru, true, nil
}

// readInventory reads an inventory in as large pieces as the controller answers with. Some count in words.
func (v *conversation) readInventory(id byte, size int, words bool) (data []byte, err error) {
	unit := 1
	if words {
		unit = 2
	}
	for chunk := 0; len(data) < size; {
		count := min(chunks[chunk], size-len(data))
		request := append([]byte{id}, le16(uint16(len(data)/unit))...)
		answer, err := v.request(cmdFRURead, append(request, byte((count+unit-1)/unit))...)
		if tooMuch(err) && chunk < len(chunks)-1 {
			chunk++
			continue
		}
		if err != nil {
			return nil, err
		}
		f := fields{rest: answer}
		got := f.take(min(int(f.u8())*unit, len(f.rest)))
		if len(got) == 0 {
			return nil, fmt.Errorf("BMC %s: %s: %w: inventory %d ends after %d of %d bytes", v.bmc.target.label(), v.doing, errUnusable, id, len(data), size)
		}
		data = append(data, got...)
	}
	return data, nil
}

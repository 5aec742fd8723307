package iossim

// Profile is a model of switch.
type Profile struct {
	Name string
}

// DefaultProfile is the model that an empty Config.Profile means.
const DefaultProfile = "WS-C2960X-48TS-L"

// Profiles returns the models that can be simulated.
func Profiles() []Profile { return []Profile{{Name: DefaultProfile}} }

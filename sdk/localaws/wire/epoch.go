package wire

import (
	"encoding/json"
	"strconv"
	"time"
)

// Epoch is a time as AWS JSON writes it: seconds since 1970 with a fraction, to the millisecond. With `omitzero` the zero
// time is left out.
type Epoch struct{ time.Time }

// MarshalJSON writes e as a number of seconds.
func (e Epoch) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(e.UnixMilli())/1000, 'f', 3, 64), nil
}

// UnmarshalJSON reads a number of seconds.
func (e *Epoch) UnmarshalJSON(data []byte) error {
	var seconds float64
	if err := json.Unmarshal(data, &seconds); err != nil {
		return err
	}
	e.Time = time.UnixMilli(int64(seconds * 1000))
	return nil
}

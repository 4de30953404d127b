package sqs

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

func digestBody(body string) string {
	sum := md5.Sum([]byte(body))
	return hex.EncodeToString(sum[:])
}

// digestAttributes is the MD5 that clients verify message attributes by. Sorted by name, each attribute contributes its name
// and data type (both preceded by their length in 4 bytes, big-endian), a byte 1 for a string or number or 2 for binary,
// and its value, preceded by its length (SQS developer guide, "Calculating the MD5 message digest for message attributes").
// It is empty for no attributes.
func digestAttributes(attributes map[string]MessageAttributeValue) string {
	if len(attributes) == 0 {
		return ""
	}
	var encoded []byte
	field := func(value []byte) {
		encoded = binary.BigEndian.AppendUint32(encoded, uint32(len(value)))
		encoded = append(encoded, value...)
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		attribute := attributes[name]
		field([]byte(name))
		field([]byte(attribute.DataType))
		if strings.HasPrefix(attribute.DataType, "Binary") {
			encoded = append(encoded, 2)
			field(attribute.BinaryValue)
			continue
		}
		encoded = append(encoded, 1)
		if attribute.StringValue == nil {
			field(nil)
			continue
		}
		field([]byte(*attribute.StringValue))
	}
	sum := md5.Sum(encoded)
	return hex.EncodeToString(sum[:])
}

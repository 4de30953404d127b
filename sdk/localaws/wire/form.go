package wire

import (
	"context"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
)

// QueryOp makes a QueryOperation of a typed function. The exported fields of In are read from the form parameters of their
// names, as AWS query writes them: "Path", lists "Tags.member.1.Key", structures "A.B". Fields may be strings, integers,
// booleans, structures, slices and pointers of these; a pointer stays nil if the form names nothing of it. A parameter that does
// not fit its field is AWS's MalformedInput. An Out of type Empty is answered without a result, as AWS does.
func QueryOp[In, Out any](fn func(context.Context, In) (Out, error)) QueryOperation {
	return func(ctx context.Context, form url.Values) (any, error) {
		var in In
		if _, err := decodeForm(form, "", reflect.ValueOf(&in).Elem()); err != nil {
			return nil, err
		}
		out, err := fn(ctx, in)
		if err != nil {
			return nil, err
		}
		if _, empty := any(out).(Empty); empty {
			return nil, nil
		}
		return out, nil
	}
}

// decodeForm fills target from the parameters at or below name and tells whether there were any.
func decodeForm(form url.Values, name string, target reflect.Value) (found bool, err error) {
	switch target.Kind() {
	case reflect.Pointer:
		value := reflect.New(target.Type().Elem())
		if found, err = decodeForm(form, name, value.Elem()); found {
			target.Set(value)
		}
		return found, err
	case reflect.Struct:
		return decodeStruct(form, name, target)
	case reflect.Slice:
		for i := 1; ; i++ {
			item := reflect.New(target.Type().Elem()).Elem()
			if found, err := decodeForm(form, fmt.Sprintf("%s.member.%d", name, i), item); err != nil || !found {
				return i > 1, err
			}
			target.Set(reflect.Append(target, item))
		}
	default:
		if !form.Has(name) {
			return false, nil
		}
		return true, decodeScalar(name, form.Get(name), target)
	}
}

func decodeStruct(form url.Values, name string, target reflect.Value) (found bool, err error) {
	for i := range target.NumField() {
		field := target.Type().Field(i).Name
		if name != "" {
			field = name + "." + field
		}
		ok, err := decodeForm(form, field, target.Field(i))
		if err != nil {
			return found, err
		}
		found = found || ok
	}
	return found, nil
}

func decodeScalar(name, text string, target reflect.Value) error {
	var err error
	switch target.Kind() {
	case reflect.String:
		target.SetString(text)
	case reflect.Int, reflect.Int32, reflect.Int64:
		var n int64
		n, err = strconv.ParseInt(text, 10, 64)
		target.SetInt(n)
	case reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(text)
		target.SetBool(b)
	default:
		return fmt.Errorf("read parameter %s: fields of type %s have no form", name, target.Type())
	}
	if err != nil {
		return Errorf("MalformedInput", "Invalid value for parameter %s: %q", name, text)
	}
	return nil
}

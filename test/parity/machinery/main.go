// Command machinery writes what Go's apimachinery and client-go answer to the inputs in this folder, as JSON that the
// tests of src/Machinery compare with. See README.md.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"sort"
)

// write puts every case on a line of its own, so that a diff shows which answers changed.
func write(name string, value any) {
	var out bytes.Buffer
	lines(&out, reflect.ValueOf(value))
	out.WriteByte('\n')
	if err := os.WriteFile(name+".json", out.Bytes(), 0o644); err != nil {
		panic(err)
	}
	fmt.Println(name)
}

func lines(out *bytes.Buffer, value reflect.Value) {
	for value.Kind() == reflect.Interface {
		value = value.Elem()
	}
	switch value.Kind() {
	case reflect.Map:
		keys := value.MapKeys()
		sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
		out.WriteString("{")
		for i, key := range keys {
			if i > 0 {
				out.WriteString(",")
			}
			fmt.Fprintf(out, "\n%s: ", compact(key.Interface()))
			if element := value.MapIndex(key).Elem(); element.Kind() == reflect.Slice {
				lines(out, element)
			} else {
				out.Write(compact(value.MapIndex(key).Interface()))
			}
		}
		out.WriteString("\n}")
	default:
		out.WriteString("[")
		for i := range value.Len() {
			if i > 0 {
				out.WriteString(",")
			}
			out.WriteString("\n")
			out.Write(compact(value.Index(i).Interface()))
		}
		out.WriteString("\n]")
	}
}

func compact(value any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err)
	}
	return bytes.TrimSpace(out.Bytes())
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func main() {
	selectors()
	names()
	times()
	quantities()
	intOrStrings()
	jsonPaths()
	patches()
	strategicPatches()
	versions()
	applies()
}

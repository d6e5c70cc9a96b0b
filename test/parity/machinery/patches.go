package main

import (
	"encoding/json"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
)

type applyCase struct {
	Document json.RawMessage `json:"document"`
	Patch    json.RawMessage `json:"patch"`
	Result   json.RawMessage `json:"result,omitempty"`
	Error    string          `json:"error,omitempty"`
}

type createCase struct {
	From  json.RawMessage `json:"from"`
	To    json.RawMessage `json:"to"`
	Patch json.RawMessage `json:"patch"`
}

type threeWayCase struct {
	Original json.RawMessage `json:"original"`
	Modified json.RawMessage `json:"modified"`
	Current  json.RawMessage `json:"current"`
	Patch    json.RawMessage `json:"patch,omitempty"`
	Error    string          `json:"error,omitempty"`
}

const patchDocument = `{"a":{"b":[1,2,3],"c":"x","d":null},"l":[{"n":"p","v":1},{"n":"q"}],"s":"t","m/n":1,"o~p":2,"":0}`

func patches() {
	var json6902 []applyCase
	for _, patch := range []string{
		`[]`,
		`[{"op":"add","path":"/z","value":1}]`, `[{"op":"add","path":"/a/b/-","value":4}]`, `[{"op":"add","path":"/a/b/0","value":0}]`,
		`[{"op":"add","path":"/a/b/3","value":4}]`, `[{"op":"add","path":"/a/b/4","value":4}]`, `[{"op":"add","path":"/a/b/-1","value":9}]`,
		`[{"op":"add","path":"/a/b/-4","value":9}]`, `[{"op":"add","path":"/a/b/-5","value":9}]`, `[{"op":"add","path":"/a/b/x","value":9}]`,
		`[{"op":"add","path":"/x/y","value":1}]`, `[{"op":"add","path":"/s/y","value":1}]`, `[{"op":"add","path":"/a","value":{"z":1}}]`,
		`[{"op":"add","path":"","value":{"z":1}}]`, `[{"op":"add","path":"z","value":1}]`, `[{"op":"add","path":"/a/e","value":null}]`,
		`[{"op":"add","path":"/m~1n","value":7},{"op":"add","path":"/o~0p","value":8}]`, `[{"op":"add","path":"/","value":5}]`,
		`[{"op":"remove","path":"/s"}]`, `[{"op":"remove","path":"/x"}]`, `[{"op":"remove","path":"/a/b/0"}]`, `[{"op":"remove","path":"/a/b/3"}]`,
		`[{"op":"remove","path":"/a/b/-1"}]`, `[{"op":"remove","path":"/a/b/-4"}]`, `[{"op":"remove","path":"/a/b/-"}]`, `[{"op":"remove","path":"/x/y"}]`,
		`[{"op":"remove","path":""}]`, `[{"op":"remove","path":"/a/d"}]`,
		`[{"op":"replace","path":"/s","value":"u"}]`, `[{"op":"replace","path":"/x","value":"u"}]`, `[{"op":"replace","path":"/x/y","value":"u"}]`,
		`[{"op":"replace","path":"/a/b/1","value":5}]`, `[{"op":"replace","path":"/a/b/3","value":5}]`, `[{"op":"replace","path":"/a/b/x","value":5}]`,
		`[{"op":"replace","path":"","value":{"z":1}}]`, `[{"op":"replace","path":"","value":"z"}]`, `[{"op":"replace","path":"/l/0/v","value":{"w":[1]}}]`,
		`[{"op":"move","from":"/s","path":"/t"}]`, `[{"op":"move","from":"/x","path":"/t"}]`, `[{"op":"move","from":"/x/y","path":"/t"}]`,
		`[{"op":"move","from":"/a/b/0","path":"/a/b/2"}]`, `[{"op":"move","from":"/a/b/0","path":"/a/b/3"}]`, `[{"op":"move","from":"/a","path":"/a/b"}]`,
		`[{"op":"move","from":"/s","path":"/s"}]`, `[{"op":"move","from":"/s","path":"/x/y"}]`, `[{"op":"move","from":"/a/b/9","path":"/t"}]`,
		`[{"op":"copy","from":"/a","path":"/l/-"}]`, `[{"op":"copy","from":"/a/b/0","path":"/t"}]`, `[{"op":"copy","from":"/x/y","path":"/t"}]`,
		`[{"op":"copy","from":"/s","path":"/x/y"}]`, `[{"op":"copy","from":"/a/b/9","path":"/t"}]`, `[{"op":"copy","from":"/s","path":"/a/b/9"}]`,
		`[{"op":"test","path":"/s","value":"t"}]`, `[{"op":"test","path":"/s","value":"u"}]`, `[{"op":"test","path":"/a/d","value":null}]`,
		`[{"op":"test","path":"/x","value":null}]`, `[{"op":"test","path":"/x","value":1}]`, `[{"op":"test","path":"/x/y","value":1}]`,
		`[{"op":"test","path":"/a/b","value":[1,2,3]}]`, `[{"op":"test","path":"/a/b","value":[1,2]}]`, `[{"op":"test","path":"/l/1","value":{"n":"q"}}]`,
		`[{"op":"test","path":"/a/b/9","value":1}]`, `[{"op":"test","path":"/a","value":{"c":"x","d":null,"b":[1,2,3]}}]`, `[{"op":"test","path":"","value":{}}]`,
		`[{"op":"test","path":"/s","value":"t"},{"op":"remove","path":"/s"},{"op":"add","path":"/u","value":"t"}]`,
		`[{"op":"frob","path":"/s"}]`, `[{"path":"/s"}]`, `[{"op":"add"}]`, `[{"op":"remove"}]`, `[{"op":"move","path":"/s"}]`,
	} {
		decoded, err := jsonpatch.DecodePatch([]byte(patch))
		var result []byte
		if err == nil {
			result, err = decoded.Apply([]byte(patchDocument))
		}
		json6902 = append(json6902, applyCase{json.RawMessage(patchDocument), json.RawMessage(patch), result, text(err)})
	}

	documents := []string{
		`{}`, `{"a":1}`, `{"a":"1"}`, `{"a":{"b":1}}`, `{"a":{"b":1,"c":2}}`, `{"a":{}}`, `{"a":[]}`, `{"a":[1,2]}`, `{"a":[{"b":1}]}`, `{"a":null}`,
		`{"a":{"b":{"c":{"d":1}}},"e":"f"}`, `{"a":{"b":{"c":{}}},"e":true}`, `{"metadata":{"labels":{"x":"y"},"finalizers":["z"]}}`,
		`{"metadata":{"labels":{"x":"z","w":""}}}`, `{"__proto__":{"a":1}}`,
	}
	var applies []applyCase
	var creates []createCase
	var threeWays []threeWayCase
	for _, from := range documents {
		for _, to := range documents {
			patch, err := jsonpatch.CreateMergePatch([]byte(from), []byte(to))
			if err != nil {
				panic(err)
			}
			creates = append(creates, createCase{json.RawMessage(from), json.RawMessage(to), patch})
		}
		for _, patch := range append(documents, `{"a":{"b":null}}`, `{"a":{"b":{"c":null,"x":null}}}`, `{"a":[{"b":null,"c":[null]}]}`, `{"x":{"y":null,"z":{"w":null}}}`) {
			result, err := jsonpatch.MergePatch([]byte(from), []byte(patch))
			applies = append(applies, applyCase{json.RawMessage(from), json.RawMessage(patch), result, text(err)})
		}
	}
	for i, original := range documents {
		for j, modified := range documents {
			for k, current := range documents {
				if (i*7+j*5+k*3)%13 != 0 {
					continue
				}
				patch, err := jsonmergepatch.CreateThreeWayJSONMergePatch([]byte(original), []byte(modified), []byte(current))
				problem := ""
				if err != nil {
					problem = "conflict"
				}
				threeWays = append(threeWays, threeWayCase{json.RawMessage(original), json.RawMessage(modified), json.RawMessage(current), patch, problem})
			}
		}
	}
	write("patches", map[string]any{"json": json6902, "mergeApply": applies, "mergeCreate": creates, "mergeThreeWay": threeWays})
}

package main

import (
	"bytes"
	"encoding/json"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/jsonpath"
)

type pathCase struct {
	Data     string `json:"data"`
	Template string `json:"template"`
	Missing  string `json:"missing"`
	Output   string `json:"output"`
	Error    string `json:"error,omitempty"`
	// The template does not parse, or only its application fails.
	Parses bool `json:"parses"`
}

const pathData = `{
 "pods": {"kind": "List", "apiVersion": "v1", "items": [
  {"kind": "Pod", "metadata": {"name": "web-0", "labels": {"app": "web", "example.com/tier": "front"}}, "spec": {"priority": 10,
   "containers": [{"name": "web", "image": "nginx:1", "ports": [{"containerPort": 80}, {"containerPort": 443}]}, {"name": "log", "image": "log:2"}]},
   "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}},
  {"kind": "Pod", "metadata": {"name": "web-1", "labels": {"app": "web"}, "annotations": {}}, "spec": {"priority": 2.5, "containers": []},
   "status": {"phase": "Pending", "conditions": null}},
  {"kind": "Pod", "metadata": {"name": "db-0", "labels": {"app": "db"}}, "spec": {"priority": 7, "containers": [{"name": "db", "image": "db:3", "tty": true}]},
   "status": {"phase": "Running", "message": "<a> & \"b\""}}]},
 "numbers": {"list": [0, 1, 2, 3, 4, 5, 6, 7], "one": [1], "none": [], "floats": [1.5, 0.000001, 1e21, 100000, -0.5], "null": null, "mixed": [1, "a", true, null]},
 "empty": {"items": []}
}`

var pathTemplates = map[string][]string{
	"pods": {
		"plain", "{.kind}", "{$.kind}", "{@.kind}", "{ .kind }", "{kind}", "{.items[*].metadata.name}", "{.items[0].metadata.name}",
		"{.items[-1].metadata.name}", "{.items[-1:].metadata.name}", "{.items[0:2].metadata.name}", "{.items[:2].metadata.name}",
		"{.items[1:].metadata.name}", "{.items[::2].metadata.name}", "{.items[0:3:2].metadata.name}", "{.items[3].metadata.name}",
		"{.items[-4].metadata.name}", "{.items[0,2].metadata.name}", "{.items[0, 2].metadata.name}", "{.items[0]['metadata.name']}",
		"{.items[*]['metadata.name','status.phase']}", "{.items[*]['kind', 'status.phase']}", "{..name}", "{..containerPort}",
		"{...name}", "{....name}", "{.items..image}", "{.items[0].metadata.labels}", "{.items[0].metadata.labels.app}",
		"{.items[0].metadata.labels.example\\.com/tier}", "{.items[0].metadata.labels['example\\.com/tier']}",
		"{.items[0].metadata.labels['app']}", "{.items[0].metadata.labels[\"app\"]}", "{.items[0].metadata.labels.*}",
		"{.items[?(@.status.phase==\"Running\")].metadata.name}", "{.items[?(@.status.phase=='Running')].metadata.name}",
		"{.items[?(@.status.phase!=\"Running\")].metadata.name}", "{.items[?(@.spec.priority>5)].metadata.name}",
		"{.items[?(@.spec.priority>=7)].metadata.name}", "{.items[?(@.spec.priority<7)].metadata.name}",
		"{.items[?(@.spec.priority<=7)].metadata.name}", "{.items[?(@.metadata.annotations)].metadata.name}",
		"{.items[?(@.status.message)].metadata.name}", "{.items[?(@.metadata.labels.app==\"db\")].metadata.name}",
		"{.items[?(@.spec.containers[*].tty==true)].metadata.name}", "{.items[*].spec.containers[?(@.tty==true)].name}",
		"{.items[?(@.metadata.name<\"e\")].metadata.name}", "{.items[?(@.status.phase==5)].metadata.name}",
		"{.items[?(@.kind<>\"Pod\")]}", "{.kind[?(@.a)]}", "{.items[?(@.status)].kind}", "{.items[0].status.message}", "{.items[2].status}",
		"{.items[2].status.message}", "{range .items[*]}{.metadata.name}{\"\\n\"}{end}",
		"{range .items[*]}{.metadata.name}{\"\\t\"}{.status.phase}{\"\\n\"}{end}", "{range .items[*]}[{.metadata.name}] {end}done",
		"{range .items[*]}{.metadata.name}: {range .spec.containers[*]}{.name} {end}; {end}",
		"{range .items[*]}{range .spec.containers[*]}{range .ports[*]}{.containerPort},{end}{end}|{end}",
		"{range .items[?(@.spec.priority>5)]}{.metadata.name},{end}", "{range .nothing[*]}{.metadata.name}{end}after",
		"{.nothing}", "{.nothing.else}", "a{.nothing}b", "{.items[0].nothing[0]}", "{.items[*].status.message}", "{.items[*].metadata.annotations}",
		"{.items[1].status.conditions}", "{.items[*].status.conditions[0].type}", "{.kind} {.apiVersion}", "{.kind}{.apiVersion}",
		"{\"text\"}", "{'text'}", "{\"a\\tb\\u00e9\\x41\"}", "{\"it's\"}", "{\"\\'\"}", "{\"\\q\"}", "{1}", "{-1}", "{1.5}", "{+2}", "{true}", "{false}",
		"{.items}", "{.items[0].spec.containers[0]}", "{.items[0]['kind']}", "{.items[0][kind]}", "{.}", "{}", "{@}", "{.items[]}", "{[0]}",
		"{.items[*].spec.priority}", "{.items[0].kind.name}", "{.items.kind}", "{.kind[0]}", "{.metadata[0]}", "{.items[0:0].kind}", "{.items[2:1].kind}",
		"{.items[0:9].kind}", "{.items[0:3:0].kind}", "{.items[-2:].metadata.name}", "{.items[:-1].metadata.name}", "{.items[-3:-1].metadata.name}",
		"{", "{.items[0}", "{.items[?(@.a}", "{.items[?(@.a)}", "{.items[?(@.a==)]}", "{.items[a]}", "{.items[1.5]}", "{.items[--1]}", "{.items[-]}",
		"{hello}", "{end}", "{%}", "{.a", "{'a", "{\"a\nb\"}", "{1.2.3}", "{-}", "{.items[0]\n}", "}", "{.kind}}", "{{.kind}}", "{.....name}",
		"{.items[0]..name}", "{.items[*]..name}", "{..items[0].kind}", "{..*}", "{.items[*].*.name}", "{range .items[0:2]}{@.kind}{end}{end}",
	},
	"numbers": {
		"{.list}", "{.list[*]}", "{.list[0]}", "{.list[-1]}", "{.list[1:4]}", "{.list[::3]}", "{.list[1::2]}", "{.list[:4:2]}", "{.list[2,4,6]}",
		"{.list[?(@>4)]}", "{.list[?(@<2)]}", "{.list[?(@==3)]}", "{.list[?(@!=3)]}", "{.list[?(@>=6)]}", "{.none}", "{.none[*]}", "{.none[0]}",
		"{.none[0:]}", "{.one[0]}", "{.one[1]}", "{.one[-1]}", "{.one[-2]}", "{.one[:]}", "{.one[:1]}", "{.floats}", "{.floats[*]}", "{.null}",
		"{.null[0]}", "{.null.a}", "{.null[*]}", "{.mixed}", "{.mixed[*]}", "{.mixed[?(@==\"a\")]}", "{.mixed[?(@==1)]}", "{range .list[*]}{@},{end}",
		"{range .none[*]}{@},{end}none", "{.list[?(@.a)]}", "{.list[?(@.a==1)]}", "{.floats[?(@>1.4)]}",
	},
	"empty": {
		"{range .items[*]}{.metadata.name}{end}", "{range .items[*]}{.a}{range .b[*]}{.c}{end}{end}after", "{.items[*].metadata.name}", "{.items[0]}",
	},
}

func jsonPaths() {
	// Decoded as kubectl decodes it, so that whole numbers are integers.
	sources := map[string]map[string]any{}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal([]byte(pathData), &raw); err != nil {
		panic(err)
	}
	for name, data := range raw {
		object := &unstructured.Unstructured{}
		wrapped := append([]byte(`{"apiVersion":"v1","kind":"Data","data":`), data...)
		if err := object.UnmarshalJSON(append(wrapped, '}')); err != nil {
			panic(err)
		}
		sources[name] = object.Object["data"].(map[string]any)
	}
	var cases []pathCase
	for _, name := range []string{"pods", "numbers", "empty"} {
		for _, template := range pathTemplates[name] {
			for _, missing := range []string{"error", "empty"} {
				c := pathCase{Data: name, Template: template, Missing: missing}
				run := func() {
					defer func() {
						if r := recover(); r != nil {
							c.Error = "panic"
						}
					}()
					path := jsonpath.New("test").AllowMissingKeys(missing == "empty")
					if err := path.Parse(template); err != nil {
						c.Error = err.Error()
						return
					}
					c.Parses = true
					var out bytes.Buffer
					if err := path.Execute(&out, sources[name]); err != nil {
						c.Error = err.Error()
						return
					}
					c.Output = out.String()
					if strings.Contains(template, "..") || strings.Contains(template, ".*") {
						// Go visits the members of a map in no order.
						words := strings.Fields(c.Output)
						sort.Strings(words)
						c.Output = strings.Join(words, " ")
					}
				}
				run()
				cases = append(cases, c)
			}
		}
	}
	var data any
	if err := json.Unmarshal([]byte(pathData), &data); err != nil {
		panic(err)
	}
	write("jsonpath", map[string]any{"data": data, "cases": cases})
}

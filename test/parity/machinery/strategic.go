package main

import (
	"encoding/json"
	"fmt"
	"math/rand"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

type strategicApply struct {
	Kind string `json:"kind"`
	// The name of one of the documents.
	Document string          `json:"document"`
	Patch    json.RawMessage `json:"patch"`
	Result   json.RawMessage `json:"result,omitempty"`
	Error    string          `json:"error,omitempty"`
}

type strategicPair struct {
	Kind     string          `json:"kind"`
	Original json.RawMessage `json:"original,omitempty"`
	From     json.RawMessage `json:"from"`
	To       json.RawMessage `json:"to"`
	Patch    json.RawMessage `json:"patch,omitempty"`
	// What the patch makes of `from`.
	Result json.RawMessage `json:"result,omitempty"`
	// The same with conflicts refused.
	Conflict bool   `json:"conflict,omitempty"`
	Error    string `json:"error,omitempty"`
}

var kinds = map[string]any{"Pod": &corev1.Pod{}, "Deployment": &appsv1.Deployment{}, "Service": &corev1.Service{}}

const pod = `{"metadata":{"name":"p","labels":{"a":"b","c":"d"},"finalizers":["f1","f2"],"ownerReferences":[{"uid":"u1","name":"o1","kind":"K","apiVersion":"v1"}]},` +
	`"spec":{"containers":[{"name":"a","image":"a:1","args":["x","y"],"env":[{"name":"E","value":"1"},{"name":"F","value":"2"}],"ports":[{"containerPort":80,"protocol":"TCP"}]},` +
	`{"name":"b","image":"b:1"},{"name":"c"}],"volumes":[{"name":"v","emptyDir":{}},{"name":"w","configMap":{"name":"cm","items":[{"key":"k","path":"p"}]}}],` +
	`"tolerations":[{"key":"t","operator":"Exists"}],"nodeSelector":{"zone":"a"},"imagePullSecrets":[{"name":"s1"}],"securityContext":{"runAsUser":1}}}`

var podPatches = []string{
	`{}`, `{"metadata":{"labels":{"a":"x"}}}`, `{"metadata":{"labels":{"a":null}}}`, `{"metadata":{"labels":null}}`, `{"metadata":{"labels":{"n":null,"m":"1"}}}`,
	`{"metadata":{"labels":{"$patch":"replace","z":"1"}}}`, `{"metadata":{"labels":{"$patch":"delete"}}}`, `{"metadata":{"labels":{"$patch":"merge","z":"1"}}}`,
	`{"metadata":{"labels":{"$patch":"frob"}}}`, `{"metadata":{"finalizers":["f3"]}}`, `{"metadata":{"finalizers":["f2","f1"]}}`,
	`{"metadata":{"$deleteFromPrimitiveList/finalizers":["f1"]}}`, `{"metadata":{"$deleteFromPrimitiveList/finalizers":["nope"],"finalizers":["f4"]}}`,
	`{"metadata":{"$setElementOrder/finalizers":["f2","f1"]}}`, `{"metadata":{"$setElementOrder/finalizers":["f3","f1"],"finalizers":["f3"],"$deleteFromPrimitiveList/finalizers":["f2"]}}`,
	`{"metadata":{"$setElementOrder/finalizers":["f1"],"finalizers":["f9"]}}`, `{"metadata":{"$setElementOrder/finalizers":"f1"}}`,
	`{"metadata":{"ownerReferences":[{"uid":"u2","name":"o2","kind":"K","apiVersion":"v1"}]}}`, `{"metadata":{"ownerReferences":[{"uid":"u1","$patch":"delete"}]}}`,
	`{"spec":{"containers":[{"name":"a","image":"a:2"}]}}`, `{"spec":{"containers":[{"name":"d","image":"d:1"}]}}`, `{"spec":{"containers":[{"name":"b","$patch":"delete"}]}}`,
	`{"spec":{"containers":[{"name":"z","$patch":"delete"}]}}`, `{"spec":{"containers":[{"$patch":"delete"}]}}`, `{"spec":{"containers":[{"$patch":"replace"},{"name":"only"}]}}`,
	`{"spec":{"containers":[{"$patch":"merge"},{"name":"only"}]}}`, `{"spec":{"containers":[{"$patch":"frob","name":"a"}]}}`, `{"spec":{"containers":[{"image":"x"}]}}`,
	`{"spec":{"containers":["a"]}}`, `{"spec":{"containers":[]}}`, `{"spec":{"containers":null}}`, `{"spec":{"containers":"a"}}`,
	`{"spec":{"containers":[{"name":"a","args":["z"]}]}}`, `{"spec":{"containers":[{"name":"a","env":[{"name":"G","value":"3"},{"name":"E","value":"9"}]}]}}`,
	`{"spec":{"containers":[{"name":"a","env":[{"name":"E","$patch":"delete"}]}]}}`, `{"spec":{"containers":[{"name":"a","env":null}]}}`,
	`{"spec":{"$setElementOrder/containers":[{"name":"c"},{"name":"a"},{"name":"b"}]}}`, `{"spec":{"$setElementOrder/containers":[{"name":"d"},{"name":"b"}],"containers":[{"name":"d","image":"d"}]}}`,
	`{"spec":{"$setElementOrder/containers":[{"name":"a"},{"name":"b"}],"containers":[{"name":"b","image":"b:2"},{"name":"a","image":"a:2"}]}}`,
	`{"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],"containers":[{"name":"b","image":"b:2"},{"name":"c","$patch":"delete"}]}}`,
	`{"spec":{"$setElementOrder/containers":[{"x":"a"}],"containers":[{"name":"a"}]}}`, `{"spec":{"containers":[{"name":"c","image":"c:1"},{"name":"a","image":"a:3"}]}}`,
	`{"spec":{"volumes":[{"name":"v","emptyDir":null,"hostPath":{"path":"/x"}}]}}`, `{"spec":{"volumes":[{"name":"v","$retainKeys":["name","hostPath"],"hostPath":{"path":"/x"}}]}}`,
	`{"spec":{"volumes":[{"name":"v","$retainKeys":["name"],"hostPath":{"path":"/x"}}]}}`, `{"spec":{"volumes":[{"name":"v","$retainKeys":"name"}]}}`,
	`{"spec":{"volumes":[{"name":"w","configMap":{"items":[{"key":"q","path":"r"}]}}]}}`, `{"spec":{"volumes":[{"name":"w","configMap":{"$patch":"replace","name":"other"}}]}}`,
	`{"spec":{"tolerations":[{"key":"u"}]}}`, `{"spec":{"tolerations":null}}`, `{"spec":{"nodeSelector":{"zone":null,"disk":"ssd"}}}`, `{"spec":{"nodeSelector":{"$patch":"replace","disk":"ssd"}}}`,
	`{"spec":{"imagePullSecrets":[{"name":"s2"}]}}`, `{"spec":{"securityContext":{"runAsUser":null,"fsGroup":2}}}`, `{"spec":{"securityContext":null}}`, `{"spec":{"securityContext":{"sysctls":[{"name":"n","value":"1"}]}}}`,
	`{"spec":{"initContainers":[{"name":"i","image":"i","env":null}]}}`, `{"spec":{"$patch":"replace","containers":[{"name":"n"}]}}`, `{"spec":{"$patch":"delete"}}`, `{"spec":null}`, `{"$patch":"delete"}`, `{"$patch":"replace","metadata":{"name":"q"}}`,
	`{"spec":{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"k","operator":"Exists"}]}]}}}}}`,
	`{"spec":{"hostAliases":[{"ip":"1.2.3.4","hostnames":["h"]}]}}`, `{"spec":{"topologySpreadConstraints":[{"topologyKey":"zone","maxSkew":1}]}}`, `{"spec":{"containers":[{"name":"a","ports":[{"containerPort":81}]}]}}`,
	`{"spec":{"containers":[{"name":"a","ports":[{"containerPort":80,"$patch":"delete"},{"containerPort":82,"name":"n"}]}]}}`, `{"spec":{"containers":[{"name":"a","volumeMounts":[{"name":"v","mountPath":"/v"}]}]}}`,
}

const service = `{"metadata":{"name":"s"},"spec":{"ports":[{"port":80,"protocol":"TCP","name":"http"},{"port":53,"protocol":"UDP","name":"dns"}],"selector":{"a":"b"},"externalIPs":["1.1.1.1"],"sessionAffinityConfig":{"clientIP":{"timeoutSeconds":1}}}}`

var servicePatches = []string{
	`{"spec":{"ports":[{"port":443,"name":"https"}]}}`, `{"spec":{"ports":[{"port":80,"name":"web"}]}}`, `{"spec":{"ports":[{"port":53,"$patch":"delete"}]}}`,
	`{"spec":{"$setElementOrder/ports":[{"port":53},{"port":80}]}}`, `{"spec":{"selector":{"a":null,"c":"d"}}}`, `{"spec":{"externalIPs":["2.2.2.2"]}}`,
	`{"status":{"loadBalancer":{"ingress":[{"ip":"1.2.3.4"}]},"conditions":[{"type":"T","status":"True"}]}}`, `{"spec":{"ports":[{"name":"x"}]}}`,
}

const deployment = `{"metadata":{"name":"d"},"spec":{"replicas":3,"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}},"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"a","image":"a:1"}]}}}}`

var deploymentPatches = []string{
	`{"spec":{"replicas":5}}`, `{"spec":{"replicas":null}}`, `{"spec":{"strategy":{"type":"Recreate"}}}`, `{"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}}`,
	`{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}`, `{"spec":{"template":{"spec":{"containers":[{"name":"a","image":"a:2"},{"name":"b","image":"b:1"}]}}}}`,
	`{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"now"}}}}}`, `{"status":{"conditions":[{"type":"Available","status":"True"}]}}`,
}

var documents = map[string]json.RawMessage{
	"pod": json.RawMessage(pod), "empty": json.RawMessage(`{"metadata":{"name":"p"}}`),
	"service": json.RawMessage(service), "deployment": json.RawMessage(deployment),
}

func pick[A any](r *rand.Rand, list []A) A { return list[r.Intn(len(list))] }

func some(r *rand.Rand, names []string, make func(name string) any) []any {
	result := []any{}
	for _, index := range r.Perm(len(names)) {
		if r.Intn(3) > 0 {
			result = append(result, make(names[index]))
		}
	}
	return result
}

func randomPodSpec(r *rand.Rand) map[string]any {
	value := func() any { return fmt.Sprint(r.Intn(3)) }
	container := func(name string) any {
		c := map[string]any{"name": name, "image": pick(r, []string{"x:1", "x:2", "y:1"})}
		if r.Intn(2) == 0 {
			c["env"] = some(r, []string{"E", "F", "G"}, func(name string) any { return map[string]any{"name": name, "value": value()} })
		}
		if r.Intn(2) == 0 {
			c["args"] = some(r, []string{"p", "q", "r"}, func(name string) any { return name })
		}
		if r.Intn(2) == 0 {
			c["ports"] = some(r, []string{"80", "443", "8080"}, func(name string) any {
				var port int64
				fmt.Sscan(name, &port)
				return map[string]any{"containerPort": port, "name": pick(r, []string{"a", "b"})}
			})
		}
		return c
	}
	volume := func(name string) any {
		v := map[string]any{"name": name}
		switch r.Intn(3) {
		case 0:
			v["emptyDir"] = map[string]any{"medium": pick(r, []string{"", "Memory"})}
		case 1:
			v["hostPath"] = map[string]any{"path": pick(r, []string{"/a", "/b"})}
		default:
			v["configMap"] = map[string]any{"name": value(), "items": some(r, []string{"k", "l"}, func(name string) any { return map[string]any{"key": name, "path": value()} })}
		}
		return v
	}
	spec := map[string]any{"containers": some(r, []string{"a", "b", "c", "d"}, container)}
	if r.Intn(2) == 0 {
		spec["volumes"] = some(r, []string{"v", "w", "x"}, volume)
	}
	if r.Intn(2) == 0 {
		spec["tolerations"] = some(r, []string{"t", "u"}, func(name string) any { return map[string]any{"key": name, "value": value()} })
	}
	if r.Intn(2) == 0 {
		spec["nodeSelector"] = map[string]any{pick(r, []string{"zone", "disk"}): value()}
	}
	if r.Intn(2) == 0 {
		spec["securityContext"] = map[string]any{pick(r, []string{"runAsUser", "fsGroup"}): int64(r.Intn(3))}
	}
	if r.Intn(2) == 0 {
		spec["imagePullSecrets"] = some(r, []string{"s", "t"}, func(name string) any { return map[string]any{"name": name} })
	}
	return spec
}

func randomMeta(r *rand.Rand) map[string]any {
	meta := map[string]any{"name": "n"}
	if r.Intn(2) == 0 {
		meta["labels"] = map[string]any{pick(r, []string{"a", "b"}): pick(r, []string{"x", "y"}), "k": pick(r, []string{"1", "2"})}
	}
	if r.Intn(2) == 0 {
		meta["finalizers"] = some(r, []string{"f", "g", "h"}, func(name string) any { return name })
	}
	return meta
}

func random(r *rand.Rand, kind string) json.RawMessage {
	object := map[string]any{"metadata": randomMeta(r)}
	switch kind {
	case "Pod":
		object["spec"] = randomPodSpec(r)
	case "Deployment":
		strategy := map[string]any{"type": "Recreate"}
		if r.Intn(2) == 0 {
			strategy = map[string]any{"type": "RollingUpdate", "rollingUpdate": map[string]any{"maxSurge": int64(r.Intn(3))}}
		}
		object["spec"] = map[string]any{
			"replicas": int64(r.Intn(4)), "strategy": strategy,
			"template": map[string]any{"metadata": randomMeta(r), "spec": randomPodSpec(r)},
		}
	}
	encoded, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	return encoded
}

func strategicPatches() {
	var applies []strategicApply
	for _, group := range []struct {
		kind, name string
		patches    []string
	}{{"Pod", "pod", podPatches}, {"Pod", "empty", podPatches}, {"Service", "service", servicePatches}, {"Deployment", "deployment", deploymentPatches}} {
		for _, patch := range group.patches {
			result, err := strategicpatch.StrategicMergePatch(documents[group.name], []byte(patch), kinds[group.kind])
			applies = append(applies, strategicApply{group.kind, group.name, json.RawMessage(patch), result, text(err)})
		}
	}
	r := rand.New(rand.NewSource(36))
	var pairs, threeWays []strategicPair
	for i := 0; i < 70; i++ {
		kind := pick(r, []string{"Pod", "Deployment"})
		from, to := random(r, kind), random(r, kind)
		patch, err := strategicpatch.CreateTwoWayMergePatch(from, to, kinds[kind])
		c := strategicPair{Kind: kind, From: from, To: to, Patch: patch, Error: text(err)}
		if err == nil {
			if c.Result, err = strategicpatch.StrategicMergePatch(from, patch, kinds[kind]); err != nil {
				panic(err)
			}
		}
		pairs = append(pairs, c)
	}
	for i := 0; i < 70; i++ {
		kind := pick(r, []string{"Pod", "Deployment"})
		original, modified, current := random(r, kind), random(r, kind), random(r, kind)
		schema, err := strategicpatch.NewPatchMetaFromStruct(kinds[kind])
		if err != nil {
			panic(err)
		}
		patch, err := strategicpatch.CreateThreeWayMergePatch(original, modified, current, schema, true)
		c := strategicPair{Kind: kind, Original: original, From: current, To: modified, Patch: patch, Error: text(err)}
		if err == nil {
			if c.Result, err = strategicpatch.StrategicMergePatch(current, patch, kinds[kind]); err != nil {
				c.Error, c.Result = err.Error(), nil
			}
			_, err = strategicpatch.CreateThreeWayMergePatch(original, modified, current, schema, false)
			c.Conflict = err != nil
		}
		threeWays = append(threeWays, c)
	}
	write("strategic", map[string]any{"documents": documents, "apply": applies, "create": pairs, "threeWay": threeWays})
}

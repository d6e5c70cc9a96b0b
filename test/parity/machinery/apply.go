package main

import (
	"encoding/json"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	applyappsv1 "k8s.io/client-go/applyconfigurations/apps/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/util/csaupgrade"
)

type upgradeCase struct {
	Entries     []metav1.ManagedFieldsEntry `json:"entries"`
	From        []string                    `json:"from"`
	To          string                      `json:"to"`
	Subresource string                      `json:"subresource"`
	Upgraded    []metav1.ManagedFieldsEntry `json:"upgraded"`
	Patch       json.RawMessage             `json:"patch,omitempty"`
	Error       string                      `json:"error,omitempty"`
}

func entry(manager, operation, version, subresource, fields string) metav1.ManagedFieldsEntry {
	return metav1.ManagedFieldsEntry{
		Manager: manager, Operation: metav1.ManagedFieldsOperationType(operation), APIVersion: version, Subresource: subresource,
		FieldsType: "FieldsV1", FieldsV1: &metav1.FieldsV1{Raw: []byte(fields)},
	}
}

const (
	replicas = `{"f:spec":{"f:replicas":{}}}`
	labels1  = `{"f:metadata":{"f:labels":{".":{},"f:app":{}}}}`
	image    = `{"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"web\"}":{".":{},"f:image":{},"f:name":{}}}}}}}`
	final    = `{"f:metadata":{"f:finalizers":{".":{},"v:\"a\"":{}}}}`
	status   = `{"f:status":{"f:phase":{}}}`
)

func upgrades() []upgradeCase {
	cases := []upgradeCase{
		{From: []string{"kubectl"}, To: "ssa", Entries: nil},
		{From: []string{"kubectl"}, To: "ssa", Entries: []metav1.ManagedFieldsEntry{entry("other", "Update", "v1", "", replicas)}},
		{From: []string{"kubectl"}, To: "ssa", Entries: []metav1.ManagedFieldsEntry{entry("kubectl", "Update", "v1", "", replicas)}},
		{From: []string{"kubectl"}, To: "ssa", Entries: []metav1.ManagedFieldsEntry{entry("kubectl", "Update", "v1", "", replicas), entry("ssa", "Apply", "v1", "", labels1)}},
		{From: []string{"kubectl"}, To: "ssa", Entries: []metav1.ManagedFieldsEntry{entry("kubectl", "Update", "v1beta1", "", replicas), entry("ssa", "Apply", "v1", "", labels1)}},
		{From: []string{"kubectl"}, To: "ssa", Entries: []metav1.ManagedFieldsEntry{entry("kubectl", "Update", "v1", "", image), entry("kubectl", "Update", "v1beta1", "", final)}},
		{From: []string{"kubectl", "helm"}, To: "ssa", Entries: []metav1.ManagedFieldsEntry{entry("kubectl", "Update", "v1", "", image), entry("helm", "Update", "v1", "", final), entry("x", "Update", "v1", "", labels1)}},
		{From: []string{"kubectl"}, To: "ssa", Entries: []metav1.ManagedFieldsEntry{entry("kubectl", "Update", "v1", "status", status), entry("kubectl", "Update", "v1", "", replicas)}},
		{From: []string{"kubectl"}, To: "ssa", Subresource: "status", Entries: []metav1.ManagedFieldsEntry{entry("kubectl", "Update", "v1", "status", status), entry("kubectl", "Update", "v1", "", replicas)}},
		{From: []string{"kubectl"}, To: "kubectl", Entries: []metav1.ManagedFieldsEntry{entry("kubectl", "Update", "v1", "", image), entry("kubectl", "Apply", "v1", "", labels1)}},
	}
	for i := range cases {
		c := &cases[i]
		object := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", ResourceVersion: "7"}}
		for _, entry := range c.Entries {
			object.ManagedFields = append(object.ManagedFields, *entry.DeepCopy())
		}
		options := []csaupgrade.Option{}
		if c.Subresource != "" {
			options = append(options, csaupgrade.Subresource(c.Subresource))
		}
		patch, err := csaupgrade.UpgradeManagedFieldsPatch(object, sets.New(c.From...), c.To, options...)
		if err != nil {
			c.Error = err.Error()
			continue
		}
		c.Patch = patch
		if err := csaupgrade.UpgradeManagedFields(object, sets.New(c.From...), c.To, options...); err != nil {
			panic(err)
		}
		c.Upgraded = object.ManagedFields
	}
	return cases
}

type extractCase struct {
	Kind        string          `json:"kind"`
	Object      json.RawMessage `json:"object"`
	Manager     string          `json:"manager"`
	Subresource string          `json:"subresource"`
	Applied     json.RawMessage `json:"applied"`
}

const appliedDeployment = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"default","labels":{"app":"web","tier":"front"},"finalizers":["a","b"],
 "managedFields":[
  {"manager":"me","operation":"Apply","apiVersion":"apps/v1","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:labels":{"f:app":{}},"f:finalizers":{"v:\"b\"":{}}},"f:spec":{"f:replicas":{},"f:selector":{},"f:template":{"f:metadata":{"f:labels":{"f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"web\"}":{".":{},"f:name":{},"f:image":{},"f:ports":{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{}}},"f:args":{}}},"f:volumes":{"k:{\"name\":\"tmp\"}":{".":{},"f:name":{},"f:emptyDir":{}}}}}}}},
  {"manager":"you","operation":"Apply","apiVersion":"apps/v1","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:labels":{"f:tier":{}}},"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"log\"}":{".":{},"f:name":{},"f:image":{}}},"f:nodeSelector":{},"f:tolerations":{}}}}}},
  {"manager":"me","operation":"Update","apiVersion":"apps/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:paused":{}}}},
  {"manager":"me","operation":"Apply","apiVersion":"apps/v1","subresource":"status","fieldsType":"FieldsV1","fieldsV1":{"f:status":{"f:replicas":{},"f:conditions":{"k:{\"type\":\"Available\"}":{".":{},"f:type":{},"f:status":{}}}}}}]},
 "spec":{"replicas":3,"paused":true,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"web","image":"nginx:1","args":["x","y"],"ports":[{"containerPort":80,"protocol":"TCP"},{"containerPort":443,"protocol":"TCP"}],"imagePullPolicy":"Always"},{"name":"log","image":"log:1"}],
  "volumes":[{"name":"tmp","emptyDir":{}}],"nodeSelector":{"zone":"a"},"tolerations":[{"key":"t"}],"restartPolicy":"Always"}}},
 "status":{"replicas":3,"readyReplicas":2,"conditions":[{"type":"Available","status":"True","reason":"R"},{"type":"Progressing","status":"True"}]}}`

func extracts() []extractCase {
	var cases []extractCase
	for _, who := range []struct{ manager, subresource string }{{"me", ""}, {"you", ""}, {"nobody", ""}, {"me", "status"}} {
		var deployment appsv1.Deployment
		if err := json.Unmarshal([]byte(appliedDeployment), &deployment); err != nil {
			panic(err)
		}
		extract := applyappsv1.ExtractDeployment
		if who.subresource == "status" {
			extract = applyappsv1.ExtractDeploymentStatus
		}
		applied, err := extract(&deployment, who.manager)
		if err != nil {
			panic(err)
		}
		encoded, err := json.Marshal(applied)
		if err != nil {
			panic(err)
		}
		cases = append(cases, extractCase{"Deployment", json.RawMessage(strings.ReplaceAll(appliedDeployment, "\n", "")), who.manager, who.subresource, encoded})
	}
	pod := `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"n","managedFields":[{"manager":"m","operation":"Apply","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:annotations":{"f:k":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{"f:env":{"k:{\"name\":\"E\"}":{"f:value":{}}}}}}}}],"annotations":{"k":"v","l":"w"}},"spec":{"containers":[{"name":"c","image":"i","env":[{"name":"E","value":"1"},{"name":"F","value":"2"}]}]}}`
	var object corev1.Pod
	if err := json.Unmarshal([]byte(pod), &object); err != nil {
		panic(err)
	}
	applied, err := applycorev1.ExtractPod(&object, "m")
	if err != nil {
		panic(err)
	}
	encoded, err := json.Marshal(applied)
	if err != nil {
		panic(err)
	}
	return append(cases, extractCase{"Pod", json.RawMessage(pod), "m", "", encoded})
}

func applies() {
	write("apply", map[string]any{"upgrade": upgrades(), "extract": extracts()})
}

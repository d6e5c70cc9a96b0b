package main

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

type selectorCase struct {
	Text      string `json:"text"`
	Canonical string `json:"canonical"`
	Error     string `json:"error,omitempty"`
	Matches   []bool `json:"matches,omitempty"`
}

type objectCase struct {
	Object    *metav1.LabelSelector `json:"object"`
	Canonical string                `json:"canonical"`
	Error     string                `json:"error,omitempty"`
	Matches   []bool                `json:"matches,omitempty"`
}

var labelSets = []map[string]string{
	{},
	{"a": "b"},
	{"a": ""},
	{"a": "c", "x": "y"},
	{"a": "10", "x": "2"},
	{"a": "-3"},
	{"a": "9223372036854775808"},
	{"in": "in", "notin": "x"},
	{"example.com/tier": "web", "x": "a"},
	{"a": "b", "x": "", "y": "z"},
}

var labelSelectors = []string{
	"", " ", "a", "!a", "a,b", "a,!b", "a=b", "a==b", "a!=b", " a = b ", "a=", "a==", "a!=", "a=,x=y", "a in (b,c)",
	"a in (c, b)", "a in (b)", "a in ()", "a in (,)", "a in (b,)", "a in (,b)", "a in (b,,c)", "a notin (b)",
	"a notin (b,c),x", "x notin ()", "a in (b),x notin (y)", "a>1", "a<11", "a > -4", "a>9223372036854775806",
	"a>9223372036854775807", "a<9223372036854775808", "a>abc", "a>", "a gt 1", "x=y,a=b", "b,a", "a=b,a!=c",
	"in in (in)", "notin notin (notin)", "in", "in=in", "notin=x", "in notin (in, notin)", "!in", "example.com/tier=web",
	"example.com/tier in (web,api)", "!example.com/tier", "a\t=\nb", "a,", ",a", ",", "a,,b", "=", "a=b=c", "a b",
	"a in", "a in b", "a in (", "a in (b", "a in (b c)", "a in (b,", "a in (b))", "a in ((b)", "a in (=)", "!", "!!a",
	"!a=b", "!a in (b)", "a !", "a!b", "a===b", "a=!b", "a=b c", "(a)", "a)", "a=(b)", "a notin", "a notin b", "/a", "a/",
	"a/b/c", "A/b", "ex_ample/b", "-a", "a-", "_a", "a=_b", "a=-b", "a in (b,-c)", "é", "a=é", "a=b;c", "a.b-c_d=E.f",
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "a=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	"a in (b, b, b)", "x>1,a<5", "a>1,a<20", "a><1", "a=>1", "a<=1", "a>1 2", "a>(1)", "a notin (b", "a=\"b\"", "a='b'",
}

var objects = []*metav1.LabelSelector{
	nil,
	{},
	{MatchLabels: map[string]string{"a": "b"}},
	{MatchLabels: map[string]string{"x": "y", "a": "c"}},
	{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "In", Values: []string{"c", "b"}}}},
	{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "NotIn", Values: []string{"b"}}}},
	{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Exists"}}},
	{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "DoesNotExist"}}},
	{MatchLabels: map[string]string{"x": "y"}, MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "In", Values: []string{"c"}}}},
	{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "In"}}},
	{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Exists", Values: []string{"b"}}}},
	{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "in", Values: []string{"b"}}}},
	{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a b", Operator: "In", Values: []string{"b", "c d"}}}},
	{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "", Operator: "In", Values: []string{}}}},
	{MatchLabels: map[string]string{"a": "b c"}},
	{MatchLabels: map[string]string{"a\"b": "c"}},
}

var fieldSets = []map[string]string{
	{},
	{"metadata.name": "web-0"},
	{"metadata.name": "web-0", "status.phase": "Running"},
	{"metadata.name": "a,b", "status.phase": "x=y"},
	{"metadata.name": "a\\b", "spec.nodeName": ""},
}

var fieldSelectors = []string{
	"", ",", ",,", "metadata.name=web-0", "metadata.name==web-0", "metadata.name!=web-0", "metadata.name=",
	"metadata.name!=", "spec.nodeName=", "spec.nodeName!=", "metadata.name=web-0,status.phase=Running",
	"status.phase=Running,metadata.name=web-0", "status.phase!=Running,metadata.name=web-0", ",metadata.name=web-0,",
	"metadata.name=a\\,b", "status.phase=x\\=y", "metadata.name=a\\\\b", "metadata.name=a,b", "metadata.name", "=", "==",
	"!=", "=a", "!=a", "a=b=c", "a==b=c", "a===b", "a=b!=c", "a!=b=c", "a=\\x", "a=b\\", "\\,=a", "a\\=b=c", "a!b", "a=b\\,",
	" a = b ", "a=é\\,", "a=\\é",
}

func selectors() {
	var texts []selectorCase
	for _, text := range labelSelectors {
		selector, err := labels.Parse(text)
		if err != nil {
			texts = append(texts, selectorCase{Text: text, Error: err.Error()})
			continue
		}
		c := selectorCase{Text: text, Canonical: selector.String()}
		for _, set := range labelSets {
			c.Matches = append(c.Matches, selector.Matches(labels.Set(set)))
		}
		texts = append(texts, c)
	}
	var forms []objectCase
	for _, object := range objects {
		selector, err := metav1.LabelSelectorAsSelector(object)
		if err != nil {
			forms = append(forms, objectCase{Object: object, Error: err.Error()})
			continue
		}
		c := objectCase{Object: object, Canonical: selector.String()}
		for _, set := range labelSets {
			c.Matches = append(c.Matches, selector.Matches(labels.Set(set)))
		}
		forms = append(forms, c)
	}
	var paths []selectorCase
	for _, text := range fieldSelectors {
		selector, err := fields.ParseSelector(text)
		if err != nil {
			paths = append(paths, selectorCase{Text: text, Error: err.Error()})
			continue
		}
		c := selectorCase{Text: text, Canonical: selector.String()}
		for _, set := range fieldSets {
			c.Matches = append(c.Matches, selector.Matches(fields.Set(set)))
		}
		paths = append(paths, c)
	}
	write("selectors", map[string]any{
		"labelSets": labelSets, "labels": texts, "objects": forms, "fieldSets": fieldSets, "fields": paths,
	})
}

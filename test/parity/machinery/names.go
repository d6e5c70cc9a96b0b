package main

import (
	"strings"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/api/validation/path"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/version"
)

type nameCase struct {
	Rule     string   `json:"rule"`
	Text     string   `json:"text"`
	Problems []string `json:"problems"`
}

func names() {
	rules := []struct {
		name string
		rule func(string) []string
	}{
		{"dns1123Label", validation.IsDNS1123Label},
		{"dns1123Subdomain", validation.IsDNS1123Subdomain},
		{"dns1035Label", validation.IsDNS1035Label},
		{"wildcardDns1123Subdomain", validation.IsWildcardDNS1123Subdomain},
		{"qualifiedName", validation.IsQualifiedName},
		{"labelValue", validation.IsValidLabelValue},
		{"pathSegment", path.IsValidPathSegmentName},
		{"configMapKey", validation.IsConfigMapKey},
		{"envVarName", validation.IsRelaxedEnvVarName},
		{"portName", validation.IsValidPortName},
		{"percent", validation.IsValidPercent},
		{"httpHeaderName", validation.IsHTTPHeaderName},
		{"cIdentifier", validation.IsCIdentifier},
		{"prefix", func(name string) []string { return apivalidation.NameIsDNSSubdomain(name, true) }},
	}
	texts := []string{
		"", "a", "web-0", "Web", "-a", "a-", "a.b", "a..b", ".a", "a.", "0", "0a", "a_b", "a b", "a/b", "/a", "a/", "a/b/c",
		"example.com/Name", "Example.com/name", "*.example.com", "*", "**.a", "..", ".", "..a", "é", "a=b", "50%", "5%%", "%",
		"http", "http-2", "a--b", "123", "X-Header", "a\n", "a--", "--", "-", "é" + strings.Repeat("a", 62),
		strings.Repeat("a", 15), strings.Repeat("a", 16), strings.Repeat("a", 63), strings.Repeat("a", 64),
		strings.Repeat("a", 253), strings.Repeat("a", 254), strings.Repeat("a", 254) + "/a", "a/" + strings.Repeat("b", 64),
	}
	var cases []nameCase
	for _, rule := range rules {
		for _, text := range texts {
			problems := rule.rule(text)
			if problems == nil {
				problems = []string{}
			}
			cases = append(cases, nameCase{rule.name, text, problems})
		}
	}
	write("names", cases)
}

type versionCase struct {
	Left  string `json:"left"`
	Right string `json:"right"`
	Order int    `json:"order"`
}

func versions() {
	all := []string{"v1", "v2", "v10", "v1beta1", "v1beta2", "v1alpha1", "v2alpha1", "v10beta3", "foo", "bar", "v1foo", "11", "v"}
	var cases []versionCase
	for _, left := range all {
		for _, right := range all {
			order := version.CompareKubeAwareVersionStrings(left, right)
			if order != 0 {
				order /= max(order, -order)
			}
			cases = append(cases, versionCase{left, right, order})
		}
	}
	write("versions", cases)
}

// Program rules prints what the API server says to the rules of a custom resource's schema.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

type answer struct {
	Rule string `json:"rule"`
	// Why the rule does not compile.
	Refused string `json:"refused,omitempty"`
	// What it found wrong.
	Failed string `json:"failed,omitempty"`
}

func read(name string, into any) {
	text, err := os.ReadFile(name)
	if err == nil {
		err = utiljson.Unmarshal(text, into)
	}
	if err != nil {
		panic(err)
	}
}

// Names of types that are made anew in each run.
var madeNames = regexp.MustCompile(`selfType[0-9]+`)

func ask(text string, self, old any) answer {
	external := &v1.JSONSchemaProps{}
	read("schema.json", external)
	external.XValidations = v1.ValidationRules{{Rule: text}}
	internal := &apiextensions.JSONSchemaProps{}
	if err := v1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(external, internal, nil); err != nil {
		panic(err)
	}
	structural, err := schema.NewStructural(internal)
	if err != nil {
		panic(err)
	}
	base := environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion())
	compiled, err := cel.Compile(structural, model.SchemaDeclType(structural, false), celconfig.PerCallLimit, base, cel.NewExpressionsEnvLoader())
	if err != nil {
		panic(err)
	}
	result := answer{Rule: text}
	if compiled[0].Error != nil {
		result.Refused = madeNames.ReplaceAllString(compiled[0].Error.Detail, "selfType")
		return result
	}
	validator := cel.NewValidator(structural, false, celconfig.PerCallLimit)
	failures, _ := validator.Validate(context.Background(), field.NewPath("spec"), structural, self, old, celconfig.RuntimeCELCostBudget)
	if len(failures) > 0 {
		result.Failed = failures[0].Detail
	}
	return result
}

func main() {
	var self, old map[string]any
	read("self.json", &self)
	read("old.json", &old)
	file, err := os.ReadFile("rules.txt")
	if err != nil {
		panic(err)
	}
	out, err := os.Create("rules.json")
	if err != nil {
		panic(err)
	}
	writer := bufio.NewWriter(out)
	separator := "[\n"
	for _, line := range strings.Split(string(file), "\n") {
		if line == "" || strings.HasPrefix(line, "# ") {
			continue
		}
		buffer := &strings.Builder{}
		encoder := json.NewEncoder(buffer)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(ask(line, self, old)); err != nil {
			panic(err)
		}
		fmt.Fprint(writer, separator, strings.TrimSuffix(buffer.String(), "\n"))
		separator = ",\n"
	}
	fmt.Fprintln(writer, "\n]")
	if err := writer.Flush(); err != nil {
		panic(err)
	}
}
